"""The disk fails under a running server: nothing false is acknowledged, nothing true is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.failure.disks import SmallDiskServer, failing
from tests.failure.headless import a_prompt, text_of
from tests.support.server import HEADLESS, KEY, Server
from tests.support.waiting import until
from tests.support.yclient import YClient

pytestmark = pytest.mark.failure


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path, HEADLESS)
    await asyncio.to_thread(server.start)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.kill_everything)


def says_storage(client: YClient, **expected: object) -> bool:
    last = [event["data"] for event in client.events if event["type"] == "storage"][-1:]
    return bool(last) and expected.items() <= last[0].items()


async def test_a_full_disk(tmp_path: Path) -> None:
    server = SmallDiskServer(tmp_path, megabytes=24)
    await asyncio.to_thread(server.start)
    try:
        await _fill_and_empty(server)
    finally:
        await asyncio.to_thread(server.kill_everything)


async def _fill_and_empty(server: SmallDiskServer) -> None:
    prompt = await asyncio.to_thread(a_prompt, server, text="Hello ")
    worker = await asyncio.to_thread(lambda: server.worker)
    ann, bob = YClient(prompt.url(server), KEY), YClient(prompt.url(server), KEY)
    await asyncio.gather(ann.open(), bob.open())
    await ann.edit(0, "before ")
    await ann.durable()
    await bob.until(lambda: bob.content == ann.content)
    shown = bob.content

    await asyncio.to_thread(server.fill)
    paste = "x" * 200_000  # more than the write-ahead log has room for without growing
    while not says_storage(ann, ok=False):
        await ann.edit(0, paste)
        try:
            await ann.durable(1.0)
            shown = ann.content
        except TimeoutError:
            continue
    assert says_storage(ann, ok=False, cause="the disk is full", read_only=False)
    acknowledged, edits = ann.acknowledged, ann.sent
    await ann.edit(0, "last words ")
    await bob.until(lambda: says_storage(bob, read_only=True), 15)
    await bob.edit(0, "refused for now ")
    await bob.until(lambda: bob.nacks)
    assert bob.nacks[0]["reason"] == "storage"
    assert ann.acknowledged == acknowledged < edits
    assert "last words" not in bob.content
    status, body = await asyncio.to_thread(server.get, "/health/ready")
    assert status == 503
    assert "disk is full" in json.dumps(json.loads(body))
    assert (await asyncio.to_thread(text_of, server, prompt)) == shown  # reading goes on
    async with YClient(prompt.url(server), KEY) as newcomer:
        assert newcomer.content == shown

    await asyncio.to_thread(server.make_room)
    await ann.durable(10)
    await bob.until(lambda: says_storage(bob, ok=True))
    await bob.barrier()
    await bob.durable()
    await ann.until(lambda: "refused for now" in ann.content and ann.content == bob.content)
    assert "last words" in ann.content
    assert await asyncio.to_thread(lambda: server.worker) == worker  # nobody died over it
    assert (await asyncio.to_thread(text_of, server, prompt)) == ann.content
    await asyncio.gather(ann.close(), bob.close())


async def test_system_calls_that_fail_now_and_then(server: Server, tmp_path: Path) -> None:
    """Which ones, with what, and when: written again until it worked, once, and all survives."""
    cases = [
        ("fsync,fdatasync", "EIO", "1"),
        ("fsync,fdatasync", "EIO", "4"),
        ("fsync,fdatasync", "EIO", "2+3"),
        ("pwrite64", "ENOSPC", "3"),
        ("pwrite64", "EIO", "7"),
    ]
    words = [f"«{number}»" for number in range(20)]
    prompts = []
    for number, case in enumerate(cases):
        prompts.append(await asyncio.to_thread(a_prompt, server, f"case-{number}"))
        await _write_through(server, prompts[-1].url(server), words, case, tmp_path)
    await asyncio.to_thread(server.kill_everything)
    await asyncio.to_thread(server.start)
    for prompt in prompts:
        text = await asyncio.to_thread(text_of, server, prompt)
        assert [text.count(word) for word in words] == [1] * len(words)


async def _write_through(
    server: Server, url: str, words: list[str], case: tuple[str, str, str], place: Path
) -> None:
    report = place / "strace.txt"
    worker = await asyncio.to_thread(lambda: server.worker)
    tracing = failing(worker, *case, report)
    async with YClient(url, KEY) as ann:
        await asyncio.to_thread(tracing.__enter__)
        try:
            for word in words:
                await ann.edit(0, word)
                await ann.durable(20)
        finally:
            await asyncio.to_thread(tracing.__exit__, None, None, None)
        assert "(INJECTED)" in report.read_text()
        assert ann.nacks == []


async def test_syncs_that_fail_from_now_on(server: Server, tmp_path: Path) -> None:
    """No acknowledgement after the first failure, everything when the disk is well again."""
    prompt = await asyncio.to_thread(a_prompt, server)
    worker = await asyncio.to_thread(lambda: server.worker)
    async with YClient(prompt.url(server), KEY) as ann:
        await ann.edit(0, "before ")
        await ann.durable()
        tracing = failing(worker, "fsync,fdatasync", "EIO", "1+", tmp_path / "strace.txt")
        await asyncio.to_thread(tracing.__enter__)
        acknowledged = ann.acknowledged
        for _ in range(5):
            await ann.edit(0, "during ")
        await ann.until(lambda: says_storage(ann, ok=False, cause="the disk reports errors"))
        with pytest.raises(TimeoutError):
            await ann.durable(1.5)
        assert ann.acknowledged == acknowledged
        await asyncio.to_thread(tracing.__exit__, None, None, None)
        await ann.durable(10)
        await until(lambda: says_storage(ann, ok=True))
    assert await asyncio.to_thread(lambda: server.worker) == worker
    assert (await asyncio.to_thread(text_of, server, prompt)) == "during " * 5 + "before "
