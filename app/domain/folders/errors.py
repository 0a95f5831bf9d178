"""What can go wrong with folders."""

from __future__ import annotations

from app.errors import Conflict, InvalidFields, NotFound


class FolderNotFound(NotFound):
    code = "folder_not_found"
    title = "There is no such folder"
    advice = "List the folders; it may be renamed or removed."


class FolderTaken(Conflict):
    code = "folder_taken"
    title = "A folder of this name is there already"
    advice = "Choose another path, or move the prompts into the folder that is there."


class FolderInvalid(InvalidFields):
    """A folder cannot be called so, or not be moved there."""

    code = "folder_invalid"
    advice = "Use names with slashes between them; a folder cannot be moved into itself."
