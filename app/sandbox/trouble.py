"""Why a text cannot be read or rendered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Kind = Literal[
    "syntax",  # it cannot be read; publishing refuses it, too
    "missing",  # `names` have no value
    "undefined",  # a value has no such part
    "failed",  # what it does with these values is impossible, or not allowed here
    "large",  # it makes more text than an answer may have
    "costly",  # time, memory or depth ran out
]
_LONGEST = 300  # characters: messages of the interpreter may have a whole value in them


class Trouble(Exception):
    """`what` is a sentence for the text's author."""

    def __init__(
        self, kind: Kind, what: str, line: int | None = None, names: Sequence[str] = ()
    ) -> None:
        self.kind = kind
        self.what = what if len(what) <= _LONGEST else f"{what[:_LONGEST]}…"
        self.line = line
        self.names = list(names)
        super().__init__(f"Line {line}: {self.what}" if line else self.what)
