"""Keeps a cache true: listens to the change stream, asks again for what has changed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from app.sdk import snapshot, wire
from app.sdk.cache import Cache, Key
from app.sdk.errors import NotFound, PromptroomError, Unreachable
from app.sdk.transport import Transport
from app.sdk.types import Freshness, Prompt

log = logging.getLogger("promptroom")

AT_ONCE = 8  # requests
STREAM_AGAIN_SECONDS = 60.0  # a server without a stream may be replaced by one that has it
SOUND_SECONDS = 5.0  # what held for so long did not fail at its beginning
SAVE_SECONDS = 2.0  # the snapshot is written at most so often


class Keeper:
    """Two tasks of one event loop, from `run` until it is cancelled."""

    def __init__(
        self,
        cache: Cache,
        transport: Transport,
        *,
        poll_seconds: float,
        on_change: Callable[[Prompt], None] | None,
        on_freshness: Callable[[Freshness], None] | None,
    ) -> None:
        self._cache = cache
        self._transport = transport
        self._poll_seconds = poll_seconds
        self._on_change = on_change
        self._on_freshness = on_freshness
        self._last = ""  # event
        self._wake = asyncio.Event()
        self._said = cache.state
        self.path: Path | None = None
        self.whose = ""
        self._saved: list[tuple[Key, Prompt]] = []

    async def run(self) -> None:
        """Until cancelled: what ends it otherwise is said, and it begins again."""
        attempt = 0
        while True:
            began = time.monotonic()
            try:
                await self._keep()
            except Exception as error:
                log.exception("prompts are not kept fresh: it begins again")
                self._last = ""  # what it failed at may come again after the last event
                self._lost(Unreachable(f"it failed: {error!r}"))
            attempt = 0 if time.monotonic() - began > SOUND_SECONDS else attempt + 1
            await asyncio.sleep(wire.pause(attempt, least=0.1, most=30))

    async def _keep(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._look())
            if self.path is not None:
                tasks.create_task(self._save())

    # Listening

    async def _listen(self) -> None:
        attempt = 0
        while True:
            began, has_spoken = time.monotonic(), False
            error: PromptroomError = Unreachable("the change stream ended")
            try:
                async for event in self._transport.changes(self._last):
                    has_spoken = True
                    self._take(event)
            except NotFound:
                await self._poll()
                continue
            except PromptroomError as caught:
                error = caught
            # A server that is replaced is back at the first try; nothing is stale then.
            if not has_spoken:
                self._lost(error)
            elif time.monotonic() - began > SOUND_SECONDS:
                attempt = 0  # a stream that ends as soon as it began is not asked for at once
            await asyncio.sleep(wire.pause(attempt, least=0.05, most=2.0) if attempt else 0)
            attempt += 1

    def _take(self, event: wire.Event) -> None:
        if event.name in ("ready", "resync"):
            was_away = self._cache.state != "live"
            self._heard("live")
            if event.name == "resync" or not self._last or was_away:
                self._cache.look_at_all(is_outdated=event.name == "resync")
        elif event.name == "change":
            self._cache.changed(event.json())
            self._cache.heard()
        else:
            self._cache.heard()
        if event.name and event.id:
            self._last = event.id
        if event.name:
            self._wake.set()

    async def _poll(self) -> None:
        """The server has no stream."""
        self._last = ""
        for _ in range(max(1, round(STREAM_AGAIN_SECONDS / self._poll_seconds))):
            if self._cache.state in ("starting", "live"):
                self._heard("polling")
            self._cache.look_at_all(is_outdated=False)
            self._wake.set()
            await asyncio.sleep(self._poll_seconds)

    def _heard(self, state: str) -> None:
        self._cache.heard("live" if state == "live" else "polling")
        self._say()

    def _lost(self, error: PromptroomError) -> None:
        self._cache.lost(str(error))
        self._say()

    def _say(self) -> None:
        freshness = self._cache.freshness
        if freshness.state == self._said:
            return
        self._said = freshness.state
        if freshness.is_stale:
            log.warning("prompts may be stale: %s", freshness.error)
        else:
            log.info("prompts are kept fresh: %s", freshness.state)
        if self._on_freshness is not None:
            _safely(self._on_freshness, freshness)

    # Looking

    async def _look(self) -> None:
        few = asyncio.Semaphore(AT_ONCE)
        while True:
            self._wake.clear()
            due, wait = self._cache.due()
            await asyncio.gather(*(self._refresh(key, few) for key in due))
            if not due:
                # Not `wait_for`: until 3.12 that swallows a cancellation at the moment of the wake.
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()

    async def _refresh(self, key: Key, few: asyncio.Semaphore) -> None:
        async with few:
            changes, etag = self._cache.changes, self._cache.etag(key)
            before = self._cache.last_known(key)
            try:
                found = await self._transport.fetch(key, etag, is_patient=False)
            except NotFound:
                self._cache.drop(key)
                return
            except PromptroomError as error:
                self._cache.failed(key, wire.pause(self._cache.failures(key), least=0.25, most=5))
                if self._cache.state == "polling":
                    self._lost(error)
                return
            self._cache.put(key, found, changes)
            if not self._last and self._cache.state == "stale":
                self._heard("polling")
            if found is not None and is_other(found, before) and self._on_change is not None:
                _safely(self._on_change, found)

    # Remembering

    async def _save(self) -> None:
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            await asyncio.to_thread(self.save)

    def save(self) -> None:
        """Write the snapshot, if it would be another one."""
        prompts = self._cache.prompts()
        if self.path is None or prompts == self._saved:
            return
        try:
            snapshot.save(self.path, self.whose, prompts)
            self._saved = prompts
        except OSError as error:
            log.warning("the snapshot %s is not written: %s", self.path, error)


def is_other(found: Prompt, before: Prompt | None) -> bool:
    """Whether programs get something else now; what came in a bundle has no ETag to compare."""
    if before is None or found.etag == before.etag:
        return before is None
    return bool(before.etag) or replace(before, etag=found.etag, is_stale=False) != found


def _safely(callback: Callable[..., None], value: object) -> None:
    try:
        callback(value)
    except Exception:
        log.exception("a callback failed")
