"""What can go wrong with an inbox."""

from __future__ import annotations

from app.errors import NotFound


class NothingToTell(NotFound):
    """Also for another workspace's, and for a key, which is nobody."""

    code = "inbox_subject_not_found"
    title = "There is no such prompt or thread"
    advice = "Check the address."

    def __init__(self) -> None:
        super().__init__("Check the address. It may have been deleted.")
