"""A room as a program is in it: the text live, edits that are kept until they are on disk.

Needs `pycrdt` and `websockets` (the extra `sdk-rooms`). docs/protocol.md says what is spoken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Self

from app.sdk.errors import ClientClosed, RoomReadOnly
from app.sdk.replica import changes
from app.sdk.room_connection import Connection


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the room, person or key. `state` is what their client shows, with the cursor."""

    id: str
    name: str
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """How the text has changed since the last one: at `start`, `removed` went and `added` came."""

    text: str
    start: int
    removed: str
    added: str


class Room(Connection):
    """`async with Room(url, key, room_id) as room: await room.insert(0, "Hello ")`.

    Of one event loop. `ticket` gives a fresh one for each connection, instead of a key.
    """

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None and self._failure is None:
                await self._until(lambda: self._saved >= self._made, "the edits are not saved")
        finally:
            await self.close()

    async def open(self) -> None:
        """Join, and wait for the text. Raises `RoomError`, `Unreachable`."""
        self._task = asyncio.create_task(self._stay(), name="promptroom.room")
        try:
            await self._until(lambda: self._is_in_step, "the room does not answer")
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Leave. What is not saved is not waited for."""
        self._failure = self._failure or ClientClosed("This room is closed; open another one.")
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._tell()

    # The text

    @property
    def text(self) -> str:
        return self._replica.text

    @property
    def is_connected(self) -> bool:
        return self._is_in_step

    @property
    def unsaved(self) -> int:
        """How many edits are not known to be on the server's disk."""
        return self._made - self._saved

    async def insert(self, index: int, text: str) -> None:
        """Raises `RoomReadOnly`, and why the room has ended."""
        await self.replace(index, index, text)

    async def delete(self, start: int, end: int) -> None:
        await self.replace(start, end, "")

    async def replace(self, start: int, end: int, text: str) -> None:
        """Put `text` in the place of text[start:end], at once here, and soon for everybody.

        Without a connection it is kept, and arrives once when there is one again.
        """
        if self._failure is not None:
            raise self._failure
        if not self._can_write:
            raise RoomReadOnly("This key may read the room and not write in it.")
        self._check(start, end, text)
        self._made += 1
        self._replica.edit(self._made, start, end, text)
        self._wake.set()
        await asyncio.sleep(0)  # who edits in a loop lets the connection work

    async def saved(self) -> None:
        """Wait until every edit so far is on the server's disk, however long it is away."""
        wanted = self._made
        await self._until(lambda: self._saved >= wanted)

    def __aiter__(self) -> AsyncIterator[Change]:
        """One for each time others change the text, until the room is closed.

        What came while you were busy comes as one, with your own edits among it.
        """
        return self._changes(self._told, self.text)

    async def _changes(self, told: int, text: str) -> AsyncIterator[Change]:
        while True:
            try:
                await self._until(lambda told=told: self._told != told)  # type: ignore[misc]
            except ClientClosed:
                return
            told, before, text = self._told, text, self.text
            found = changes(before, text)
            if not found:
                continue
            start, end = found[0][0], found[-1][1]
            yield Change(
                text, start, before[start:end], text[start : end + len(text) - len(before)]
            )

    def _check(self, start: int, end: int, added: str) -> None:
        now = self.text
        if not 0 <= start <= end <= len(now):
            raise IndexError(f"the text has {len(now)} characters")
        if "\0" in added or any("\ud800" <= one <= "\udfff" for one in added):
            raise ValueError("NUL and halves of surrogate pairs have no place in a room")
        after = now[:start] + added + now[end:]
        if self._most_units and len(after.encode("utf-16-le")) // 2 > self._most_units:
            raise ValueError(f"the text would be longer than {self._most_units} UTF-16 units")

    # The people

    @property
    def people(self) -> list[Person]:
        """Who else is here, once for each of their windows."""
        return [
            Person(str(user["id"]), str(user["name"]), state)
            for state in self._states.values()
            if isinstance(user := state.get("user"), dict) and {"id", "name"} <= user.keys()
        ]

    async def point(self, start: int, end: int | None = None) -> None:
        """Show a cursor before the character `start`, or a selection from there to `end`."""
        anchor = self._replica.position(start)
        head = anchor if end is None else self._replica.position(end)
        self._shown = {**self._shown, "cursor": {"anchor": anchor, "head": head}}
        self._clock += 1
        self._wake.set()
        await asyncio.sleep(0)

    async def until(self, condition: Callable[[Self], object]) -> None:
        """Wait until something is true of this room."""
        await self._until(lambda: condition(self))
