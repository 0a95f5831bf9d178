"""What a person is told when a process cannot start, or a command cannot do its work.

SQLAlchemy is imported only when there is something of it to tell: a command's refusals are instant.
"""

from __future__ import annotations

import re

from app.errors import AppError, Unavailable

_CLASS = re.compile(r"<class '[^']*'>: ")  # SQLAlchemy puts the driver's before its words


def refusal(error: BaseException) -> AppError | None:
    """The deliberate failure that `error` is, or comes to; None for a bug."""
    cause = _alone(error)
    if isinstance(cause, AppError):
        return cause
    from sqlalchemy.exc import DBAPIError, TimeoutError  # noqa: A004, PLC0415

    if isinstance(cause, DBAPIError | TimeoutError):
        return Unavailable(
            f"The database cannot be used: {_said(cause)}. It is the one that "
            "PROMPTROOM_DATABASE_URL or PROMPTROOM_DATA_DIR names."
        )
    return None


def _alone(error: BaseException) -> BaseException:
    """What a lifespan raised; Litestar hands it on in groups of one."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _said(error: Exception) -> str:
    """The driver's own first line, without the statement around it."""
    said = _CLASS.sub("", str(getattr(error, "orig", None) or error)).strip()
    return said.splitlines()[0].rstrip(".") if said else type(error).__name__
