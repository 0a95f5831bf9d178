"""The kinds of deliberate failure; slices subclass a kind and give it a stable code."""

from __future__ import annotations

from typing import Any, ClassVar


class AppError(Exception):
    """A failure that a caller can act on.

    `detail` is one sentence for a person that says what to do; `extra` becomes members of the
    RFC 9457 problem document. `code` is part of the public interface and never renamed.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.extra = extra
        self.headers: dict[str, str] = {}  # of the answer


class Invalid(AppError):
    code = "invalid"
    status = 422
    title = "This input cannot be used"


class InvalidFields(Invalid):
    """Some fields of a form or a request body cannot be used."""

    code = "fields_invalid"

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


class Forbidden(AppError):
    code = "forbidden"
    status = 403
    title = "Your role does not allow this"


class NotFound(AppError):
    code = "not_found"
    status = 404
    title = "Nothing is at this address"


class Conflict(AppError):
    code = "conflict"
    status = 409
    title = "This clashes with what is there"


class Gone(AppError):
    code = "gone"
    status = 410
    title = "This is no longer here"


class TooLarge(AppError):
    code = "too_large"
    status = 413
    title = "This is too large"


class RateLimited(AppError):
    code = "rate_limited"
    status = 429
    title = "Too many requests"

    def __init__(self, detail: str = "", *, retry_after: int, **extra: Any) -> None:
        """`retry_after` is in whole seconds and becomes the Retry-After header."""
        super().__init__(detail, **extra)
        self.retry_after = retry_after


class Unavailable(AppError):
    """Not the caller's doing: a part we depend on does not answer; trying again may work."""

    code = "unavailable"
    status = 503
    title = "A part of the server does not answer"
    retry_after: ClassVar[int] = 2  # seconds: a database that restarts needs about as long
