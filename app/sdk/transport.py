"""Requests to one server with one key: retries with jitter, and errors as exceptions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from app.sdk import wire
from app.sdk.api import Call
from app.sdk.cache import Key
from app.sdk.errors import PromptroomError, Unreachable
from app.sdk.types import Prompt

SILENT_SECONDS = 25.0  # the server says something every ten
LARGEST = 64 * 1024 * 1024  # bytes of an answer: the largest text there can be, all of it escapes
LONGEST_EVENT = 1024 * 1024  # bytes; ours have some hundred
WHOLE_SECONDS = 60.0  # for an answer, however little of it comes at a time
STREAM = "text/event-stream"
_PAGE = 100  # prompts of a bundle, the most that the server gives at once
_OF_THE_WIRE = frozenset((b"content-encoding", b"content-length", b"transfer-encoding"))
_ANY_SIZE = httpx.Limits(max_connections=20, max_keepalive_connections=10)


class Transport:
    """Belongs to one event loop."""

    def __init__(self, url: str, key: str, timeout: float) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}", "User-Agent": "promptroom-sdk"},
            timeout=timeout,
            limits=_ANY_SIZE,
        )
        self._timeout = timeout

    async def close(self) -> None:
        await self._http.aclose()

    async def call(self, call: Call[Any]) -> Any:
        """The answer's JSON; None for an empty one. Raises `PromptroomError`."""
        is_twice = not call.is_idempotent
        # The server gives a call that it has heard already its first answer again.
        headers = {"Idempotency-Key": str(uuid4())} if is_twice else {}
        answer = await self._send(replace(call, is_idempotent=True), headers)
        try:
            return wire.decoded(answer.content) if answer.content else None
        except ValueError as error:
            raise Unreachable(f"something else than Promptroom answers: {error!r}") from error

    async def fetch(self, key: Key, etag: str, *, is_patient: bool = True) -> Prompt | None:
        """The released prompt; None = the one with this ETag is current.

        Raises `PromptroomError`.
        """
        call: Call[Any] = Call("GET", f"/api/v1/fetch/{quote(key.name, safe='/')}", key.query)
        headers = {"If-None-Match": etag} if etag else {}
        answer = await (self._send(call, headers) if is_patient else self._send_once(call, headers))
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return None
        try:
            return Prompt.of(wire.decoded(answer.content), answer.headers.get("etag", ""))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # a proxy's page, say: with status 200 and all
            raise Unreachable(f"something else than Promptroom answers: {error!r}") from error

    async def page(self, label: str, cursor: str) -> tuple[list[Prompt], str]:
        """Some of what is released under a label, and where the next page begins, "" = nowhere.

        Raises `PromptroomError`.
        """
        query: dict[str, Any] = {"label": label, "limit": _PAGE} | (
            {"cursor": cursor} if cursor else {}
        )
        answer = await self._send(Call("GET", "/api/v1/bundle", query), {})
        try:
            told = wire.decoded(answer.content)
            return [Prompt.of(one) for one in told["items"]], told["next_cursor"] or ""
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreachable(f"something else than Promptroom answers: {error!r}") from error

    async def changes(self, last: str) -> AsyncIterator[wire.Event]:
        """The change stream after the event `last`. Raises `PromptroomError`."""
        # Without it the server answers with a list, and ends.
        headers = {"Accept": STREAM} | ({"Last-Event-ID": last} if last else {})
        patience = httpx.Timeout(self._timeout, read=SILENT_SECONDS)
        try:
            async with self._http.stream(
                "GET", "/api/v1/changes", headers=headers, timeout=patience
            ) as answer:
                if answer.status_code != httpx.codes.OK:
                    await answer.aread()
                    raise wire.problem_of(answer)
                kind = answer.headers.get("content-type", "")
                if not kind.startswith(STREAM):
                    raise Unreachable(f"the change stream is {kind or 'nothing'}")
                async for event in wire.events(_lines(answer)):
                    yield event
        except httpx.HTTPError as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error

    async def _send(self, call: Call[Any], headers: Mapping[str, str]) -> httpx.Response:
        attempt = 0
        while True:
            try:
                return await self._send_once(call, headers)
            except PromptroomError as error:
                wait = wire.wait_before_retry(error, attempt, is_idempotent=call.is_idempotent)
                if wait is None:
                    raise
                attempt += 1
                await asyncio.sleep(wait)

    async def _send_once(self, call: Call[Any], headers: Mapping[str, str]) -> httpx.Response:
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                answer = await self._answer(call, headers)
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error
        if answer.is_success or answer.status_code == httpx.codes.NOT_MODIFIED:
            return answer
        raise wire.problem_of(answer)

    async def _answer(self, call: Call[Any], headers: Mapping[str, str]) -> httpx.Response:
        """With its body, of which no more is taken in than an answer of ours can have."""
        async with self._http.stream(
            call.method, call.path, params=dict(call.query), json=call.body, headers=headers
        ) as answer:
            parts, size = list[bytes](), 0
            async for part in answer.aiter_bytes():
                parts.append(part)
                size += len(part)
                if size > LARGEST:
                    raise Unreachable(f"the answer has more than {LARGEST:,} bytes")
        kept = [pair for pair in answer.headers.raw if pair[0].lower() not in _OF_THE_WIRE]
        return httpx.Response(answer.status_code, headers=kept, content=b"".join(parts))


async def _lines(answer: httpx.Response) -> AsyncIterator[str]:
    """As server-sent events have them: what ends lines elsewhere is a part of these.

    Raises `Unreachable` for an event without end.
    """
    rest, size = b"", 0
    async for part in answer.aiter_bytes():
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            size = size + len(line) if line.strip() else 0
            yield line.removesuffix(b"\r").decode("utf-8", "replace")
        if size + len(rest) > LONGEST_EVENT:
            raise Unreachable("an event of the change stream has no end")
