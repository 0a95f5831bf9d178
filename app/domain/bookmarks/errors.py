"""What can go wrong with stars and saved views."""

from __future__ import annotations

from app.errors import Conflict, Forbidden, InvalidFields, NotFound


class ViewNotFound(NotFound):
    """Also for somebody else's own one, and another workspace's."""

    code = "view_not_found"
    title = "No such view is saved"
    advice = "Look at your list of views; it may be removed."


class ViewNotYours(Forbidden):
    code = "view_not_yours"
    title = "Somebody else has saved this view"
    advice = "Save one of your own."


class ViewInvalid(InvalidFields):
    """A view cannot be saved like this."""

    code = "view_invalid"
    advice = "Give the view a name, and something to filter by."


class KeepsEnough(Conflict):
    """A person has as many stars or views as one can look through."""

    code = "bookmarks_full"
    title = "You keep enough already"
    advice = "Remove some stars or views first."
