"""What can go wrong with API keys."""

from __future__ import annotations

from app.errors import NotFound, Unauthenticated


class KeyNotFound(NotFound):
    code = "key_not_found"
    title = "There is no such key"
    advice = "List the keys; it may be revoked already."


class KeyRefused(Unauthenticated):
    """Unknown, mistyped, revoked or expired; the answer does not tell which."""

    code = "key_refused"
    title = "This API key is not accepted"
    advice = "Check that the whole key was copied; otherwise have an admin make a new one."
