"""Password hashing: argon2id, off the event loop and a few at a time."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.domain.accounts.policy import normal_password

# OWASP's second choice: 19 MiB, two passes, one lane; about 20 ms.
_ARGON2 = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)

# Nobody's: checked when there is no such person, so that both answers cost the same work.
NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$V7EPP9om7NiZe1E/X4OLnw"
    "$9rtLDyEpaJ27HmCHWsmx3FtMcDL7H+RsOEvHIMdbFOc"
)


class Passwords:
    """Hashes and checks. Never call it inside a transaction: it takes its time."""

    def __init__(self, at_once: int = 4) -> None:
        # Bounds memory (19 MiB each) and leaves the other threads to the database.
        self._turns = asyncio.Semaphore(at_once)

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(_ARGON2.hash, normal_password(password))

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether `password` belongs to `stored`; without one it takes as long and is False."""
        async with self._turns:
            is_right = await asyncio.to_thread(_verify, stored or NOBODY, normal_password(password))
        return is_right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether `stored` was made with other costs than today's."""
        return _ARGON2.check_needs_rehash(stored)


def _verify(stored: str, password: str) -> bool:
    try:
        return _ARGON2.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
