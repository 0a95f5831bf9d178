"""The connection behind a room: comes back by itself, sends what is unsaved, hears who is there."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from app.sdk import room_wire, wire
from app.sdk.errors import RoomError, Unreachable, room_error, room_refusal
from app.sdk.replica import Replica

log = logging.getLogger("promptroom")

_SEND_SECONDS = 0.03  # between updates: the server takes sixty a second, we send half of that
_RENEW_SECONDS = 15.0  # others take a client that was silent for thirty for gone
_FRAME_BYTES = 256 * 1024 - 64  # of an update; what is longer goes as a step 2
_SOUND_SECONDS = 5.0  # what held for so long did not fail at its beginning
_PERMANENT = range(4400, 4500)
_EPOCH = 4409


class _Again(Exception):
    """Come back and say everything anew."""


class Connection:
    """One client of one room, from `_stay` until it is cancelled or has failed for good."""

    def __init__(
        self,
        url: str,
        key: str,
        room_id: str,
        *,
        ticket: Callable[[], Awaitable[str]] | None = None,
        timeout: float = 10.0,
    ) -> None:
        self._address = f"ws{url.rstrip('/').removeprefix('http')}/rooms/{room_id}?ack=1"
        self._key, self._ticket, self._timeout = key, ticket, timeout
        self._replica = Replica()
        self._coming: Replica | None = None  # of a new epoch, until it is in step
        self._made = self._saved = 0  # numbers of edits
        self._told = 0  # how often others have changed the text
        self._states: dict[int, dict[str, Any]] = {}
        self._shown: dict[str, Any] = {"cursor": None, "mode": "editing", "active": True}
        self._clock = 0
        self._can_write = True
        self._most_units = 0
        self._is_in_step = False
        self._wait_seconds: float | None = None
        self._failure: Exception | None = None
        self._wake = asyncio.Event()
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def _stay(self) -> None:
        attempt = 0
        while True:
            began = time.monotonic()
            try:
                await self._visit()
            except Exception as error:  # noqa: BLE001  # all are looked at, none is let pass
                if (failure := _failure_of(error)) is not None:
                    await self._fail(failure)
                    return
                log.debug("the room is left: %r", error)
            finally:
                self._is_in_step = False
                self._states.clear()
            await self._tell()
            attempt = 0 if time.monotonic() - began > _SOUND_SECONDS else attempt + 1
            wait, self._wait_seconds = self._wait_seconds, None
            await asyncio.sleep(wire.pause(attempt) if wait is None else wait)

    async def _visit(self) -> None:
        address, headers = self._address, {"Authorization": f"Bearer {self._key}"}
        if self._ticket is not None:
            address, headers = f"{address}&ticket={await self._ticket()}", {}
        async with connect(
            address,
            additional_headers=headers,
            user_agent_header="promptroom-sdk",
            compression=None,
            max_size=None,
            open_timeout=self._timeout,
            close_timeout=1,
        ) as socket:
            sender = asyncio.create_task(self._send(socket))

            def ended(task: asyncio.Task[None]) -> None:
                if not task.cancelled():  # then nothing of ours would arrive any more
                    socket.transport.abort()

            sender.add_done_callback(ended)
            try:
                async for message in socket:
                    if isinstance(message, bytes):
                        await self._take(socket, message)
                # A close with 1000 or 1001 ends the loop without a word.
                raise _Again
            finally:
                sender.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                    await sender

    async def _take(self, socket: ClientConnection, message: bytes) -> None:
        reader = room_wire.Reader(message)
        kind = reader.uint()
        if kind == room_wire.SYNC:
            await self._sync(socket, reader.uint(), reader.sized())
        elif kind == room_wire.BARRIER:
            number = int(reader.sized())
            self._replica.saved(number)
            self._saved = max(self._saved, number)
        elif kind == room_wire.AWARENESS:
            self._meet(reader.sized())
        elif kind == room_wire.HELLO:
            await self._greet(socket, reader.json())
        elif kind == room_wire.NACK:
            self._refused(reader.json())
        elif kind == room_wire.ROLE:
            self._can_write = bool(reader.json().get("can_write"))
        elif kind == room_wire.DRAIN:
            self._wait_seconds = float(reader.json().get("reconnect_in_ms", 0)) / 1000
        await self._tell()

    async def _greet(self, socket: ClientConnection, hello: dict[str, Any]) -> None:
        epoch, ours = str(hello["epoch"]), self._replica
        self._can_write = bool(hello.get("can_write"))
        self._most_units = int(hello.get("limits", {}).get("text", 0))
        if ours.epoch is None:
            ours.epoch = epoch
        # Histories of two epochs are never merged: begin anew, and take over what is not saved.
        self._coming = Replica(epoch) if ours.epoch != epoch else None
        replica = self._coming or ours
        await socket.send(room_wire.hello_back(epoch, replica.client))
        await socket.send(room_wire.sync(room_wire.STEP1, replica.state))

    async def _sync(self, socket: ClientConnection, step: int, payload: bytes) -> None:
        replica = self._coming or self._replica
        if step == room_wire.STEP1:
            made = self._made if self._coming is None else self._saved
            await socket.send(room_wire.sync(room_wire.STEP2, replica.since(payload)))
            await socket.send(room_wire.barrier(made))
            return
        replica.receive(payload)
        self._told += 1
        if step == room_wire.STEP2 and not self._is_in_step:
            if self._coming is not None:
                self._coming.take_over(self._replica, self._made)
                self._replica, self._coming = self._coming, None
            self._is_in_step = True
            self._clock += 1
            self._wake.set()

    def _meet(self, payload: bytes) -> None:
        for client, state in room_wire.people(payload):
            if state is None:
                self._states.pop(client, None)
            elif client != self._replica.client:
                self._states[client] = state

    def _refused(self, told: dict[str, Any]) -> None:
        """What was refused is here and not there; some of it is worth another try."""
        reason = str(told.get("reason"))
        if reason in ("rate", "storage", "epoch"):
            raise _Again
        raise room_refusal(reason, str(told.get("message") or ""))

    async def _send(self, socket: ClientConnection) -> None:
        shown = -1
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_RENEW_SECONDS):
                    await self._wake.wait()
            if not self._wake.is_set():
                self._clock += 1
            self._wake.clear()
            if not self._is_in_step:
                continue
            made, update = self._made, self._replica.take()
            if update:
                step = room_wire.UPDATE if len(update) < _FRAME_BYTES else room_wire.STEP2
                await socket.send(room_wire.sync(step, update))
            if made > self._saved:
                await socket.send(room_wire.barrier(made))
            if shown != self._clock:
                shown = self._clock
                client = self._replica.client
                await socket.send(room_wire.presence(client, shown, self._shown))
            await asyncio.sleep(_SEND_SECONDS)

    # Waiting

    async def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _until(self, condition: Callable[[], object], or_else: str = "") -> None:
        """Raises why the room has ended; with `or_else` it takes as long as the timeout at most."""
        try:
            async with asyncio.timeout(self._timeout if or_else else None), self._news:
                await self._news.wait_for(lambda: condition() or self._failure is not None)
        except TimeoutError as error:
            raise Unreachable(or_else) from error
        if not condition() and self._failure is not None:
            raise self._failure


def _failure_of(error: Exception) -> Exception | None:
    """What ends the room for good; None = try again."""
    if isinstance(error, RoomError):
        return error
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        return room_error(4000 + status, str(error)) if status in (401, 403, 404) else None
    if isinstance(error, ConnectionClosed):
        code = error.rcvd.code if error.rcvd else 1006
        # The document was replaced: come back to what it is now.
        is_final = code in _PERMANENT and code != _EPOCH
        return room_error(code, error.rcvd.reason if error.rcvd else "") if is_final else None
    if isinstance(error, OSError | InvalidHandshake | TimeoutError | ValueError | _Again):
        return None
    log.error("the room failed", exc_info=error)
    return error
