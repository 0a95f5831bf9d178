"""The client for programs without an event loop: the other one, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Self, TypeVar

from app.sdk.aio import AsyncPromptroom, Options, key_of, remembered
from app.sdk.api import Call
from app.sdk.errors import ClientClosed
from app.sdk.types import Freshness, Prompt

T = TypeVar("T")
_CLOSE_SECONDS = 10.0


class Promptroom:
    """`Promptroom(url, key).get("support/triage").render(ticket="…")`.

    For any number of threads. A forked child goes on with what its parent knew and listens itself.
    """

    def __init__(self, url: str, key: str, options: Options | None = None) -> None:
        self._url, self._key = url, key
        self._options = options or Options()
        self._cache = remembered(url, key, self._options)
        self._is_closed = False
        self._lock = threading.Lock()
        self._inner: AsyncPromptroom | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        _CLIENTS.add(self)

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def freshness(self) -> Freshness:
        return self._cache.freshness

    def get(
        self,
        name: str,
        label: str | None = None,
        *,
        version: int | None = None,
        sticky_key: str = "",
        fallback: Prompt | str | None = None,
    ) -> Prompt:
        """As `AsyncPromptroom.get`. Raises `PromptroomError`."""
        if self._inner is None or self._is_closed:
            self._begin()
        found = self._cache.get(key_of(name, label, version, sticky_key))
        if found is not None:
            return found
        return self._run(
            lambda one: one.get(
                name, label, version=version, sticky_key=sticky_key, fallback=fallback
            )
        )

    def bundle(
        self, names: Iterable[str], label: str | None = None, *, sticky_key: str = ""
    ) -> dict[str, Prompt]:
        """Several prompts by one label. Raises `PromptroomError`."""
        return self._run(lambda one: one.bundle(names, label, sticky_key=sticky_key))

    def preload(self, label: str = "production") -> int:
        """As `AsyncPromptroom.preload`. Raises `PromptroomError`."""
        return self._run(lambda one: one.preload(label))

    def call(self, call: Call[T]) -> T:
        """One call of `app.sdk.api`. Raises `PromptroomError`."""
        return self._run(lambda one: one.call(call))

    def close(self) -> None:
        """End the thread and the connections, and write the snapshot."""
        with self._lock:
            self._is_closed = True
            inner, loop, thread = self._inner, self._loop, self._thread
            self._inner = None
        if inner is None or loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(inner.close(), loop).result(_CLOSE_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CLOSE_SECONDS)

    def _begin(self) -> tuple[AsyncPromptroom, asyncio.AbstractEventLoop]:
        with self._lock:
            if self._is_closed:
                raise ClientClosed("This client is closed; make another one.")
            if self._inner is None or self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._inner = AsyncPromptroom(
                    self._url, self._key, self._options, cache=self._cache
                )
                self._thread = threading.Thread(
                    target=_turn, args=(self._loop,), name="promptroom", daemon=True
                )
                self._thread.start()
                asyncio.run_coroutine_threadsafe(self._inner.__aenter__(), self._loop)
            return self._inner, self._loop

    def _run(self, work: Callable[[AsyncPromptroom], Coroutine[Any, Any, T]]) -> T:
        inner, loop = self._begin()
        return asyncio.run_coroutine_threadsafe(work(inner), loop).result()

    def after_fork(self) -> None:
        """In the child: the parent's thread is not here, its sockets are the parent's."""
        # Kept, so that nothing of it is finalised: that would speak on the parent's connections.
        _PARENTS.append((self._inner, self._loop))
        self._lock = threading.Lock()
        self._inner = self._loop = self._thread = None
        self._cache.after_fork()


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


_CLIENTS: weakref.WeakSet[Promptroom] = weakref.WeakSet()
_PARENTS: list[object] = []


def _after_fork() -> None:
    for client in list(_CLIENTS):
        client.after_fork()


os.register_at_fork(after_in_child=_after_fork)
