"""Pages of a list: a limit, an opaque cursor, and the Link header of RFC 8288."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

from litestar import Request

from app.errors import InvalidFields
from app.kit import cursor as cursors

T = TypeVar("T")

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and where the following ones begin (None = these are the last)."""

    items: list[T]
    next_cursor: str | None


def checked_limit(limit: int | None) -> int:
    """How many rows to give. Raises `InvalidFields` for a number nobody should ask for."""
    if limit is None:
        return DEFAULT_LIMIT
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidFields({"limit": f"limit must be from 1 to {MAX_LIMIT}."})
    return limit


def limit_up_to(most: int, limit: int | None) -> int:
    """Of a list that is given whole, up to `most`, to whoever asks for no limit."""
    return most if limit is None else checked_limit(limit)


def cut(rows: Sequence[T], limit: int, key: Callable[[T], Sequence[Any]]) -> Page[T]:
    """A page from up to `limit` + 1 rows; `key` gives the values the list is ordered by."""
    items = list(rows[:limit])
    more = len(rows) > limit
    return Page(items, cursors.encode(*key(items[-1])) if more else None)


def link_header(request: Request[Any, Any, Any], page: Page[Any]) -> dict[str, str]:
    """`Link: <…>; rel="next"` to this address with the next cursor; nothing on the last page."""
    if page.next_cursor is None:
        return {}
    asked = parse_qsl(request.scope["query_string"].decode("latin-1"))
    query = [(name, value) for name, value in asked if name != "cursor"]
    query.append(("cursor", page.next_cursor))
    return {"Link": f'<{request.url.path}?{urlencode(query)}>; rel="next"'}
