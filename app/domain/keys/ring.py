"""API keys in use, in memory: who acts with them, without asking the database at each call.

A key gets in by being recognised in the database, and is looked at there again every second for as
long as it is used. It goes at once when the doors are told that somebody's access changed.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.access.principal import Principal
from app.db.engine import Database
from app.domain.keys import policy, queries
from app.domain.keys.service import Recognised
from app.kit import clock

LOOK_SECONDS = 1.0
OUTAGE_SECONDS = 60.0  # without a word from the database, keys that were good are good for so long
IDLE_SECONDS = 300.0
MOST = 10_000
_KEY = "key:"  # begins the actor of one

Digest = bytes


@dataclass(slots=True, eq=False)
class Held:
    """A key that was good a moment ago."""

    digest: Digest
    principal: Principal
    who: str  # as rate limits count it
    expires_at: float  # seconds since 1970; infinity for a key that does not
    noted_at: datetime | None  # when the database last heard of its use
    used_at: float


class KeyRing:
    """Keys of all workspaces; one event loop."""

    def __init__(self, database: Database) -> None:
        # everywhere: the key itself says in which workspace it acts
        self._database = database.everywhere()
        self._held: OrderedDict[Digest, Held] = OrderedDict()
        self._changes = 0
        self._sure_until = time.monotonic() + OUTAGE_SECONDS
        self.on_gone: list[Callable[[UUID], None]] = []
        # What keys have opened lives longer than their last call: these are looked at as well.
        self.watched: list[Callable[[], set[UUID]]] = []

    @property
    def changes(self) -> int:
        """How often access has changed; whoever reads a key notes it before."""
        return self._changes

    def find(self, digest: Digest) -> Held | None:
        held = self._held.get(digest)
        if held is None or time.time() >= held.expires_at:
            return None
        now = time.monotonic()
        if now > self._sure_until:
            return None
        held.used_at = now
        return held

    def learn(self, key: str, found: Recognised, changes: int) -> None:
        """A key was recognised in the database, which was asked when there were `changes`."""
        if changes != self._changes:
            return  # it may have been revoked since it was read
        digest = digest_of(key.encode())
        self._held[digest] = Held(
            digest,
            found.principal,
            str(found.principal.credential_id),
            found.expires_at.timestamp() if found.expires_at else float("inf"),
            found.used_at,
            time.monotonic(),
        )
        self._held.move_to_end(digest)
        if len(self._held) > MOST:
            self._held.popitem(last=False)

    def access_changed(self, workspace_id: UUID | None, actor: str | None) -> None:
        """Forget the keys that this may concern; they are read again when they come."""
        self._changes += 1
        for held in list(self._held.values()):
            is_here = workspace_id in (None, held.principal.workspace_id)
            if is_here and actor in (None, held.principal.actor):
                del self._held[held.digest]
        if actor is not None and actor.startswith(_KEY):
            self._tell(UUID(actor.removeprefix(_KEY)))

    async def look(self) -> None:
        """Ask the database about all of them, and tell it which were used."""
        now = time.monotonic()
        for held in [one for one in self._held.values() if now - one.used_at > IDLE_SECONDS]:
            del self._held[held.digest]
        asked = list(self._held.values())
        watched = set[UUID]().union(*(ids() for ids in self.watched))
        if asked or watched:
            ids = watched.union(held.principal.credential_id for held in asked)
            async with self._database.transaction(write=False) as tx:
                alive = await queries.alive(tx, list(ids), clock.utc_now())
            for key_id in ids.difference(alive):
                self._tell(key_id)
            for held in asked:
                if held.principal.credential_id not in alive and held.digest in self._held:
                    del self._held[held.digest]
            await self._note_use(asked)
        self._sure_until = time.monotonic() + OUTAGE_SECONDS

    async def _note_use(self, asked: list[Held]) -> None:
        now = clock.utc_now()
        stale = [
            held
            for held in asked
            if time.monotonic() - held.used_at < 2 * LOOK_SECONDS
            and (held.noted_at is None or now - held.noted_at > policy.USED_EVERY)
        ]
        if stale:
            async with self._database.transaction() as tx:
                await queries.touch_all(tx, [one.principal.credential_id for one in stale], now)
            for held in stale:
                held.noted_at = now

    def _tell(self, key_id: UUID) -> None:
        for told in self.on_gone:
            told(key_id)


def digest_of(key: bytes) -> Digest:
    return hashlib.sha256(key).digest()
