"""A server that is broken or means harm: the client says so, and takes in no more than it can hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from app.sdk import api, transport, wire
from app.sdk.cache import Key
from app.sdk.errors import PromptroomError, RateLimited, ServerFailed, Unreachable
from app.sdk.transport import Transport

pytestmark = pytest.mark.anyio

KEY = Key("a", "production")
DEEP = b"[" * 100_000 + b"]" * 100_000
Answer = Callable[[httpx.Request], httpx.Response]


async def fetched(answer: Answer) -> PromptroomError:
    """How the fetch of a prompt fails."""
    with pytest.raises(PromptroomError) as caught:
        await told(answer).fetch(KEY, "", is_patient=False)
    return caught.value


def told(answer: Answer) -> Transport:
    made = Transport("http://server", "key", timeout=1)
    made._http = httpx.AsyncClient(base_url="http://server", transport=httpx.MockTransport(answer))
    return made


@pytest.mark.parametrize("body", [DEEP, b"not json", b"[]", b"null", b"\xff", b'{"id": 1e999}'])
async def test_what_is_no_prompt_is_no_answer(body: bytes) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body)

    assert isinstance(await fetched(answer), Unreachable)
    with pytest.raises(Unreachable):
        await told(answer).page("production", "")


@pytest.mark.parametrize("body", [DEEP, b"not json", b""])
async def test_no_problem_document_is_a_failure_all_the_same(body: bytes) -> None:
    assert isinstance(await fetched(lambda _: httpx.Response(500, content=body)), ServerFailed)


async def test_a_call_is_answered_with_json_or_not_at_all() -> None:
    with pytest.raises(Unreachable):
        await told(lambda _: httpx.Response(200, content=DEEP)).call(api.get_prompt("x"))


async def test_a_number_in_another_script_is_no_number_of_seconds() -> None:
    headers = [(b"Retry-After", "²".encode("latin-1"))]
    error = await fetched(lambda _: httpx.Response(429, headers=headers))
    assert isinstance(error, RateLimited)
    assert error.retry_after is None


async def test_a_body_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST", 1000)
    sent = []

    async def body() -> AsyncIterator[bytes]:
        while len(sent) < 1000:
            sent.append(1)
            yield b"x" * 100

    error = await fetched(lambda _: httpx.Response(200, content=body()))
    assert "more than 1,000 bytes" in str(error)
    assert len(sent) < 20


async def test_a_body_that_comes_by_drops_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "WHOLE_SECONDS", 0.05)

    async def body() -> AsyncIterator[bytes]:
        for _ in range(500):
            await asyncio.sleep(0.01)
            yield b"x"

    async with asyncio.timeout(3):
        assert isinstance(await fetched(lambda _: httpx.Response(200, content=body())), Unreachable)


async def test_the_key_does_not_follow_to_another_host() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "http://elsewhere/"})

    await fetched(answer)
    assert asked == ["server"]


async def heard(stream: bytes) -> list[wire.Event]:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=stream, headers={"Content-Type": "text/event-stream"})

    return [event async for event in told(answer).changes("")]


@pytest.mark.parametrize(
    "stream", [b"data: " + b"x" * 2_000_000, b"data: " + b"x\ndata: " * 400_000]
)
async def test_an_event_without_end_is_left(stream: bytes) -> None:
    with pytest.raises(Unreachable, match="no end"):
        await heard(stream)


@pytest.mark.parametrize("number", ["a\0b", "é", " x", "x\x01"])
async def test_an_id_that_no_header_can_hold_is_not_kept(number: str) -> None:
    """It would be sent back as `Last-Event-ID`, and no stream could be opened any more."""
    stream = f"id: 7\nid: {number}\nevent: ready\ndata: {{}}\n\n"
    [event] = await heard(stream.encode())
    assert event.id == "7"


async def test_only_line_feeds_end_lines() -> None:
    """Others do in texts, and are characters in JSON."""
    [event] = await heard('event: change\r\ndata: {"name":"a\u2028\x85b"}\r\n\r\n'.encode())
    assert event.json() == {"name": "a\u2028\x85b"}
