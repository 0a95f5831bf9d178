"""What somebody brought to a page of imports: kept until it is imported, for a day at most.

In the database, since the next request may reach another worker; in pieces, so that none of them is
long. It belongs to one person in one workspace, who has one at a time that waits.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any
from uuid import UUID

from app.access.permissions import Permission
from app.access.principal import Principal
from app.db.engine import Database
from app.domain.exchange import queries
from app.domain.exchange.errors import ImportNotFound, ImportRuns
from app.domain.exchange.models import Import, ImportPiece
from app.errors import Unauthenticated
from app.kit import clock
from app.kit.ids import new_id

COMING, READY, RUNNING, STOPPED, FAILED, DONE = (
    "coming",
    "ready",
    "running",
    "stopped",
    "failed",
    "done",
)
STATES = (COMING, READY, RUNNING, STOPPED, FAILED, DONE)
CAN_BEGIN = (READY, STOPPED, FAILED)
PASTED = "pasted"  # the file that was no file
KEPT = timedelta(days=1)
SILENT = timedelta(seconds=20)  # from then on the process that imported is taken for dead
PIECE = 1024 * 1024
_AT_ONCE = 4  # whole pieces in a transaction
_MOST_AT_ONCE = 200  # of small files
_IN_MEMORY = 1024 * 1024
MOST_NAMED = 20  # files without a prompt


@dataclass(frozen=True, slots=True)
class Brought:
    """A file as it came."""

    name: str
    data: IO[bytes]
    is_packed: bool = False  # in a ZIP; its name is a path there
    passed: Sequence[str] | None = None  # of a ZIP itself: its files that hold no prompt

    @property
    def row(self) -> dict[str, Any]:
        """As `Import.files` has it."""
        made = {"name": self.name, "size": 0, "format": "", "is_out": self.passed is not None}
        if self.passed is not None:
            made |= {"passed": list(self.passed[:MOST_NAMED]), "others": len(self.passed)}
        return made | {"is_packed": self.is_packed}


class Uploads:
    """The caller's own."""

    def __init__(self, database: Database, caller: Principal) -> None:
        caller.require(Permission.PROMPTS_WRITE)
        if caller.user_id is None:  # pages are for people; keys cannot get here
            raise Unauthenticated("Sign in to see this page.")
        self._database = database.within(caller)
        self._caller = caller
        self._user_id = caller.user_id

    async def keep(self, files: Sequence[Brought]) -> UUID:
        """In place of what waited before. It is `coming` until its preview is made."""
        made = Import(
            id=new_id(),
            workspace_id=self._caller.workspace_id,
            user_id=self._user_id,
            created_at=clock.utc_now(),
            state=COMING,
            files=[],
            conflict="skip",
            choices={},
            preview={},
            result={},
            done=0,
            total=0,
            beat_at=None,
        )
        async with self._database.transaction() as tx:
            await queries.forget_imports(tx, self._caller, self._user_id, (COMING, READY, FAILED))
            tx.add(made)
        made.files = [one.row for one in files]
        for number, some in _in_batches(files):
            async with self._database.transaction() as tx:
                for offset, (file, data) in enumerate(some):
                    tx.add(self._piece(made.id, number + offset, file, data))
                    made.files[file]["size"] += len(data)
        await self.change(made.id, files=made.files)
        return made.id

    async def all(self) -> Sequence[Import]:
        async with self._database.transaction(write=False) as tx:
            return await queries.imports_of(tx, self._caller, self._user_id)

    async def open(self, import_id: UUID) -> Import:
        """Raises `ImportNotFound`."""
        async with self._database.transaction(write=False) as tx:
            found = await queries.import_of(tx, self._caller, self._user_id, import_id)
        if found is None or found.created_at < clock.utc_now() - KEPT:
            raise ImportNotFound("It was imported or thrown away a day ago at most. Begin again.")
        return found

    async def change(self, import_id: UUID, **values: Any) -> None:
        async with self._database.transaction() as tx:
            await queries.change_import(tx, self._caller, import_id, values)

    async def claim(self, import_id: UUID, **values: Any) -> bool:
        """Whether it is this process that imports it from now on."""
        now = clock.utc_now()
        values |= {"state": RUNNING, "beat_at": now, "done": 0, "result": {}}
        async with self._database.transaction() as tx:
            return await queries.claim_import(
                tx, self._caller, import_id, CAN_BEGIN, now - SILENT, values
            )

    async def finish(self, import_id: UUID, **values: Any) -> None:
        """It is done: what was brought is of no more use."""
        async with self._database.transaction() as tx:
            await queries.change_import(tx, self._caller, import_id, {**values, "state": DONE})
            await queries.drop_pieces(tx, self._caller, import_id)

    async def discard(self, import_id: UUID) -> None:
        """Raises `ImportNotFound`, `ImportRuns`."""
        if is_alive(await self.open(import_id)):
            raise ImportRuns("It is being imported just now. Wait until it is done.")
        async with self._database.transaction() as tx:
            await queries.drop_import(tx, self._caller, import_id)

    @asynccontextmanager
    async def contents(self, kept: Import) -> AsyncGenerator[list[Brought], None]:
        """Its files, on this machine's disk for as long as the block runs; no path leads there."""
        with ExitStack() as stack:
            files = [
                Brought(one["name"], stack.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY)))
                for one in kept.files
            ]
            last = -1
            while True:
                async with self._database.transaction(write=False) as tx:
                    found = await queries.pieces(tx, self._caller, kept.id, last, _AT_ONCE)
                if not found:
                    break
                for piece in found:
                    files[piece.file].data.write(piece.data)
                last = found[-1].number
            for one in files:
                one.data.seek(0)
            yield files

    def _piece(self, import_id: UUID, number: int, file: int, data: bytes) -> ImportPiece:
        return ImportPiece(
            import_id=import_id,
            number=number,
            workspace_id=self._caller.workspace_id,
            file=file,
            data=data,
        )


def is_alive(kept: Import) -> bool:
    """Whether some process is at it just now."""
    is_heard = kept.beat_at is not None and kept.beat_at > clock.utc_now() - SILENT
    return kept.state == RUNNING and is_heard


def _in_batches(files: Sequence[Brought]) -> Iterator[tuple[int, list[tuple[int, bytes]]]]:
    """Pieces, each with its file's place, as many as go into a transaction; and their number."""
    number, batch, size = 0, list[tuple[int, bytes]](), 0
    for file, one in enumerate(files):
        while data := one.data.read(PIECE):
            batch.append((file, data))
            size += len(data)
            if size >= _AT_ONCE * PIECE or len(batch) >= _MOST_AT_ONCE:
                yield number, batch
                number, batch, size = number + len(batch), [], 0
    if batch:
        yield number, batch
