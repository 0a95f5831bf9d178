"""Whether the process lives, whether it should be sent people, and its figures."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import cache
from typing import Any

from litestar import Response, get
from litestar.datastructures import State
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from app.db import job_runs, migrate
from app.db.engine import Database
from app.server import jobs
from app.server.monitoring import figures
from app.server.schedule import schedule_of
from app.settings import Settings

DISK_FREE_BYTES = 100 * 1024 * 1024  # below it the journal may soon be unable to grow
_PATIENCE_SECONDS = 2.0  # a part that answers later counts as one that does not answer

_NOT_CACHED = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that readiness depends on."""

    ok: bool
    detail: str = ""


_DISPENSABLE = frozenset({"bus"})
_DRAINING = Part(ok=False, detail="this server is about to stop")


@get("/health/live", opt={"public": True}, include_in_schema=False)
async def live() -> Response[dict[str, Any]]:
    """The event loop turns; nothing else is asked."""
    return Response({"status": "ok"}, headers=_NOT_CACHED)


@get("/health/ready", opt={"public": True}, include_in_schema=False)
async def ready(state: State) -> Response[dict[str, Any]]:
    """200 when people can work, else 503 naming what fails.

    Without its bus a worker is degraded: others' edits reach it a second later, by the database.
    That is still 200, or the loss of Redis would have a proxy send away workers that all work.
    """
    is_draining = bool(state.get("is_draining"))
    parts = {"worker": _DRAINING} if is_draining else await examine(state)
    failing = [name for name, part in parts.items() if not part.ok]
    is_unavailable = any(name not in _DISPENSABLE for name in failing)
    status = "unavailable" if is_unavailable else "degraded" if failing else "ok"
    content = {
        "status": "draining" if is_draining else status,
        "failing": failing,
        "parts": {name: {"ok": part.ok, "detail": part.detail} for name, part in parts.items()},
    }
    return Response(content, status_code=503 if is_unavailable else 200, headers=_NOT_CACHED)


@get("/metrics", opt={"public": True}, include_in_schema=False)
async def metrics(state: State) -> Response[bytes]:
    """Figures of all workers, and of the jobs, in Prometheus's text format."""
    own, of_jobs = await asyncio.gather(asyncio.to_thread(figures.latest), _of_jobs(state))
    return Response(own + of_jobs, media_type=CONTENT_TYPE_LATEST, headers=_NOT_CACHED)


async def _of_jobs(state: State) -> bytes:
    """Nothing rather than an error while the database does not answer."""
    if "database" not in state:
        return b""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            async with state.database.transaction(write=False) as tx:
                runs = await job_runs.all_runs(tx)
        return figures.text(jobs.figures(runs, schedule_of(state.settings)))
    except (SQLAlchemyError, OSError, TimeoutError):
        return b""


ROUTES = [live, ready, metrics]


async def examine(state: State) -> dict[str, Part]:
    """Every part, looked at now."""
    database: Database = state.database
    reachable, migrated = await asyncio.gather(
        _in_time(_database(database)), _in_time(_migrations(database))
    )
    return {
        "database": reachable,
        "migrations": migrated,
        "bus": Part(state.bus.is_healthy, "" if state.bus.is_healthy else "not connected"),
        "disk": _disk(state.settings),
        "journal": _journal(state.hub),
    }


async def _in_time(check: Awaitable[Part]) -> Part:
    try:
        return await asyncio.wait_for(check, _PATIENCE_SECONDS)
    except TimeoutError:
        return Part(ok=False, detail=f"no answer within {_PATIENCE_SECONDS:.0f} seconds")


async def _database(database: Database) -> Part:
    is_there = await database.is_reachable()
    return Part(is_there, "" if is_there else "does not answer")


async def _migrations(database: Database) -> Part:
    try:
        current = await migrate.current(database)
    except (SQLAlchemyError, OSError):
        return Part(ok=False, detail="the database does not answer")
    return _schema(current)


@cache  # reads the migrations' files, which do not change while we run
def _schema(current: str) -> Part:
    newest = migrate.newest()
    if migrate.suits(current):
        newer = "" if current == newest else f", newer than this release's {newest}"
        return Part(ok=True, detail=f"{current}{newer}")
    return Part(ok=False, detail=f"at {current or 'nothing'}, this release needs {newest}")


def _disk(settings: Settings) -> Part:
    try:
        free = shutil.disk_usage(settings.data_dir).free
    except OSError as error:
        return Part(ok=False, detail=error.strerror or "the data directory cannot be read")
    return Part(free >= DISK_FREE_BYTES, f"{free // (1024 * 1024):,} MB free")


def _journal(hub: Any) -> Part:
    fields = hub.storage_fields()
    return Part(bool(fields["ok"]), str(fields["cause"] or ""))
