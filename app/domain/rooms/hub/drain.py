"""Leaving in order: send everyone elsewhere, spread out, and go only when all is on disk."""

from __future__ import annotations

import asyncio
import random

import structlog

from app.domain.rooms.hub.hub import Hub
from app.domain.rooms.wire import protocol
from app.domain.rooms.wire.protocol import CloseCode

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 20.0  # beyond it the process is ended; what is not on disk is in the clients
PER_SECOND = 100  # people that come back at once, on average


async def drain(hub: Hub) -> None:
    """Take nobody new in, close every socket with a time to come back, write what is queued."""
    hub.is_draining = True
    members = [member for open_ in hub.rooms.values() for member in open_.room.members]
    spread = max(500, len(members) * 1000 // PER_SECOND)
    for member in members:
        member.send_ours(protocol.drain(random.randrange(100, spread)))  # noqa: S311  # jitter
        member.close(CloseCode.RESTART)
    await asyncio.wait((asyncio.ensure_future(hub.journal.flush()),), timeout=FLUSH_SECONDS)
    log.info("rooms.drained", sockets=len(members), unwritten=hub.journal.backlog)
