"""The rules that every update passes before the CRDT library sees it.

Hostile but well-formed updates make the library hang, abort or diverge for ever, and nothing in
Python can catch that. So the guard knows, for one document, which clocks exist, whose they are,
where surrogate pairs lie and what is deleted, and takes only what an honest text editor sends.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Final

from app.domain.rooms.guard.blame import Blocks
from app.domain.rooms.guard.draft import Bounds, Draft, Known, Ranges, Verdict
from app.domain.rooms.guard.keystroke import typed
from app.domain.rooms.guard.ranges import Credits, RangeSet, holds
from app.domain.rooms.wire.encoding import LARGEST_CLOCK
from app.domain.rooms.wire.refusal import Gap, Refused
from app.domain.rooms.wire.updates import (
    Section,
    read_blocks,
    read_deletes,
    read_state_vector,
)

__all__ = ["Bounds", "Gap", "Guard", "Refused", "Verdict"]

NOBODY: Final = ""  # credited with clocks whose writer no table knows
_REMEMBERED_FROM: Final = 256  # bytes of a delete set; reading a smaller one is as quick


class Guard:
    """What one document holds and whose it is; `check`, apply, then `admit`, with no await."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self.bounds = bounds or Bounds()
        self.owners: dict[int, str] = {}  # client id to actor key, assigned once
        self.units = 0  # UTF-16 units of visible text
        self._known = Known()
        self._credits: dict[int, Credits] = {}
        self._settled = b""  # the last long delete set that held nothing new

    @property
    def clocks(self) -> dict[int, int]:
        """The state vector of the document."""
        return self._known.clocks

    def check(self, update: bytes, sender: str) -> Verdict:
        """What `update` would add. Raises `Refused`, or `Gap` if earlier blocks are missing."""
        if len(update) > self.bounds.update_bytes:
            raise Refused("update_too_large")
        verdict = typed(update, self._known)
        if verdict is None:
            sections, position = read_blocks(update, self.bounds.blocks)
            self._check_owners(sections, sender)
            self._known.order.begin()
            try:
                verdict = self._try(sections, update, position, self.bounds)
            finally:
                self._known.order.rollback()
        elif self.owners.get(verdict.ranges[0][0]) != sender:
            raise Refused("foreign_client")
        grown = verdict.inserted - verdict.removed
        if verdict.inserted and self.units + grown > self.bounds.text_units:
            raise Refused("text_too_large")
        return verdict

    def admit(self, verdict: Verdict, sender: str) -> None:
        """Record an update that was checked against this very state and applied since."""
        self._record(verdict, sender)

    def learn(self, update: bytes, owner: str | None) -> Verdict:
        """Take in trusted bytes: a snapshot, the journal, an edit by the server itself.

        Nothing is bounded and nobody is refused. New client ids become `owner`'s and new clocks
        are credited to it; with None they stay with those whom `bind` and `credit` have named.
        """
        verdict = typed(update, self._known) or self._take_in(update)
        self._record(verdict, owner)
        return verdict

    def follow(self, update: bytes, actor: str, clients: Iterable[int]) -> Verdict:
        """Take in what another worker has checked and written, by these client ids.

        Somebody here may have claimed one of them without writing; who has written has it.
        """
        for client in clients:
            if client not in self.clocks:
                self.owners[client] = actor
        return self.learn(update, actor)

    def bind(self, client: int, actor: str) -> None:
        """Give a client id to an actor, for ever (trusted: the attribution table at load)."""
        if self.owners.setdefault(client, actor) != actor:
            raise Refused("foreign_client")

    def claim(self, client: int, sender: str) -> None:
        """As `bind`, for what a client says of itself: in its HELLO or its presence."""
        if client not in self.owners:
            if client in self.clocks:
                raise Refused("foreign_client")
            if len(self.owners) >= self.bounds.clients:
                raise Refused("too_many_clients")
        self.bind(client, sender)

    def credit(self, client: int, start: int, end: int, actor: str) -> None:
        """Say who wrote clocks (trusted: the attribution table at load, in order of clocks).

        A client id that nobody holds yet becomes the actor's.
        """
        self.owners.setdefault(client, actor)
        self._credit(client, start, NOBODY)
        self._credit(client, end, actor)

    def check_state_vector(self, data: bytes) -> dict[int, int]:
        """A client's state vector, fit to be answered by the library."""
        clocks = read_state_vector(data, self.bounds.clients)
        for client, lows in self._known.lows.items():
            if holds(lows, clocks.get(client, 0)):
                raise Refused("split_pair")
        return clocks

    def attribution(self, client: int) -> list[tuple[int, int, str]]:
        """Who wrote a client id's clocks, as merged (start, end, actor)."""
        credited = self._credits.get(client)
        return list(credited.since(0)) if credited else []

    def author_ranges(self) -> list[tuple[int, int, int, str]]:
        """Who wrote what, as (client, start, end, actor): what `credit` takes back."""
        return [(client, *part) for client in self._credits for part in self.attribution(client)]

    def ranges_since(self, clocks: dict[int, int]) -> dict[str, int]:
        """How many units each actor has written since a state vector, deleted ones included."""
        written: Counter[str] = Counter()
        for client, credited in self._credits.items():
            for start, end, actor in credited.since(clocks.get(client, 0)):
                written[actor] += end - start
        return dict(written)

    def spans(self) -> list[tuple[int, str]]:
        """Who wrote the visible text: (units, actor) from its start to its end, merged."""
        found: list[tuple[int, str]] = []
        for client, start, end in self.visible():
            for first, last, actor in self._credits[client].since(start, end):
                units = last - first
                if found and found[-1][1] == actor:
                    units += found.pop()[0]
                found.append((units, actor))
        return found

    def blocks(self) -> Blocks:
        """What `spans` is made of, to be looked at while the document goes on."""
        return Blocks(self._known.order.columns(), self._known.deleted, self._credits)

    def visible(self) -> Iterator[tuple[int, int, int]]:
        """The visible text as (client, start, end), in its order."""
        for client, start, end in self._known.order:
            deleted = self._known.deleted.get(client)
            parts = deleted.missing(start, end) if deleted else ((start, end),)
            for part in parts:
                yield client, *part

    def _take_in(self, update: bytes) -> Verdict:
        """Place the blocks of a trusted update; what fails leaves nothing behind."""
        sections, position = read_blocks(update, LARGEST_CLOCK)
        order = self._known.order
        order.begin()
        try:
            verdict = self._try(sections, update, position, None)
        except BaseException:
            order.rollback()
            raise
        order.commit()
        return verdict

    def _try(
        self, sections: list[Section], update: bytes, position: int, bounds: Bounds | None
    ) -> Verdict:
        draft = Draft(self._known, bounds)
        draft.integrate(sections)
        # Every client that comes back repeats all deletions of the document. What held nothing
        # new once never will, so the same bytes need not be read again.
        is_long = len(update) - position >= _REMEMBERED_FROM
        if not is_long or update[position:] != self._settled:
            most = bounds.deletes if bounds else LARGEST_CLOCK
            draft.delete(read_deletes(update, position, most))
        verdict = draft.verdict()
        if is_long and not verdict.is_new:
            self._settled = update[position:]
        return verdict

    def _check_owners(self, sections: list[Section], sender: str) -> None:
        new = 0
        for section in sections:
            client = section.client
            if section.end > self.clocks.get(client, 0):
                owner = self.owners.get(client)
                if owner is None and client not in self.clocks:
                    new += 1
                elif owner != sender:
                    raise Refused("foreign_client")
        if new > self.bounds.new_clients:
            raise Refused("too_many_new_clients")
        if new and len(self.owners) + new > self.bounds.clients:
            raise Refused("too_many_clients")

    def _record(self, verdict: Verdict, actor: str | None) -> None:
        known = self._known
        for placed in verdict.placed:
            known.order.put(placed)
        for client, _, end in verdict.ranges:
            if actor is not None:
                self.owners.setdefault(client, actor)
            self._credit(client, end, actor or self.owners.get(client, NOBODY))
            known.clocks[client] = end
        for client, lows in verdict.lows:
            known.lows.setdefault(client, array("I")).extend(lows)
        if verdict.deletes or verdict.buried:
            _add(known.deleted, (*verdict.deletes, *verdict.buried))
            _add(known.gone, verdict.gone)
        self.units += verdict.inserted - verdict.removed

    def _credit(self, client: int, end: int, actor: str) -> None:
        credited = self._credits.get(client)
        if credited is None:
            credited = self._credits[client] = Credits()
        credited.extend(end, actor)


def _add(sets: dict[int, RangeSet], ranges: Ranges) -> None:
    """Add (client, start, end) ranges, those of one client together."""
    for client, group in groupby(sorted(ranges), key=itemgetter(0)):
        sets.setdefault(client, RangeSet()).add_all([part[1:] for part in group])
