"""Checkpoints: when writing pauses, while it goes on, and when the last one leaves."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

import structlog

from app.domain.versions.service import Checkpoints

log = structlog.get_logger(__name__)

ACTIVE_SECONDS = 600.0  # of activity, after which a checkpoint is due
ROUND_SECONDS = 30.0


class AutomaticCheckpoints:
    """Listens to the live engine; pauses and leaving are its word, activity is counted here."""

    def __init__(self, checkpoints: Checkpoints, now: Callable[[], float] = time.monotonic) -> None:
        self._checkpoints = checkpoints
        self._now = now
        self._since: dict[UUID, float] = {}  # the first edit after the last checkpoint

    def edited(self, document_id: UUID, _actor: str) -> None:
        self._since.setdefault(document_id, self._now())

    async def paused(self, document_id: UUID) -> None:
        await self._take(document_id, "idle")

    async def left(self, document_id: UUID) -> None:
        await self._take(document_id, "leave")

    async def look(self) -> None:
        """Take what is due. One that fails is tried again in the next round."""
        now = self._now()
        due = [room for room, since in self._since.items() if now - since >= ACTIVE_SECONDS]
        for document_id in due:
            try:
                await self._take(document_id, "active")
            except Exception:
                log.exception("checkpoint.failed", room=str(document_id))

    async def _take(self, document_id: UUID, reason: str) -> None:
        since = self._since.pop(document_id, None)
        try:
            await self._checkpoints.take(document_id, reason)
        except Exception:
            if since is not None:
                self._since.setdefault(document_id, since)
            raise
