"""Failures as an agent is told of them: the same codes and words as REST has."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from app.errors import AppError, RateLimited, Unavailable
from app.web.problem import Internal, StorageFailed

log = structlog.get_logger(__name__)

T = TypeVar("T")


async def known(work: Awaitable[T]) -> T:
    """What `work` gives. Raises an `AppError` for whatever goes wrong."""
    try:
        return await work
    except AppError:
        raise
    except (OperationalError, NoConnectionFree) as error:
        log.exception("storage.failed", error=type(error).__name__)
        raise StorageFailed("Nothing was changed. Try again in a moment.") from error
    except Exception as error:
        log.exception("agent.failed", error=type(error).__name__)
        raise Internal("Nothing was changed. If it happens again, report it.") from error


def problem(error: AppError) -> dict[str, Any]:
    """As in a problem document (RFC 9457), without what HTTP says."""
    found = {
        "code": error.code,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        **error.extra,
    }
    if isinstance(error, RateLimited | Unavailable):
        found["retry_after"] = error.retry_after
    return found
