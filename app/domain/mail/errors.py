"""What can go wrong with mail, as far as people see it."""

from __future__ import annotations

from app.errors import NotFound


class UnsubscribeLinkInvalid(NotFound):
    """Not signed by this server, or the server has another secret key by now."""

    code = "unsubscribe_link_invalid"
    title = "This link does not work"
    advice = "Change what is mailed to you under Settings, Notifications."

    def __init__(self) -> None:
        super().__init__("Sign in and turn e-mail off under Settings, Notifications.")
