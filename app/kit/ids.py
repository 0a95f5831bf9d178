"""Identifiers and secrets: time-ordered ids, slugs, tokens and their fingerprints."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): new rows land at the end of an index."""
    return uuid7()


def id_at(moment: datetime, bits: int) -> UUID:
    """The UUIDv7 of `moment` whose random part is taken from `bits`, 74 of them."""
    milliseconds = int(moment.timestamp() * 1000) & (1 << 48) - 1
    first, rest = bits >> 62 & 0xFFF, bits & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | first << 64 | 0b10 << 62 | rest)


def slug(text: str, fallback: str = "workspace") -> str:
    """`text` as lower-case ASCII words joined by hyphens, at most 48 characters."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-") or fallback


def new_secret() -> str:
    """256 random bits, URL-safe; only its fingerprint is ever stored."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """SHA-256 in hex. A random secret of 160 bits or more needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
