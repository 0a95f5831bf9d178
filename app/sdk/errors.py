"""What can go wrong, as exceptions: one class for each kind of answer, with the server's code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class PromptroomError(Exception):
    """Anything that this package raises on purpose."""


class ClientClosed(PromptroomError):
    """The client was closed; make another one."""


class Unreachable(PromptroomError):
    """No answer: the server is away, or too slow."""


class RenderFailed(PromptroomError, ValueError):
    """A variable is missing or does not fit; `problems` says of each what is wrong."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{name}: {what}" for name, what in self.problems.items()))


class JinjaMissing(PromptroomError, ImportError):
    """The prompt is written in Jinja, and jinja2 is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "This prompt is written in Jinja. Install promptroom[sdk], which has jinja2, "
            "or let the server render it."
        )


class ApiError(PromptroomError):
    """The server said no. `code` is stable (docs/errors.md); `detail` says what to do."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.problem = dict(problem)
        self.retry_after = retry_after  # seconds, if the server said so
        words = " ".join(part for part in (self.title, self.detail) if part)
        super().__init__(f"{status} {self.code}: {words}")


class Invalid(ApiError):
    """400, 413, 415, 422: the request has to be another one."""


class Unauthenticated(ApiError):
    """401: the key is unknown, revoked or expired."""


class Forbidden(ApiError):
    """403: the key may not do this."""


class NotFound(ApiError):
    """404: it is not there, or not in this workspace."""


class Conflict(ApiError):
    """409, 412: somebody else was there before."""


class RateLimited(ApiError):
    """429: too many requests; `retry_after` says when to come again."""


class ServerFailed(ApiError):
    """5xx: the server's fault."""


_KINDS: dict[int, type[ApiError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    429: RateLimited,
}


def error_of(status: int, problem: Mapping[str, Any], retry_after: float | None) -> ApiError:
    """The exception that a status stands for."""
    kind = _KINDS.get(status, ServerFailed if status >= 500 else Invalid)
    return kind(status, problem, retry_after)


class RoomError(PromptroomError):
    """A room has ended for this client. `code` is the socket's (docs/protocol.md), or 0."""

    def __init__(self, message: str, code: int = 0) -> None:
        self.code = code
        super().__init__(message)


class RoomSignedOut(RoomError):
    """4401: the key is unknown, revoked or expired."""


class RoomForbidden(RoomError):
    """4403: the key may not open this room any more."""


class RoomNotFound(RoomError):
    """4404: there is no such room, or it is in another workspace."""


class RoomReadOnly(RoomError):
    """The key may read the room and not write in it."""


class EditRefused(RoomError):
    """4413, 4422, or refused in words: the server does not take what was edited here."""


class ClientTooOld(RoomError):
    """4426: get a newer release of this package."""


_ROOM_KINDS: dict[int, type[RoomError]] = {
    4401: RoomSignedOut,
    4403: RoomForbidden,
    4404: RoomNotFound,
    4413: EditRefused,
    4422: EditRefused,
    4426: ClientTooOld,
}


def room_error(code: int, reason: str) -> RoomError:
    """The exception that a permanent close code stands for."""
    return _ROOM_KINDS.get(code, RoomError)(f"{code} {reason}".strip(), code)


def room_refusal(reason: str, message: str) -> RoomError:
    """The exception for an edit that was turned down."""
    kind = RoomReadOnly if reason == "readonly" else EditRefused
    return kind(message or reason)
