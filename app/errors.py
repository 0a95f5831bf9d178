"""The kinds of deliberate failure; slices subclass a kind and give it a stable code."""

from __future__ import annotations

from typing import Any, ClassVar


class AppError(Exception):
    """A failure that a caller can act on.

    `detail` is one sentence for a person that says what to do; `extra` becomes members of the
    RFC 9457 problem document. `code` is part of the public interface and never renamed. `advice`
    says what to do in general; the code's page shows it.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    advice: ClassVar[str] = "Report it with the `request_id`."

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.extra = extra
        self.headers: dict[str, str] = {}  # of the answer


class Invalid(AppError):
    code = "invalid"
    status = 422
    title = "This input cannot be used"
    advice = "Read the detail, correct what was sent, and send it again."


class InvalidFields(Invalid):
    """Some fields of a form or a request body cannot be used."""

    code = "fields_invalid"
    advice = "Correct what `errors` names, and send it again."

    def __init__(self, fields: dict[str, str]) -> None:
        """`fields` maps each field's name to a sentence for the person who filled it in."""
        super().__init__(
            next(iter(fields.values()), ""),
            errors=[{"key": name, "message": text} for name, text in fields.items()],
        )
        self.fields = fields


class Unauthenticated(AppError):
    code = "unauthenticated"
    status = 401
    title = "Sign in first"
    advice = "Send an API key: `Authorization: Bearer <key>`."


class Forbidden(AppError):
    code = "forbidden"
    status = 403
    title = "Your role does not allow this"
    advice = "Ask an admin for a key with the scope, or a role with the right, that this needs."


class NotFound(AppError):
    code = "not_found"
    status = 404
    title = "Nothing is at this address"
    advice = "Check the address, and which workspace the key belongs to."


class Conflict(AppError):
    code = "conflict"
    status = 409
    title = "This clashes with what is there"
    advice = "Look at what is there, then decide whether the call is still right."


class Gone(AppError):
    code = "gone"
    status = 410
    title = "This is no longer here"
    advice = "Stop asking for it: it does not come back."


class TooLarge(AppError):
    code = "too_large"
    status = 413
    title = "This is too large"
    advice = "Send less at once."


class UnsupportedMediaType(AppError):
    code = "unsupported_media_type"
    status = 415
    title = "The body is of a type that is not taken here"
    advice = "Send JSON, with `Content-Type: application/json`."


class RateLimited(AppError):
    code = "rate_limited"
    status = 429
    title = "Too many requests"
    advice = "Wait for `Retry-After` seconds. `RateLimit` says how much is left."

    def __init__(self, detail: str = "", *, retry_after: int, **extra: Any) -> None:
        """`retry_after` is in whole seconds and becomes the Retry-After header."""
        super().__init__(detail, **extra)
        self.retry_after = retry_after


class Unavailable(AppError):
    """Not the caller's doing: a part we depend on does not answer; trying again may work."""

    code = "unavailable"
    status = 503
    title = "A part of the server does not answer"
    advice = "Nothing was changed. Try again after `Retry-After` seconds."
    retry_after: ClassVar[int] = 2  # seconds: a database that restarts needs about as long
