"""Map 2: which event wakes which reaction."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from app.db.engine import Database
from app.domain.prompts.reactions import FLUSH_SECONDS, EditedAt
from app.domain.rooms.hub import Hub
from app.domain.versions.reactions import ROUND_SECONDS, AutomaticCheckpoints
from app.domain.versions.service import Checkpoints
from app.kit import garbage
from app.kit.supervise import Supervisor


@asynccontextmanager
async def subscribed(hub: Hub, database: Database, tasks: Supervisor) -> AsyncGenerator[None, None]:
    """The reactions, connected for as long as the block runs."""
    # everywhere: the engine announces rooms of every workspace
    anywhere = database.everywhere()
    edited_at = EditedAt(anywhere)
    checkpoints = AutomaticCheckpoints(Checkpoints(anywhere, hub))
    sweeper = garbage.Sweeper()
    hub.on_changed += [edited_at.note, checkpoints.edited, sweeper.disturb]
    hub.on_idle.append(checkpoints.paused)
    hub.on_left.append(checkpoints.left)
    tasks.every("prompts.edited_at", FLUSH_SECONDS, edited_at.flush)
    tasks.every("versions.checkpoints", ROUND_SECONDS, checkpoints.look)
    tasks.every("garbage", garbage.ROUND_SECONDS, sweeper.look)
    try:
        yield
    finally:
        await edited_at.flush()
