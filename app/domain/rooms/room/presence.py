"""Who is in a room and where their cursor is: latest state per client, one frame for all."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any

from app.domain.rooms import limits
from app.domain.rooms.guard.guard import Guard
from app.domain.rooms.room.member import Member
from app.domain.rooms.wire import awareness, protocol
from app.domain.rooms.wire.awareness import AwarenessEntry
from app.domain.rooms.wire.refusal import Refused

_REMEMBERED = 1000  # of those who left


HERE = b""  # in the place of another worker's name


@dataclass(slots=True)
class _Here:
    member: Member | None  # None for who is here by another worker
    clock: int
    state: dict[str, Any]
    worker: bytes = HERE

    @property
    def actor(self) -> str:
        actor: str = self.state["user"]["id"]
        return actor


class Presence:
    """The states of one room. Identity in them is the server's word, never the client's.

    Every worker speaks for its own people. What it says of others counts for nothing, so one that
    goes on after a pause cannot bring back who came here meanwhile.
    """

    def __init__(self) -> None:
        self._here: dict[int, _Here] = {}
        self._changed: dict[int, AwarenessEntry] = {}
        self._own_changes: dict[int, AwarenessEntry] = {}  # those that other workers do not know
        self._left: OrderedDict[int, int] = OrderedDict()  # clocks of who left, the last ones

    def receive(self, member: Member, payload: bytes, guard: Guard) -> bool:
        """Take a client's awareness frame; the answer is whether anything is to be told.

        Raises `Refused` for bytes or client ids that no honest client sends.
        """

        def is_echo(client: int, clock: int) -> bool:
            return client not in member.client_ids and self._is_known(member, client, clock, guard)

        for entry in awareness.read(payload, limits.CLIENT_IDS_PER_CONNECTION, is_echo):
            if entry.state is None and entry.client not in member.client_ids:
                continue  # of someone who has left
            claim(member, entry.client, guard)
            self._take(member, entry)
        return bool(self._changed)

    def _is_known(self, member: Member, client: int, clock: int, guard: Guard) -> bool:
        """Whether an entry about another client is one that we have told `member` ourselves.

        Someone's own id under another connection is theirs to take over: they reconnected.
        """
        here = self._here.get(client)
        if here is not None:
            return here.actor != member.actor or clock <= here.clock
        if clock <= self._left.get(client, -1):
            return True
        return guard.owners.get(client, member.actor) != member.actor

    def _take(self, member: Member, entry: AwarenessEntry) -> None:
        here = self._here.get(entry.client)
        if here is not None and entry.clock < here.clock:
            return
        if entry.state is None:
            if here is not None:
                self._gone(entry.client, entry.clock)
            return
        if here is not None and entry.clock == here.clock and here.member is member:
            return  # a heartbeat that says nothing new
        state = awareness.stamp(entry.state, member.user)
        self._here[entry.client] = _Here(member, entry.clock, state)
        self._tell(AwarenessEntry(entry.client, entry.clock, state))

    def leave(self, member: Member) -> bool:
        """Forget a connection's states; the answer is whether anything is to be told."""
        for client in member.client_ids:
            here = self._here.get(client)
            if here is not None and here.member is member:
                self._gone(client, here.clock + 1)
        return bool(self._changed)

    def hear(self, worker: bytes, entries: Iterable[AwarenessEntry], *, is_all: bool) -> bool:
        """What another worker says of its people; the answer is whether anything is to be told."""
        said = {entry.client: entry for entry in entries}
        for entry in said.values():
            self._hear(worker, entry)
        if is_all:
            self._miss(worker, said)
        return bool(self._changed)

    def lose(self, worker: bytes) -> bool:
        """Another worker is gone with its people; the answer is whether anything is to be told."""
        self._miss(worker, ())
        return bool(self._changed)

    def _hear(self, worker: bytes, entry: AwarenessEntry) -> None:
        here = self._here.get(entry.client)
        if here is not None and here.worker != worker and here.clock >= entry.clock:
            return
        if entry.state is not None:
            if here is None or here.worker != worker or here.clock != entry.clock:
                self._here[entry.client] = _Here(None, entry.clock, entry.state, worker)
                self._changed[entry.client] = entry
        elif here is not None and here.worker == worker:
            self._gone(entry.client, entry.clock)

    def _miss(self, worker: bytes, but: Container[int]) -> None:
        for client, here in tuple(self._here.items()):
            if here.worker == worker and client not in but:
                self._gone(client, here.clock + 1)

    def _tell(self, entry: AwarenessEntry) -> None:
        self._changed[entry.client] = self._own_changes[entry.client] = entry

    def _gone(self, client: int, clock: int) -> None:
        entry = AwarenessEntry(client, clock, None)
        if self._here.pop(client).worker == HERE:
            self._own_changes[client] = entry
        self._changed[client] = entry
        self._forget(client, clock)

    def _forget(self, client: int, clock: int) -> None:
        """Echoes of who left come in for a while; they must not bring a ghost back."""
        self._left[client] = clock
        self._left.move_to_end(client)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)

    def take_changes(self) -> bytes | None:
        """The message with what changed since the last call, latest state per client."""
        if not self._changed:
            return None
        entries, self._changed = list(self._changed.values()), {}
        return protocol.awareness(awareness.encode(entries))

    def take_own_changes(self) -> list[AwarenessEntry]:
        """What other workers have to be told since the last call."""
        entries, self._own_changes = list(self._own_changes.values()), {}
        return entries

    def own(self) -> list[AwarenessEntry]:
        """Everybody who is here by this worker."""
        return [
            AwarenessEntry(client, here.clock, here.state)
            for client, here in self._here.items()
            if here.worker == HERE
        ]

    def everyone(self) -> bytes | None:
        """The message with every state, for a newcomer."""
        if not self._here:
            return None
        entries = [
            AwarenessEntry(client, here.clock, here.state) for client, here in self._here.items()
        ]
        return protocol.awareness(awareness.encode(entries))


def claim(member: Member, client: int, guard: Guard) -> None:
    """Bind a client id to who says it is theirs, for as long as they are here.

    Without it, someone could take the id of a person who has not typed yet. Raises `Refused`.
    """
    if client in member.client_ids:
        return
    if len(member.client_ids) >= limits.CLIENT_IDS_PER_CONNECTION:
        raise Refused("too_many_new_clients")
    guard.claim(client, member.actor)
    member.client_ids.add(client)


def release(member: Member, guard: Guard) -> None:
    """Let go of ids that were never written under: page loads must not use them up."""
    for client in member.client_ids:
        if client not in guard.clocks:
            guard.owners.pop(client, None)


def tick_seconds(people: int) -> float:
    """How often a room of that many people is told about cursors."""
    return next(seconds for most, seconds in limits.PRESENCE_TICKS if people <= most)
