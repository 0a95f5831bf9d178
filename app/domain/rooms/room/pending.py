"""A room's own edits between their acceptance and the disk, and the barriers behind them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.domain.rooms.guard.draft import Verdict
from app.domain.rooms.room.member import Member
from app.domain.rooms.wire import protocol


@dataclass(frozen=True, slots=True)
class Pending:
    """One update; `frame` is what everyone but its author will be sent."""

    author: Member | None
    frame: bytes
    verdict: Verdict


class OnTheWay:
    """Edits in the order of their acceptance.

    They are numbered by themselves and not by their place in the log: another worker's edit may
    get in between, and what waits for an edit must not care.
    """

    def __init__(self, number: int) -> None:
        self.accepted = number  # of the newest one
        self.durable = number  # of the newest one that is on disk
        self._edits: deque[Pending] = deque()
        self._barriers: deque[tuple[int, Member, bytes]] = deque()

    def __len__(self) -> int:
        return self.accepted - self.durable

    def accept(self, edit: Pending) -> int:
        """The edit's number."""
        self.accepted += 1
        self._edits.append(edit)
        return self.accepted

    def wait(self, member: Member, payload: bytes) -> None:
        """Have the barrier echoed when everything accepted so far is on disk."""
        self._barriers.append((self.accepted, member, payload))

    def written(self, number: int) -> list[Pending]:
        """Everything up to `number` is on disk; what that is."""
        done = [self._edits.popleft() for _ in range(number - self.durable)]
        self.durable = max(self.durable, number)
        return done

    def echoes(self) -> Iterator[tuple[Member, bytes]]:
        """Barriers that nothing stands before any more."""
        while self._barriers and self._barriers[0][0] <= self.durable:
            _, member, payload = self._barriers.popleft()
            yield member, payload

    def is_by(self, clients: Iterable[int]) -> bool:
        """Whether one of these client ids wrote something that is here."""
        mine = {part[0] for edit in self._edits for part in edit.verdict.ranges}
        return not mine.isdisjoint(clients)

    def give_up(self) -> set[Member]:
        """None of it will be written; whose connections have to end for that.

        They come back and offer it again. No barrier of theirs is ever echoed.
        """
        authors = {edit.author for edit in self._edits if edit.author is not None}
        self._edits.clear()
        self._barriers = deque(waits for waits in self._barriers if waits[1] not in authors)
        self.durable = self.accepted
        return authors


def barrier_frame(payload: bytes) -> bytes:
    return protocol.websocket_frame(protocol.barrier(payload))


def of_others(done: list[Pending], member: Member) -> bytes:
    """The frames that `member` did not write itself."""
    return b"".join([pending.frame for pending in done if pending.author is not member])
