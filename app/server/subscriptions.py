"""Map 2: which event wakes which reaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from app.db.engine import Database
from app.domain.inbox.reactions import FLUSH_SECONDS as FOLLOW_SECONDS
from app.domain.inbox.reactions import WritersFollow
from app.domain.prompts.reactions import FLUSH_SECONDS, EditedAt
from app.domain.rooms.hub.hub import Hub
from app.domain.search.indexer import Indexer
from app.domain.search.reactions import (
    LOOK_SECONDS,
    SWEEP_AFTER,
    SWEEP_SECONDS,
    LiveTexts,
    sweep,
    work_off,
)
from app.domain.versions.reactions import ROUND_SECONDS, AutomaticCheckpoints
from app.domain.versions.service import Checkpoints
from app.kit import garbage
from app.kit.supervise import Supervisor
from app.server.wiring.search import LiveRooms


@asynccontextmanager
async def subscribed(
    hub: Hub, database: Database, tasks: Supervisor, indexer: Indexer
) -> AsyncGenerator[None, None]:
    """The reactions, connected for as long as the block runs."""
    # everywhere: the engine announces rooms of every workspace
    anywhere = database.everywhere()
    edits = EditedAt(anywhere)
    checkpoints = AutomaticCheckpoints(Checkpoints(anywhere, hub))
    follow = WritersFollow(anywhere)
    sweeper = garbage.Sweeper()
    rooms = LiveRooms(hub)
    texts = LiveTexts(indexer, rooms)

    async def sweep_on() -> None:
        await asyncio.sleep(SWEEP_AFTER)
        while True:
            await sweep(anywhere, indexer, rooms)
            await asyncio.sleep(SWEEP_SECONDS)

    hub.on_changed += [edits.note, checkpoints.edited, texts.note, follow.note, sweeper.disturb]
    hub.on_idle.append(checkpoints.paused)
    hub.on_left.append(checkpoints.left)
    tasks.every("prompts.edited_at", FLUSH_SECONDS, edits.flush)
    tasks.every("inbox.writers_follow", FOLLOW_SECONDS, follow.flush)
    tasks.every("versions.checkpoints", ROUND_SECONDS, checkpoints.look)
    tasks.every("search.texts", LOOK_SECONDS, texts.look)
    tasks.every("search.queue", 2 * LOOK_SECONDS, lambda: work_off(indexer))
    tasks.keep("search.sweep", sweep_on)
    tasks.every("garbage", garbage.ROUND_SECONDS, sweeper.look)
    try:
        yield
    finally:
        await edits.flush()
        await follow.flush()
        await texts.flush()
