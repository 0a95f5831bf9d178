"""What can go wrong with calls that may be made again."""

from __future__ import annotations

from app.errors import Conflict, Invalid, RateLimited


class IdempotencyKeyInvalid(Invalid):
    code = "idempotency_key_invalid"
    title = "This Idempotency-Key cannot be used"
    advice = "Send a UUID, or anything of 1 to 255 printable ASCII characters."


class IdempotencyKeyReused(Invalid):
    """Another call, or one with another body, was made with this Idempotency-Key."""

    code = "idempotency_key_reused"
    title = "This Idempotency-Key belongs to another call"
    advice = "Use a new key for every call that is another one."


class IdempotencyInProgress(Conflict):
    """The first call is still being worked on; Retry-After says when to ask again."""

    code = "idempotency_in_progress"
    title = "The first call has not been answered yet"
    advice = "Make the same call again after `Retry-After` seconds."

    def __init__(self, retry_after: int) -> None:
        super().__init__("Make the call again, with the same key, after a moment.")
        self.headers["Retry-After"] = str(retry_after)


class IdempotencyAnswerNotKept(Conflict):
    """It was done, and is not done again; its answer held a secret, or was too large to keep."""

    code = "idempotency_answer_not_kept"
    title = "This was done already"
    advice = "Look at what is there. A lost key: revoke it and make another one."


class TooManyIdempotencyKeys(RateLimited):
    """One API key has as many Idempotency-Keys of the last 24 hours as are kept."""

    code = "too_many_idempotency_keys"
    title = "Too many Idempotency-Keys"
    advice = "Wait, send the header only where it matters, or use several API keys."
