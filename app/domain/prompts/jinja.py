"""Jinja texts, read and rendered where they cannot hurt anybody: see `app/sandbox/cell.py`."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from app.domain.prompts.errors import (
    TemplateFailed,
    TemplateInvalid,
    TemplatesBusy,
    TemplateTooCostly,
)
from app.errors import Invalid
from app.kit.cells import CellFailed, CellLate, Cells, CellsBusy
from app.sandbox.trouble import Trouble

CELLS = 2  # processes of this worker, some 20 MB each, started when they are first needed
SECONDS = 2.0  # by the clock; the process itself has half a second of the processor

# Without our environment and without what the working directory could bring in.
_MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from app.sandbox.cell import main; main()"
_ROOT = Path(__file__).resolve().parents[3]

Message = tuple[str, str]  # role, content


class _Told(msgspec.Struct, frozen=True):
    kind: Any
    what: str
    line: int | None = None
    names: list[str] = []


class _Answer(msgspec.Struct, frozen=True):
    names: list[str] = []
    messages: list[Message] = []
    trouble: _Told | None = None


class Jinja:
    """Asks the cells. `asker` is the workspace: one has one cell at most."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", "-X", "utf8", "-c", _MAIN, str(_ROOT)]
        self._cells = Cells(command, CELLS)
        self._decode = msgspec.json.Decoder(_Answer).decode

    async def names(self, asker: UUID, text: str) -> Sequence[str]:
        """The variables that `text` uses, in the order of their first use.

        Raises `TemplateInvalid`, `TemplateFailed`, `TemplateTooCostly`, `TemplatesBusy`.
        """
        try:
            return (await self._ask(asker, {"what": "check", "text": text})).names
        except Trouble as trouble:
            raise refusal(trouble) from trouble

    async def rendered(
        self,
        asker: UUID,
        text: str,
        values: Mapping[str, Any],
        absent: Collection[str],
        most: int,
    ) -> Sequence[Message]:
        """The messages that `text` makes of values, of at most so many characters.

        Names that are `absent` need no value. Raises `Trouble`, `TemplateTooCostly`,
        `TemplatesBusy`.
        """
        question = {
            "what": "render",
            "text": text,
            "values": values,
            "absent": list(absent),
            "most": most,
        }
        return (await self._ask(asker, question)).messages

    async def close(self) -> None:
        await self._cells.close()

    async def _ask(self, asker: UUID, question: dict[str, Any]) -> _Answer:
        try:
            answer = await self._cells.ask(asker, msgspec.json.encode(question), SECONDS)
            told = self._decode(answer)
        except CellLate as error:
            raise TemplateTooCostly("Rendering takes too long. Shorten its loops.") from error
        except (CellFailed, msgspec.DecodeError) as error:
            raise TemplateTooCostly("Rendering needs more than it may have.") from error
        except CellsBusy as error:
            raise TemplatesBusy("Too many are being rendered. Try again in a moment.") from error
        if told.trouble is not None:
            one = told.trouble
            raise Trouble(one.kind, one.what, one.line, one.names)
        return told


_KINDS: dict[str, type[Invalid]] = {"syntax": TemplateInvalid, "costly": TemplateTooCostly}


def refusal(trouble: Trouble) -> Invalid:
    """What is told about a text that cannot be read or rendered."""
    return _KINDS.get(trouble.kind, TemplateFailed)(str(trouble), line=trouble.line)
