"""Keyset cursors: opaque to the caller, checked when they come back."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from app.errors import Invalid

T = TypeVar("T")


class InvalidCursor(Invalid):
    code = "cursor_invalid"
    title = "This page marker is not one of ours"
    advice = "Start again from the first page; send `next_cursor` back exactly as it came."


def encode(*values: Any) -> str:
    """The sort key of a page's last row, as one URL-safe word."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def decode(cursor: str, shape: type[T]) -> T:
    """The values put in by `encode`, typed by `shape` (a tuple type). Raises `InvalidCursor`."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        values = msgspec.json.decode(raw, type=shape)
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError) as error:
        raise InvalidCursor("Start again from the first page.") from error
    if not all(map(_is_a_key, values)):  # type: ignore[call-overload]  # shape is a tuple type
        raise InvalidCursor("Start again from the first page.")
    return values


def _is_a_key(value: Any) -> bool:
    """Whether a database can compare rows with it."""
    if isinstance(value, int):
        return abs(value) < 2**31
    if isinstance(value, datetime):  # encoded ones have an offset, and a day's distance to the end
        return value.tzinfo is not None and 1 < value.year < 9999
    return "\x00" not in value if isinstance(value, str) else True
