"""The client for programs with an event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar
from uuid import UUID

from app.sdk import api, snapshot
from app.sdk.api import Call
from app.sdk.cache import Cache, Key
from app.sdk.errors import (
    ClientClosed,
    Conflict,
    NotFound,
    PromptroomError,
    ServerFailed,
    Unreachable,
)
from app.sdk.keeper import Keeper
from app.sdk.transport import Transport
from app.sdk.types import Freshness, Prompt

if TYPE_CHECKING:
    from app.sdk.rooms import Room

log = logging.getLogger("promptroom")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`snapshot`: a file for the last known prompts. `poll_seconds`: if there is no stream."""

    snapshot: str | Path | None = None
    timeout: float = 5.0
    poll_seconds: float = 5.0
    on_change: Callable[[Prompt], None] | None = None
    on_freshness: Callable[[Freshness], None] | None = None


class AsyncPromptroom:
    """`async with AsyncPromptroom(url, key) as room: await room.get("support/triage")`."""

    def __init__(
        self, url: str, key: str, options: Options | None = None, *, cache: Cache | None = None
    ) -> None:
        self._url, self._key = url.rstrip("/"), key
        self._options = options or Options()
        self._cache = cache if cache is not None else remembered(self._url, key, self._options)
        self._transport: Transport | None = None
        self._keeper: Keeper | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._asking: dict[Key, asyncio.Task[Prompt]] = {}
        self._is_closed = False

    async def __aenter__(self) -> Self:
        self._begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def freshness(self) -> Freshness:
        return self._cache.freshness

    async def get(
        self,
        name: str,
        label: str | None = None,
        *,
        version: int | None = None,
        sticky_key: str = "",
        fallback: Prompt | str | None = None,
    ) -> Prompt:
        """The released prompt: from memory, where the change stream keeps it true.

        `sticky_key` says for whom, where a label splits: the same key always gets the same
        version, and no key the standing one. While the server is away the last known one comes,
        and says `is_stale`; `fallback` is for a prompt that was never seen. Raises
        `PromptroomError`.
        """
        transport = self._begin()
        key = key_of(name, label, version, sticky_key)
        if (found := self._cache.get(key)) is not None:
            return found
        try:
            return await self._ask(transport, key)
        except (Unreachable, ServerFailed, NotFound) as error:
            return instead(self._cache, key, error, fallback)

    async def bundle(
        self, names: Iterable[str], label: str | None = None, *, sticky_key: str = ""
    ) -> dict[str, Prompt]:
        """Several prompts by one label. Raises `PromptroomError` if one is not there."""
        wanted = list(dict.fromkeys(names))
        found = await asyncio.gather(
            *(self.get(name, label, sticky_key=sticky_key) for name in wanted)
        )
        return dict(zip(wanted, found, strict=True))

    async def preload(self, label: str = "production") -> int:
        """Have everything under a label in memory, a hundred to a request; how much that is.

        From then on nobody waits for a prompt of it. Raises `PromptroomError`.
        """
        transport, count, cursor = self._begin(), 0, ""
        # What comes before the stream has begun would be asked for again, one by one.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._options.timeout):
                while self._cache.state == "starting":  # noqa: ASYNC110  # it is of no loop
                    await asyncio.sleep(0.02)
        while True:
            changes = self._cache.changes
            prompts, cursor = await transport.page(label, cursor)
            for prompt in prompts:
                self._cache.put(key_of(prompt.name, label, None), prompt, changes)
            count += len(prompts)
            if not cursor:
                return count

    async def call(self, call: Call[T]) -> T:
        """One call of `app.sdk.api`. Raises `PromptroomError`."""
        answer: T = await self._begin().call(call)
        return answer

    async def room(self, prompt: str) -> Room:
        """The room in which a prompt is written live, by the prompt's id or name: `async with` it.

        Needs the extra `sdk-rooms`. Raises `PromptroomError`, also when there is no such prompt.
        """
        from app.sdk.rooms import Room  # noqa: PLC0415  # most programs do without its libraries

        found = await self.call(api.get_prompt(await self._id_of(prompt)))
        return Room(self._url, self._key, found["room"]["id"], timeout=self._options.timeout)

    async def close(self) -> None:
        """End the task and the connections, and write the snapshot."""
        self._is_closed = True
        tasks = [*self._asking.values(), *([self._keeping] if self._keeping else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._keeper is not None:
            await asyncio.to_thread(self._keeper.save)
        if self._transport is not None:
            await self._transport.close()

    async def _id_of(self, prompt: str) -> str:
        with suppress(ValueError):
            return str(UUID(prompt))
        cursor: dict[str, str] = {}
        while True:
            page = await self.call(api.list_prompts(q=prompt, limit=100, **cursor))
            for one in page["items"]:
                if one["name"] == prompt:
                    return one["id"]
            if not page["next_cursor"]:
                raise NotFound(404, {"code": "prompt_not_found", "detail": prompt}, None)
            cursor = {"cursor": page["next_cursor"]}

    def _begin(self) -> Transport:
        if self._is_closed:
            raise ClientClosed("This client is closed; make another one.")
        if self._transport is None:
            options = self._options
            self._transport = Transport(self._url, self._key, options.timeout)
            self._keeper = Keeper(
                self._cache,
                self._transport,
                poll_seconds=options.poll_seconds,
                on_change=options.on_change,
                on_freshness=options.on_freshness,
            )
            self._keeper.whose = snapshot.owner(self._url, self._key)
            self._keeper.path = Path(options.snapshot) if options.snapshot else None
            self._keeping = asyncio.create_task(self._keeper.run(), name="promptroom.keeper")
        return self._transport

    async def _ask(self, transport: Transport, key: Key) -> Prompt:
        """However many ask for the same at once, the server is asked once for each side of it."""
        while True:
            task = self._asking.get(key.address)
            if task is None:
                task = asyncio.create_task(self._fetch(transport, key))
                self._asking[key.address] = task
                task.add_done_callback(lambda _: self._asking.pop(key.address, None))
                return await asyncio.shield(task)
            with suppress(Conflict):  # of the other side, perhaps
                await asyncio.shield(task)
            if (found := self._cache.get(key)) is not None:
                return found

    async def _fetch(self, transport: Transport, key: Key) -> Prompt:
        is_known = bool(self._cache.etag(key))  # then there is something to serve instead
        changes = self._cache.changes
        try:
            found = await transport.fetch(key, "", is_patient=not is_known)
        except NotFound:
            self._cache.drop(key)
            raise
        assert found is not None, "without an ETag there is always a body"  # noqa: S101
        return self._cache.put(key, found, changes) or found


def remembered(url: str, key: str, options: Options) -> Cache:
    """A cache with what an earlier process knew."""
    cache = Cache()
    if options.snapshot is not None:
        whose = snapshot.owner(url.rstrip("/"), key)
        for one, prompt in snapshot.load(Path(options.snapshot), whose):
            cache.remember(one, prompt)
    return cache


def key_of(name: str, label: str | None, version: int | None, sticky: str = "") -> Key:
    """Raises `ValueError`."""
    if version is not None and label is not None:
        raise ValueError("Give a label or a version, not both.")
    if version is not None:
        return Key(name, None, version, sticky)
    return Key(name, label or "production", None, sticky)


def instead(
    cache: Cache, key: Key, error: PromptroomError, fallback: Prompt | str | None
) -> Prompt:
    """What is served when the server gives nothing. Raises `error` if there is nothing."""
    if (known := cache.last_known(key)) is not None:
        return known
    if fallback is None:
        raise error
    log.warning("the fallback of %s is used: %s", key.name, error)
    return Prompt.fallback(key.name, fallback)
