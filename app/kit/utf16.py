"""Text counted in UTF-16 units, as browsers and shared documents count it."""

from __future__ import annotations

from collections.abc import Sequence


def length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) >> 1


def pieces(text: str, units: Sequence[int]) -> list[str] | None:
    """`text` cut into pieces of so many units; none when the units make another length."""
    if sum(units) != length(text):
        return None
    at, found = 0, []
    if text.isascii():
        for size in units:
            found.append(text[at : at + size])
            at += size
        return found
    encoded = text.encode("utf-16-le")
    for size in units:
        # Half a pair stays half a character instead of failing: nobody's blame is worth that.
        found.append(encoded[2 * at : 2 * (at + size)].decode("utf-16-le", "replace"))
        at += size
    return found
