"""The list algorithm of Yjs (YATA) written from its definition, unit by unit: a third opinion on a document.

Slow and small on purpose. It also tells what no honest client can say: a block whose neighbours
are the wrong way round, or which skips over what its own author had already written.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.fuzz import wire
from tests.fuzz.wire import Id


@dataclass(slots=True)
class Unit:
    """One UTF-16 unit; a low surrogate holds no text."""

    id: Id
    origin: Id | None
    right: Id | None
    text: str
    deleted: bool = False
    view: dict[int, int] = field(default_factory=dict)  # what its author must have seen


@dataclass(slots=True)
class Sequence:
    """A document of one text."""

    units: list[Unit] = field(default_factory=list)
    clocks: dict[int, int] = field(default_factory=dict)
    lies: list[str] = field(default_factory=list)
    gone: dict[Id, Unit] = field(default_factory=dict)  # given up (GC): without a place

    def text(self) -> str:
        """What a reader sees."""
        return "".join(unit.text for unit in self.units if not unit.deleted)

    def _index(self, id_: Id | None, default: int) -> int:
        if id_ is None:
            return default
        return next(i for i, unit in enumerate(self.units) if unit.id == id_)

    def apply(self, data: bytes) -> None:
        """Take an update whose needs are all met by the document and itself."""
        update = wire.parse(data)
        waiting = [[s.client, s.clock, list(s.blocks)] for s in update.sections]
        moved = True
        while moved:
            moved = False
            for entry in waiting:
                while entry[2] and self._ready(entry[2][0], entry[0], entry[1]):
                    block = entry[2].pop(0)
                    self._block(entry[0], entry[1], block)
                    entry[1] += block.length
                    moved = True
        for deletes in update.deletes:
            for clock, length in deletes.ranges:
                self._delete(deletes.client, clock, clock + length)

    def _has(self, id_: Id | None) -> bool:
        return id_ is None or id_[1] < self.clocks.get(id_[0], 0)

    def _ready(self, block: wire.Block, client: int, clock: int) -> bool:
        known = self.clocks.get(client, 0)
        return clock <= known and self._has(block.origin) and self._has(block.right)

    def _block(self, client: int, clock: int, block: wire.Block) -> None:
        known = self.clocks.get(client, 0)
        if clock + block.length <= known:
            return
        texts: list[str] = []
        for character in block.text:
            texts += [character, ""] if ord(character) > 0xFFFF else [character]
        for offset in range(known - clock, block.length):
            text = texts[offset] if block.kind == wire.STRING else ""
            origin = block.origin if offset == 0 else (client, clock + offset - 1)
            unit = Unit((client, clock + offset), origin, block.right, text)
            unit.deleted = block.kind != wire.STRING
            unit.view = self._view(unit)
            if block.kind == wire.GC:
                self.gone[unit.id] = unit
                continue
            if offset == max(0, known - clock):
                self._honest(unit)
            self._integrate(unit)
        self.clocks[client] = clock + block.length

    def _honest(self, unit: Unit) -> None:
        left, right = self._index(unit.origin, -1), self._index(unit.right, len(self.units))
        if right <= left:
            self.lies.append(f"crossed {unit.id}")
        for between in self.units[left + 1 : right]:
            if between.id[1] < unit.view.get(between.id[0], 0):
                own = between.id[0] == unit.id[0]
                self.lies.append(f"{'own' if own else 'over'} {between.id} {unit.id}")
                break

    def _view(self, unit: Unit) -> dict[int, int]:
        """What the author of a unit had certainly seen: all that its neighbours' authors had."""
        view: dict[int, int] = {}
        client, clock = unit.id
        before = (client, clock - 1) if clock else None
        for needed in (before, unit.origin, unit.right):
            if needed is not None:
                seen = self.gone.get(needed) or self.units[self._index(needed, 0)]
                for author, end in (*seen.view.items(), (needed[0], needed[1] + 1)):
                    view[author] = max(view.get(author, 0), end)
        return view

    def _integrate(self, unit: Unit) -> None:
        left = self._index(unit.origin, -1)
        end = self._index(unit.right, len(self.units))
        seen: set[Id] = set()
        conflicting: set[Id] = set()
        at = left + 1
        while at < len(self.units) and at != end:
            other = self.units[at]
            seen.add(other.id)
            conflicting.add(other.id)
            if other.origin == unit.origin:
                if other.id[0] < unit.id[0]:
                    left, conflicting = at, set()
                elif other.right == unit.right:
                    break
            elif other.origin is not None and other.origin in seen:
                if other.origin not in conflicting:
                    left, conflicting = at, set()
            else:
                break
            at += 1
        self.units.insert(left + 1, unit)

    def _delete(self, client: int, start: int, end: int) -> None:
        for unit in self.units:
            if unit.id[0] == client and start <= unit.id[1] < end:
                unit.deleted = True
