"""Taking a call's turn, keeping its answer in the transaction that does it, giving it again.

A row says who works on a call and until when; they prolong that while they are at it. Whoever
comes when that time is over (its process died) takes over, and from then on the first one cannot
commit any more: keeping the answer fails when it is somebody else's turn, and with it everything
that the same transaction has done.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.db.engine import Database
from app.domain.idempotency import queries
from app.domain.idempotency.errors import (
    IdempotencyAnswerNotKept,
    IdempotencyInProgress,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    TooManyIdempotencyKeys,
)
from app.domain.idempotency.models import KeptCall
from app.kit import clock
from app.kit.ids import new_id

KEPT = timedelta(hours=24)
TURN = timedelta(seconds=30)  # of silence; then whoever asks takes over
MOST = 10_000  # of one API key
LARGEST = 256 * 1024  # bytes of an answer
_NAME = re.compile(r'"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})')


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call answered. `body` is none where it must not, or cannot, be kept."""

    status: int
    headers: dict[str, str]
    body: bytes | None


def name_in(header: str) -> str:
    """The key, with or without quotes around it. Raises `IdempotencyKeyInvalid`."""
    found = _NAME.fullmatch(header.strip())
    if found is None:
        raise IdempotencyKeyInvalid(
            "Send from 1 to 255 printable ASCII characters without spaces, such as a UUID."
        )
    return found[1] or found[2]


class Turn:
    """One caller's turn at one call."""

    def __init__(self, database: Database, caller: Principal, name: str) -> None:
        self._database = database.within(caller)
        self._caller = caller
        self._name = hashlib.sha256(name.encode()).hexdigest()
        self._id = new_id()
        self.is_kept = False

    @property
    def object_id(self) -> UUID:
        """For what a call makes under an id of the caller's choice: the same for each try."""
        return uuid5(NAMESPACE_OID, f"{self._caller.credential_id} {self._name}")

    async def take(self, call_sha256: str) -> Answer | None:
        """The first answer, if there was one; otherwise it is this one's turn.

        Raises `IdempotencyKeyReused`, `IdempotencyInProgress`, `IdempotencyAnswerNotKept`,
        `TooManyIdempotencyKeys`.
        """
        now = clock.utc_now()
        fresh = {
            "call_sha256": call_sha256,
            "turn": self._id,
            "until": now + TURN,
            "created_at": now,
        }
        async with self._database.transaction() as tx:
            if await queries.begin(tx, self._caller, name_sha256=self._name, **fresh):
                if await queries.count(tx, self._caller) > MOST:
                    raise TooManyIdempotencyKeys(
                        f"At most {MOST:,} are kept for 24 hours. Use fewer, or several API keys.",
                        retry_after=3600,
                    )
                return None
            row = await queries.held(tx, self._caller, self._name)
            if row is None:  # its call came to nothing just now
                raise IdempotencyInProgress(1)
            if row.created_at < now - KEPT:  # the job has not come to it yet
                self._begin_anew(row, fresh)
                return None
            if row.call_sha256 != call_sha256:
                raise IdempotencyKeyReused("Use a new key for every call that is another one.")
            if row.answer_status is not None:
                return _first_answer(row)
            if row.until > now:
                raise IdempotencyInProgress(math.ceil((row.until - now).total_seconds()))
            row.turn, row.until = self._id, now + TURN
            return None

    async def keep(self, tx: AsyncSession, answer: Answer) -> None:
        """In the transaction that did it. Raises `IdempotencyInProgress` when it is lost."""
        if not await self._put(tx, answer):
            raise IdempotencyInProgress(1)
        self.is_kept = True

    async def keep_alone(self, answer: Answer) -> None:
        """After what was done in transactions of its own, and may be done again."""
        async with self._database.transaction() as tx:
            await self._put(tx, answer)
        self.is_kept = True

    async def _put(self, tx: AsyncSession, answer: Answer) -> bool:
        """False when it is somebody else's turn by now."""
        return await queries.change(
            tx,
            self._caller,
            self._name,
            self._id,
            answer_status=answer.status,
            answer_headers=answer.headers,
            answer_body=answer.body,
        )

    async def prolong(self) -> None:
        async with self._database.transaction() as tx:
            until = clock.utc_now() + TURN
            await queries.change(tx, self._caller, self._name, self._id, until=until)

    async def give_back(self) -> None:
        """It came to nothing: a call that is made again is a first one."""
        async with self._database.transaction() as tx:
            await queries.forget(tx, self._caller, self._name, self._id)

    @staticmethod
    def _begin_anew(row: KeptCall, fresh: dict[str, Any]) -> None:
        for name, value in fresh.items():
            setattr(row, name, value)
        row.answer_status = row.answer_headers = row.answer_body = None


def _first_answer(row: KeptCall) -> Answer:
    if row.answer_body is None:
        raise IdempotencyAnswerNotKept(
            "It was done, and is not done again. What it answered is a secret or too large, and "
            "was not kept: look at what is there now."
        )
    return Answer(row.answer_status or 200, row.answer_headers or {}, row.answer_body)
