"""Imports in the background: people may leave the page, and the process may die.

Prompts are written fifty at a time, each whole or not at all. A process that dies leaves those that
it has written; who takes it up again finds them and goes on with the others.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.access.permissions import Permission
from app.access.principal import Person, Principal
from app.db.engine import Database
from app.domain.exchange.errors import ImportRefused, ImportRuns, ImportsBusy
from app.domain.exchange.imports import uploads
from app.domain.exchange.imports.deciding import Conflict, Item
from app.domain.exchange.imports.importing import Importer
from app.domain.exchange.imports.previewing import preview, wanted_files
from app.domain.exchange.imports.uploads import Brought, Uploads
from app.domain.exchange.missing import Missing
from app.domain.exchange.missing import told as told_of
from app.domain.exchange.models import Import
from app.domain.exchange.zipped import Reader
from app.domain.prompts.ports import Rooms
from app.domain.workspaces import service as workspaces
from app.errors import AppError, Forbidden
from app.kit import clock
from app.kit.bus import Bus
from app.web.event_stream import tell

log = structlog.get_logger(__name__)

AT_ONCE = 2  # imports in this process: SQLite admits one writer, and a core is soon full
WAITING = 20  # that wait for their turn, beside them
READING = 4  # bodies and previews at once, each with up to 32 MiB
READ_SECONDS = 120.0  # for a body to come and be read; over the API until it has to keep its pace
SLOWEST = 256 * 1024  # bytes a second over the API from then on: 1 GiB in an hour
BODIES = 8  # of programs that come in or wait for their turn: each with up to 1 GiB on the disk
CALLERS = 2  # programs whose files are imported at once; more of them only wait for each other
TURN_SECONDS = 30.0  # others wait so long
BEAT_SECONDS = 1.0
MOST_TOLD = 200  # prompts on the page of what came of it

Done = tuple[list[Item], list[Missing]]


@dataclass(slots=True)
class _Progress:
    done: int = 0
    before: int = 0  # of the files that are through
    why: AppError | None = None  # it was stopped

    def told(self, number: int) -> None:
        self.done = self.before + number


class _Places:
    """So many at once, and half of them at most for one workspace: the others get in, too."""

    def __init__(self, count: int) -> None:
        self._all = asyncio.Semaphore(count)
        self._half = count // 2
        self._of_one = WeakValueDictionary[UUID, asyncio.Semaphore]()

    @asynccontextmanager
    async def place(self, workspace_id: UUID) -> AsyncGenerator[None, None]:
        mine = self._of_one.setdefault(workspace_id, asyncio.Semaphore(self._half))
        async with mine, self._all:
            yield


class Imports:
    """Those of this process."""

    def __init__(self, database: Database, rooms: Rooms, bus: Bus) -> None:
        self._database = database
        self._rooms = rooms
        self._bus = bus
        self._turns = _Places(AT_ONCE)
        self._readers = _Places(READING)
        self._bodies = _Places(BODIES)
        self._callers = _Places(CALLERS)
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def reading(self, caller: Principal) -> AsyncGenerator[None, None]:
        """Among the few whose files are taken in. Raises `ImportsBusy` when that takes too long."""
        try:
            async with asyncio.timeout(READ_SECONDS), self._readers.place(caller.workspace_id):
                yield
        except TimeoutError as error:
            raise ImportsBusy("Too many files come in. Try again in a minute.") from error

    @asynccontextmanager
    async def arriving(self, caller: Principal) -> AsyncGenerator[None, None]:
        """Among the few whose bodies come in over the API, or lie there for their turn.

        Raises `ImportsBusy`.
        """
        async with self._entered(self._bodies, caller, TURN_SECONDS):
            yield

    @asynccontextmanager
    async def turn(self, caller: Principal) -> AsyncGenerator[None, None]:
        """Among the few that are imported while a program waits. Raises `ImportsBusy`."""
        async with self._entered(self._callers, caller, READ_SECONDS):
            yield

    @asynccontextmanager
    async def _entered(
        self, places: _Places, caller: Principal, seconds: float
    ) -> AsyncGenerator[None, None]:
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(seconds):
                    await stack.enter_async_context(places.place(caller.workspace_id))
            except TimeoutError as error:
                raise ImportsBusy(
                    "Many imports are waiting. Nothing came in; try again."
                ) from error
            yield

    async def look(self, caller: Principal, import_id: UUID) -> None:
        """Make the preview of what was brought."""
        mine = Uploads(self._database, caller)
        kept = await mine.open(import_id)
        async with mine.contents(kept) as files:
            importer = Importer(self._database, caller, self._rooms)
            told = await preview(importer, caller, kept.files, files)
        total = sum(told["counts"].values())
        await mine.change(import_id, preview=told, state=uploads.READY, total=total)

    async def start(
        self, caller: Principal, import_id: UUID, conflict: Conflict, choices: dict[str, Conflict]
    ) -> None:
        """Import it from now on. Raises `ImportNotFound`, `ImportRuns`, `ImportsBusy`."""
        mine = Uploads(self._database, caller)
        kept = await mine.open(import_id)
        if any(one["error"] for one in kept.preview.get("files", ())):
            raise ImportRefused("A file cannot be read. Mend it or leave it out; nothing came in.")
        if len(self._tasks) >= AT_ONCE + WAITING:
            raise ImportsBusy("Many imports are waiting. Nothing was imported; try again soon.")
        if not await mine.claim(import_id, conflict=conflict, choices=choices):
            raise ImportRuns("It is being imported, or is done.")
        task = asyncio.create_task(self._run(caller, mine, import_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """What runs is stopped between two batches, and says so."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, caller: Principal, mine: Uploads, import_id: UUID) -> None:
        progress = _Progress()
        work = asyncio.create_task(self._work(caller, mine, import_id, progress))
        beat = asyncio.create_task(self._beat(caller, mine, import_id, progress, work))
        try:
            await asyncio.wait((work,))
            await self._settle(mine, import_id, progress, work)
        except asyncio.CancelledError:  # the process goes
            work.cancel()
            await asyncio.wait((work,))
            await self._settle(mine, import_id, progress, work)
            raise
        finally:
            beat.cancel()
            self._tell(caller)

    async def _settle(
        self, mine: Uploads, import_id: UUID, progress: _Progress, work: asyncio.Task[Done]
    ) -> None:
        error = progress.why if work.cancelled() else work.exception()
        if error is None and not work.cancelled():
            items, missing = work.result()
            await mine.finish(import_id, done=len(items), result=_result(items, missing))
            return
        state = uploads.STOPPED if error is None else uploads.FAILED
        problem = error.detail if isinstance(error, AppError) else ""
        if error is not None and not problem:
            log.error("import.failed", error=type(error).__name__, exc_info=error)
        told = {"problem": problem}
        await mine.change(import_id, state=state, done=progress.done, result=told, beat_at=None)

    async def _work(
        self, caller: Principal, mine: Uploads, import_id: UUID, progress: _Progress
    ) -> Done:
        async with self._turns.place(caller.workspace_id):
            kept = await mine.open(import_id)
            choices: Any = kept.choices
            importer = Importer(self._database, caller, self._rooms, choices)
            async with mine.contents(kept) as files:
                items = await _all_of(importer, kept, files, progress)
            return items, await importer.missing()

    async def _beat(
        self,
        caller: Principal,
        mine: Uploads,
        import_id: UUID,
        progress: _Progress,
        work: asyncio.Task[Done],
    ) -> None:
        """Say how far it is, and stop for whoever may not write here any more."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._still_may(caller)
                await mine.change(import_id, done=progress.done, beat_at=clock.utc_now())
            except AppError as error:
                progress.why = error
                work.cancel()
                return
            except (SQLAlchemyError, OSError) as error:  # the import finds that itself
                log.warning("import.beat_failed", error=type(error).__name__)
            self._tell(caller)

    async def _still_may(self, caller: Principal) -> None:
        if caller.user_id is None:
            return
        person = Person(caller.user_id, caller.credential_id, caller.name, "", caller.hue)
        async with self._database.within(caller).transaction(write=False) as tx:
            member = await workspaces.enter_by_id(tx, person, caller.workspace_id)
        if not member.can(Permission.PROMPTS_WRITE):
            raise Forbidden("You may not write prompts here any more.")

    def _tell(self, caller: Principal) -> None:
        if caller.user_id is not None:
            tell(self._bus, caller.user_id, "import")


async def _all_of(
    importer: Importer, kept: Import, files: Sequence[Brought], progress: _Progress
) -> list[Item]:
    conflict: Any = kept.conflict
    archives, records = wanted_files(kept.files, files)
    # All files are read before any prompt is written.
    wanted = await importer.wanted(await asyncio.to_thread(records))
    readers = [await asyncio.to_thread(Reader, one.data, one.name) for one in archives]
    items = await importer.bring(wanted, conflict, done=progress.told)
    for reader in readers:
        progress.before = len(items)
        items += await importer.archive(reader, conflict, done=progress.told)
    return items


async def at_pace(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """`chunks` as they come. Raises `ImportsBusy` when they would hold a place for ever."""
    until = asyncio.get_running_loop().time() + READ_SECONDS
    while True:
        try:
            async with asyncio.timeout_at(until):
                chunk = await anext(chunks, None)
        except TimeoutError as error:
            raise ImportsBusy("It came in too slowly, and nothing was imported.") from error
        if chunk is None:
            return
        until += len(chunk) / SLOWEST
        yield chunk


def _result(items: Sequence[Item], missing: Sequence[Missing]) -> dict[str, Any]:
    found = Counter(one.action for one in items)
    told = [
        {"name": one.name, "action": one.action}
        for one in sorted(items, key=lambda one: one.action)
        if one.action in ("create", "update")
    ]
    return {"counts": dict(found), "items": told[:MOST_TOLD], "missing": told_of(missing)}
