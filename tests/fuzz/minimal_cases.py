"""The smallest known bytes for each way in which a bare pycrdt 0.14.13 comes to harm.

Found by the fuzzer without the guard (`python -m tests.fuzz.runner --bare`), cut down with
shrink.py. `updates` arrive one after the other; `end` is what bare.py then sees.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.fuzz import wire
from tests.fuzz.wire import Block, Deletes, Section, Update


@dataclass(frozen=True, slots=True)
class Case:
    """One way to do harm: its bytes, what a bare library does with them, and why."""

    name: str
    end: str
    updates: tuple[bytes, ...]
    why: str
    stack_kib: int = 0
    exercise: str = ""
    yjs: str = ""  # what every browser shows instead
    or_else: tuple[str, ...] = ()  # other ends, where memory that is not the library's own decides


def _hex(*updates: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(update) for update in updates)


def _one(*blocks: Block, deletes: tuple[Deletes, ...] = ()) -> tuple[bytes, ...]:
    return (Update([Section(1, 0, list(blocks))], list(deletes)).encode(),)


def _chain(levels: int) -> tuple[bytes, ...]:
    """Nested types, each the parent of the next, the outermost deleted."""
    blocks = [wire.nested(0, parent=(1, i - 1) if i else "text") for i in range(levels)]
    return _one(*blocks, deletes=(Deletes(1, [(0, 1)]),))


TYPED = Update([Section(1, 0, [wire.string("a")])]).encode()
PAIR = Update([Section(1, 0, [wire.string("a\U0001f600b")])]).encode()
FOUR = Update([Section(1, 0, [wire.string("aaaa")])]).encode()

CASES = (
    Case("overlapping sections hang", "hang",
         _hex("03015d020401047465787404f09f9880010000845d020100015d020401047465787402000000"),
         "a client listed twice, the second time shorter: a read then never ends"),
    Case("overlapping sections break reading", "panic",
         _hex("02012700040104746578740900000000000000000001270004010400000000010000"),
         "a client listed twice: the text is read past its end, and what lies there is seldom a string",
         or_else=("diverged", "replacement", "segfault")),
    Case("overlapping sections divide by zero", "panic",
         _hex("020109000401040000000001000109000401040000000002000000"),
         "a client listed twice under a root that is no text"),
    Case("overlapping sections damage edits", "stuck",
         _hex("0101720004010400000000010a00",
              "030107020401047465787404f09f9880017201840702010001070304010400000000010000"),
         "a client listed twice: a later insert at the end lands elsewhere"),
    Case("empty section at the next clock", "panic",
         _hex("010199010004010400000000010000", "010099010000"), "an empty section after a real one"),
    Case("empty section", "panic", _hex("01017c00000000", "01007c0000"), "a client without blocks"),
    Case("empty GC block", "panic", _hex("01020100040104746578740161000000"), "a block of length zero"),
    Case("huge GC block", "panic", _hex("0101010000ffffffff0f00"), "a length beyond 31 bits"),
    Case("huge deleted block", "panic", _hex("0101010001010474657874ffffffff0f00"), "the same"),
    Case("huge clock", "panic", _hex("010101ffffffff0f04010474657874016100"), "a clock beyond 31 bits"),
    Case("huge skip", "panic", _hex("010201000affffffff0f04010474657874016100"), "a hole of 4 thousand million"),
    Case("count of sections", "memory", (wire.uint(2**31 - 1),), "5 bytes ask for gigabytes"),
    Case("count of blocks", "memory", (b"\x01" + wire.uint(2**31 - 1) + b"\x01\x00",), "8 bytes ask for gigabytes"),
    Case("count of JSON values", "memory", _hex("01010000820000ffffffff0f"), "12 bytes, capacity overflow"),
    Case("state vector count", "memory", (TYPED, wire.uint(2**27)), "a 5-byte state vector", exercise="state"),
    Case("deep value", "segfault", _one(wire.anys(wire.any_depth(100_000))), "the decoder recurses"),
    Case("deep value on a thread", "segfault", _one(wire.anys(wire.any_depth(2_000))),
         "the same with the stack of a small thread", stack_kib=128),
    Case("deep types", "segfault", _chain(100_000), "deleting recurses through nested types"),
    Case("deep types on a thread", "segfault", _chain(3_000),
         "the same with the stack of a small thread", stack_kib=128),
    Case("foreign value in text", "length", _one(wire.anys(b"\x7e")), "counted, yet not readable as text"),
    Case("nested type in text", "length", _one(wire.nested(2)), "counted, yet not readable as text"),
    Case("first half deleted", "differs", (PAIR, Update([], [Deletes(1, [(1, 1)])]).encode()),
         "half a character", yjs="a\ufffdb"),
    Case("second half deleted", "differs", (PAIR, Update([], [Deletes(1, [(2, 1)])]).encode()),
         "half a character: the library deletes what follows", yjs="a\ufffdb"),
    Case("insert inside a character", "differs",
         (PAIR, Update([Section(2, 0, [wire.string("x", origin=(1, 1))])]).encode()),
         "after its first half", yjs="a\ufffd\ufffdbx"),
    Case("insert before a second half", "diverged",
         (PAIR, Update([Section(2, 0, [wire.string("x", right=(1, 2))])]).encode()),
         "before its second half"),
    Case("neighbours crossed", "diverged",
         (FOUR, Update([Section(2, 0, [wire.string("x", origin=(1, 3), right=(1, 2))])]).encode()),
         "the right neighbour stands left of the left one"),
    Case("neighbours crossed over two blocks", "diverged",
         _hex("01019acff1c409000401047465787402616100", "01019acff1c40902449acff1c409000661616161616100",
              "0101d0f0ff9c0600c49acff1c409079acff1c40906017800"),
         "the right neighbour stands left of the left one, each in its own block"),
    Case("same neighbour on both sides", "diverged",
         _hex("01019101000401047465787402616100", "01019101028491010103e8aa9e00",
              "0101c3e8dbe00b00c491010291010204f09f988000"), "nothing fits between a block and itself"),
    Case("resent block cut inside a character", "differs",
         (TYPED, Update([Section(1, 0, [wire.string("\U0001f600b")])]).encode()),
         "only its second half is new", yjs="a\ufffdb"),
)  # fmt: skip
