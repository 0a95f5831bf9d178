"""What can go wrong with stars and saved views."""

from __future__ import annotations

from app.errors import Conflict, Forbidden, InvalidFields, NotFound


class ViewNotFound(NotFound):
    """Also for somebody else's own one, and another workspace's."""

    code = "view_not_found"
    title = "No such view is saved"


class ViewNotYours(Forbidden):
    code = "view_not_yours"
    title = "Somebody else has saved this view"


class ViewInvalid(InvalidFields):
    """A view cannot be saved like this."""

    code = "view_invalid"


class KeepsEnough(Conflict):
    """A person has as many stars or views as one can look through."""

    code = "bookmarks_full"
    title = "You keep enough already"
