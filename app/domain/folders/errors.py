"""What can go wrong with folders."""

from __future__ import annotations

from app.errors import Conflict, InvalidFields, NotFound


class FolderNotFound(NotFound):
    code = "folder_not_found"
    title = "There is no such folder"


class FolderTaken(Conflict):
    code = "folder_taken"
    title = "A folder of this name is there already"


class FolderInvalid(InvalidFields):
    """A folder cannot be called so, or not be moved there."""

    code = "folder_invalid"
