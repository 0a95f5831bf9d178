"""Requests and answers without a socket: retries, problem documents, server-sent events. Pure."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx

from app.sdk.errors import ApiError, Unreachable, error_of

ATTEMPTS = 4
_LONGEST_WAIT = 30.0  # seconds that a server may ask us to wait before we say so to the caller
_MAY_PASS = frozenset({429, 502, 503, 504})


def pause(attempt: int, *, least: float = 0.1, most: float = 10.0) -> float:
    """Seconds before try number `attempt` + 1: doubling, and anything between half and all of it.

    A crowd that lost its server at one moment does not come back at one moment.
    """
    return float(min(most, least * 2 ** min(attempt, 16)) * random.uniform(0.5, 1))  # noqa: S311


def wait_before_retry(error: Exception, attempt: int, *, is_idempotent: bool) -> float | None:
    """How long to wait before trying again; None = do not.

    What may have been done and must not be done twice is tried again only if it was not begun.
    """
    if attempt >= ATTEMPTS - 1:
        return None
    if isinstance(error, ApiError):
        may_pass = error.status in _MAY_PASS and (is_idempotent or error.status == 429)
        may_pass |= error.code == "idempotency_in_progress"  # our own first try
        wait = max(error.retry_after or 0, pause(attempt))
        return wait if may_pass and wait <= _LONGEST_WAIT else None
    never_begun = isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout)
    is_worth_it = isinstance(error, Unreachable) and (is_idempotent or never_begun)
    return pause(attempt) if is_worth_it else None


def decoded(data: bytes | str) -> Any:
    """Raises `ValueError`, also for what is nested deeper than the interpreter can follow."""
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def problem_of(answer: httpx.Response) -> ApiError:
    """The answer's body has been read."""
    try:
        problem = decoded(answer.content)
    except ValueError:
        problem = {}
    waits = answer.headers.get("retry-after", "")
    seconds = float(waits) if waits.isascii() and waits.isdigit() else None
    return error_of(answer.status_code, problem if isinstance(problem, dict) else {}, seconds)


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event; a heartbeat has no name."""

    name: str
    id: str
    data: str

    def json(self) -> dict[str, Any]:
        """Nothing, if it is no JSON object."""
        try:
            value = decoded(self.data)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


async def events(lines: AsyncIterable[str]) -> AsyncIterator[Event]:
    """The events in a stream's lines, and one without a name for every comment."""
    name, last, data = "", "", list[str]()
    async for line in lines:
        if line.startswith(":"):
            yield Event("", last, "")
        elif line:
            key, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if key == "event":
                name = value
            elif key == "id":
                last = value if _fits_a_header(value) else last
            elif key == "data":
                data.append(value)
        elif data or name:
            yield Event(name or "message", last, "\n".join(data))
            name, data = "", []


def _fits_a_header(value: str) -> bool:
    """Whether an id can be sent back; after one that cannot no stream could be opened any more."""
    return value.isascii() and value.isprintable() and value == value.strip()
