"""The form of API keys, and the rules about them that need neither database nor clock."""

from __future__ import annotations

import re
import secrets
import string
import zlib
from collections.abc import Iterable
from datetime import timedelta

from app.access.permissions import Scope
from app.errors import InvalidFields

PREFIX = "pr_live_"  # secret scanners find a leaked key by it
USED_EVERY = timedelta(minutes=5)  # a write per request would cost more than it tells
GIVEN_SHORTEST = 20  # a key that an operator brings along
LONGEST = 256
NAME_LONGEST = 80
DAYS_LONGEST = 3650

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM = 30  # base62 digits: 178 bits
_CHECK = 6  # base62 digits: all of a CRC-32
_OURS = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{_RANDOM}}})([0-9A-Za-z]{{{_CHECK}}})")


def new_key() -> str:
    """A key: prefix, 178 random bits, checksum."""
    body = "".join(secrets.choice(_DIGITS) for _ in range(_RANDOM))
    return PREFIX + body + _checksum(body)


def is_whole(key: str) -> bool:
    """Whether a key of our own form was copied without a mistake; no database needed."""
    match = _OURS.fullmatch(key)
    return match is not None and _checksum(match[1]) == match[2]


def hint(key: str) -> str:
    """Enough to recognise a key, too little to guess it."""
    shown = len(PREFIX) + 2 if key.startswith(PREFIX) else 4
    return f"{key[:shown]}…{key[-4:]}"


def given_key_problem(key: str) -> str:
    """What is wrong with a key that an operator chose, "" when nothing is."""
    if not GIVEN_SHORTEST <= len(key) <= LONGEST:
        return f"A key has from {GIVEN_SHORTEST} to {LONGEST} characters."
    if not key.isascii() or not key.isprintable() or " " in key:
        return "A key has ASCII letters, digits and signs only."
    return ""


def scopes_named(names: Iterable[str]) -> frozenset[Scope]:
    """Raises `InvalidFields` for none or an unknown one."""
    try:
        found = frozenset(Scope(name) for name in names)
    except ValueError:
        raise InvalidFields({"scopes": "Scopes are read, write and admin."}) from None
    if not found:
        raise InvalidFields({"scopes": "Choose what the key may do."})
    return found


def lifetime(days: int | None) -> timedelta | None:
    """None = for good. Raises `InvalidFields`."""
    if days is None:
        return None
    if not 1 <= days <= DAYS_LONGEST:
        raise InvalidFields({"expires_in_days": f"Enter from 1 to {DAYS_LONGEST} days."})
    return timedelta(days=days)


def _checksum(body: str) -> str:
    number = zlib.crc32((PREFIX + body).encode())
    digits = ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
