"""Whoever edits by calls and has no socket, seen in the room all the same: an agent's cursor.

A visit is a member of the room like any other. So people see it in every list, on every worker;
it ends with the room, with the server, and when its key is revoked. It stays for some seconds
after the last edit, since nobody would see a cursor that goes with the answer.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.access.principal import Principal
from app.domain.rooms import limits
from app.domain.rooms.hub.hub import Hub
from app.domain.rooms.hub.open_room import Open
from app.domain.rooms.hub.revising import revised
from app.domain.rooms.reading import Reading
from app.domain.rooms.room.member import Member
from app.domain.rooms.service import check_size
from app.domain.rooms.wire import awareness
from app.domain.rooms.wire.awareness import AwarenessEntry

CURSOR_SECONDS = 8.0  # long enough to look there, too short to be in the way


@dataclass(frozen=True, slots=True)
class Change:
    """A text, and which characters of it are to be looked at."""

    text: str
    start: int
    end: int


class Visitors:
    """Those who are in this worker's rooms without a socket."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._here: dict[tuple[UUID, str], Visit] = {}

    async def edit(
        self, document_id: UUID, who: Principal, change: Callable[[str], Change]
    ) -> Reading:
        """Merge what `change` makes of the live text into it, with a cursor where that is.

        Raises `TextTooLarge`, `UpdateRefused`, `StorageFailed`, and what `change` raises; then
        nothing was changed.
        """

        def edit(open_: Open) -> None:
            made = change(open_.room.document.text)
            check_size(made.text)
            open_.room.rewrite(made.text, who.actor)
            self._show(open_, who, (made.start, made.end))

        return await revised(self._hub, document_id, edit)

    def _show(self, open_: Open, who: Principal, span: Sequence[int]) -> None:
        key = open_.room.id, who.actor
        visit = self._here.get(key)
        if visit is None or visit.open_ is not open_:
            if not _has_room(open_, who):
                return  # the edit counts, being seen does not
            visit = self._here[key] = Visit(open_, who, lambda: self._left(key))
        visit.stand(span)
        self._hub.share_presence_soon(open_)

    def _left(self, key: tuple[UUID, str]) -> None:
        visit = self._here.pop(key, None)
        if visit is not None and self._hub.rooms.get(key[0]) is visit.open_:
            self._hub.share_presence_soon(visit.open_)


class Visit:
    """The outlet of its own member: nothing is read here, and to be told to go is to leave."""

    buffered = 0

    def __init__(self, open_: Open, who: Principal, left: Callable[[], None]) -> None:
        self.open_ = open_
        self._left = left
        self._client, self._clock = secrets.randbits(32), 0
        self._timer: asyncio.TimerHandle | None = None
        self._member = Member(secrets.token_hex(6), who, self, speaks_ours=False)
        open_.room.join(self._member)

    def stand(self, span: Sequence[int]) -> None:
        """Be seen at these characters, from now on for a while."""
        document = self.open_.room.document
        anchor, head = map(document.position, span)
        state = {"cursor": {"anchor": anchor, "head": head}, "mode": "editing", "active": True}
        self._clock += 1
        frame = awareness.encode([AwarenessEntry(self._client, self._clock, state)])
        self.open_.room.presence.receive(self._member, frame, document.guard)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(CURSOR_SECONDS, self.leave)

    def leave(self) -> None:
        if self._member.is_gone:
            return
        self._member.is_gone = True
        if self._timer is not None:
            self._timer.cancel()
        self.open_.room.leave(self._member)
        self._left()

    # As an outlet

    def write_frame(self, frame: bytes) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def close_with(self, code: int, reason: str) -> None:
        self.leave()

    def abort(self) -> None:
        self.leave()


def _has_room(open_: Open, who: Principal) -> bool:
    here = open_.room.members
    same = sum(member.actor == who.actor for member in here)
    return len(here) < limits.CONNECTIONS_PER_ROOM and same < limits.CONNECTIONS_PER_PERSON
