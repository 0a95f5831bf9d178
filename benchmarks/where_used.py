"""Where a prompt is used, among 10,000 prompts, on both databases: without HTTP and pages.

Every prompt has three versions and includes one prompt that all have, and one of five hundred that
twenty have each; one of those answers to two of their names. Beside the figures the plans of
PostgreSQL: what they scan and sort is how the times grow.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event, insert, text

from app.db import migrate
from app.db.engine import Database
from app.domain.composition import renaming
from app.domain.composition.guarding import Guard
from app.domain.composition.models import Inclusion
from app.domain.composition.service import Composition
from app.domain.prompts.models import Branch, OldName, Prompt
from app.domain.rooms.models import Document
from app.domain.versions.models import Label, Version
from app.kit import clock
from app.kit.ids import new_id
from benchmarks.figures import Figures, Goal, lines, percentile
from tests.support.builders import MadePrompt, Quiet, a_prompt, a_workspace, as_member
from tests.support.services import PostgresServer

PROMPTS = 10_000
VERSIONS = 3
GROUPS = 500
_ROUNDS = 30
_AT_ONCE = 1000  # prompts inserted with one statement for each table
_LIMIT = 50.0  # ms: a page that somebody waits for
_JUDGED = 1000.0  # ms: two hundred dependants composed, once for each move


async def run(repeat: int, *, on_postgres: bool) -> None:
    name = "PostgreSQL" if on_postgres else "SQLite"
    print(f"\nWhere used, {PROMPTS:,} prompts on {name}, in the process", flush=True)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="promptroom-bench-"))
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        if on_postgres:
            url = stack.enter_context(PostgresServer()).url
        database = Database(url).everywhere()
        await migrate.upgrade(database)
        found, plans = await _measured(database, repeat, explains=on_postgres)
        await database.close()
    goals = {
        what: Goal(_JUDGED if "judged" in what else _LIMIT)
        for what in found[0]
        if what.endswith("p95, ms")
    }
    print(lines(found, [], goals), flush=True)
    for plan in plans:
        print(plan, flush=True)


async def _measured(
    database: Database, repeat: int, *, explains: bool
) -> tuple[list[Figures], list[str]]:
    place = await a_workspace(database)
    caller = await as_member(database, place, place.owner)
    everybodys = await a_prompt(database, place, "house/everybody")
    some = await a_prompt(database, place, "house/some-0")
    unused = await a_prompt(database, place, "house/unused")
    begun = time.perf_counter()
    async with database.transaction() as tx:
        for start in range(0, PROMPTS, _AT_ONCE):
            for model, rows in _rows(place.id, start):
                # unscoped: the rows carry the workspace themselves
                await tx.execute(insert(model), rows)
        tx.add(
            OldName(
                workspace_id=place.id,
                name="house/some-1",
                prompt_id=some.id,
                renamed_by=caller.actor,
                renamed_at=clock.utc_now(),
            )
        )
    if explains:
        async with database.engine.begin() as connection:
            await connection.execute(text("ANALYZE"))
    print(f"  filled in {time.perf_counter() - begun:.0f} s", flush=True)

    def asked(made: MadePrompt) -> dict[str, Callable[[Any], Awaitable[Any]]]:
        return {
            "first page": lambda tx: Composition(tx, caller, Quiet()).dependants(made.id, 50, None),
            "counted": lambda tx: Composition(tx, caller, Quiet()).count(made.id),
            "a move judged": lambda tx: Guard().problems(tx, caller, made.id, "production"),
            "old names": lambda tx: renaming.outdated(tx, caller, made.id, 50),
        }

    figures: list[Figures] = []
    plans: list[str] = []
    for _ in range(repeat):
        told: dict[str, float] = {}
        for who, made in (("all", everybodys), ("forty", some), ("nobody", unused)):
            for what, ask in asked(made).items():
                took = [await _timed(database, ask) for _ in range(_ROUNDS)]
                told[f"by {who}, {what} p50, ms"] = percentile(took, 0.50)
                told[f"by {who}, {what} p95, ms"] = percentile(took, 0.95)
                if explains and not figures:
                    plans += await _plans(database, f"by {who}, {what}", ask)
        figures.append(told)
    return figures, plans


async def _timed(database: Database, ask: Callable[[Any], Awaitable[Any]]) -> float:
    begun = time.perf_counter()
    async with database.transaction(write=False) as tx:
        await ask(tx)
    return (time.perf_counter() - begun) * 1000


async def _plans(database: Database, what: str, ask: Callable[[Any], Awaitable[Any]]) -> list[str]:
    """What PostgreSQL does for each statement about `inclusions`, the slow ones whole."""
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "inclusions" in statement and statement.lstrip().startswith("SELECT"):
            seen.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)  # reading has an engine of its own
    try:
        await _timed(database, ask)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    told = []
    async with database.engine.connect() as connection:
        for statement, parameters in seen:
            explained = await connection.exec_driver_sql(
                f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters
            )
            plan = [str(row[0]) for row in explained]
            millis = float(plan[-1].split()[-2])
            whole = "\n    ".join(plan) if millis > 5 else plan[0].strip()
            told.append(f"  {what}: {millis:.1f} ms\n    {whole}")
    return told


def _rows(workspace_id: UUID, start: int) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    now = clock.utc_now()
    made = [(number, new_id(), new_id()) for number in range(start, start + _AT_ONCE)]
    common = {"workspace_id": workspace_id}
    settings: dict[str, Any] = {"config": {}, "variables": [], "template_format": "mustache"}
    yield (
        Document,
        [common | {"id": room, "epoch": str(room), "created_at": now} for _, _, room in made],
    )
    yield (
        Prompt,
        [
            common
            | {
                "id": prompt,
                "name": f"folder-{number % 40}/prompt-{number:05}",
                "title": f"Prompt {number}",
                "description": "",
                "folder": "",
                "owner_id": None,
                "created_by": "server",
                "created_at": now,
                "edited_at": now - timedelta(seconds=number),
                "archived_at": None,
            }
            for number, prompt, _ in made
        ],
    )
    yield (
        Branch,
        [common | settings | {"id": r, "prompt_id": p, "name": "main"} for _, p, r in made],
    )
    versions = []
    for number, prompt, room in made:
        for version in range(1, VERSIONS + 1):
            body = f"{{{{> house/everybody}}}} {{{{> house/some-{number % GROUPS}}}}} {version}"
            versions.append(
                common
                | settings
                | {
                    "id": new_id(),
                    "prompt_id": prompt,
                    "room_id": room,
                    "number": version,
                    "text": body,
                    "content_sha256": "0" * 64,
                    "epoch": str(room),
                    "state": b"\0\0",
                    "state_vector": b"\0",
                    "author": "server",
                    "contributors": [],
                    "blame": None,
                    "message": "m",
                    "restored_from": None,
                    "created_at": now,
                }
            )
    yield Version, versions
    yield (
        Label,
        [
            common
            | {
                "prompt_id": one["prompt_id"],
                "name": "production",
                "version_id": one["id"],
                "number": VERSIONS,
                "moved_by": "server",
                "moved_at": now,
            }
            for one in versions
            if one["number"] == VERSIONS
        ],
    )
    yield (
        Inclusion,
        [
            common | {"prompt_id": prompt, "number": version, "name": name, "label": ""}
            for number, prompt, _ in made
            for version in range(VERSIONS + 1)  # 0 is the live text
            for name in ("house/everybody", f"house/some-{number % GROUPS}")
        ],
    )


async def run_all(only: str, repeat: int) -> None:
    """Scenarios are called where_used_10k_sqlite and where_used_10k_postgres."""
    for on_postgres in (False, True):
        if only in f"where_used_10k_{'postgres' if on_postgres else 'sqlite'}":
            await run(repeat, on_postgres=on_postgres)
