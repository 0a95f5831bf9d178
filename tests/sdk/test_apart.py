"""Without a server: what it imports, what it makes of texts, and what is left on disk."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.prompts import template
from app.sdk import RenderFailed, rendering, snapshot, wire
from app.sdk.cache import Cache, Key
from app.sdk.keeper import Keeper
from app.sdk.transport import Transport
from app.sdk.types import Freshness, Prompt
from tests.architecture.source import ROOT

BLOCKED = """
import sys
for name in ("litestar", "sqlalchemy", "msgspec", "structlog", "uvicorn", "redis", "pycrdt", "websockets", "jinja2"):
    sys.modules[name] = None
import app.sdk
assert not [m for m in sys.modules if m.startswith("app.") and not m.startswith("app.sdk")]
"""


def prompt(text: str = "Hello {{name}}", **fields: Any) -> Prompt:
    base = {"id": "1", "name": "a/b", "version": 1, "label": "production", "text": text}
    messages = [{"role": "user", "content": text}]
    return Prompt.of(base | {"messages": messages} | fields, '"1"')


def test_it_needs_nothing_of_the_server() -> None:
    subprocess.run([sys.executable, "-c", BLOCKED], cwd=ROOT, check=True)


@pytest.mark.parametrize(
    "text",
    [
        "{{a}} {{ b.c }}",
        r"\{{a}} {{b}}",
        "{{> x/y@z}} {{history}}",
        "{{a-b}} {{}} {{\u00a0c\ufeff}}",
    ],
)
def test_variables_are_those_of_the_server(text: str) -> None:
    assert rendering.variables_in(text) == template.variables_in(text)


def test_values_are_text_and_everything_wrong_is_said_at_once() -> None:
    declared = [{"name": "n", "type": "number"}, {"name": "who", "default": "you"}]
    one = prompt(r"{{n}} {{who}} {{x.y}} \{{z}}", variables=declared)
    assert one.render(n=2, x={"y": "{{n}}"}, unused=1)[0].content == "2 you {{n}} {{z}}"
    with pytest.raises(RenderFailed) as failed:
        one.render(n=True)
    assert failed.value.problems == {"n": "has to be a number", "x": "is missing"}


def test_history_goes_to_its_mark() -> None:
    parts = [{"role": "system", "content": "S"}, {"role": "history", "content": ""}]
    done = prompt(messages=parts).render([{"role": "user", "content": "{{raw}}"}])
    assert [(one.role, one.content) for one in done] == [("system", "S"), ("user", "{{raw}}")]


def test_a_snapshot_is_private_and_a_damaged_or_foreign_one_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    key = Key("a/b", "production")
    snapshot.save(path, "me", [(key, prompt())])
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["kept.json"]
    assert snapshot.load(path, "me") == [(key, prompt())]
    assert snapshot.load(path, "somebody else") == []
    whole = path.read_bytes()
    for damaged in (whole[:-9], b"[]", b"\xff", whole.replace(b'"role"', b'"rule"')):
        path.write_bytes(damaged)
        assert snapshot.load(path, "me") == []


def test_an_answer_from_before_a_change_is_asked_for_again() -> None:
    """The question was on its way when the stream told of the change."""
    cache, key = Cache(), Key("a/b", "production")
    asked = cache.changes
    cache.changed(
        {"id": "1", "name": "a/b", "kind": "label.moved", "label": "production", "version": 2}
    )
    cache.put(key, prompt(), asked)
    assert cache.due()[0] == [key]


def test_a_worker_that_has_not_heard_yet_is_asked_until_it_has() -> None:
    now = 0.0
    cache, key = Cache(lambda: now), Key("a/b", "production")
    cache.put(key, prompt(), cache.changes)
    cache.changed(
        {"id": "1", "name": "a/b", "kind": "label.moved", "label": "production", "version": 2}
    )
    assert cache.due()[0] == [key]
    cache.put(key, None, cache.changes)  # 304 of the other worker
    found = cache.get(key)
    assert found is not None
    assert found.is_stale
    now = 0.06
    assert cache.due()[0] == [key]
    cache.put(key, prompt(version=2), cache.changes)
    found = cache.get(key)
    assert found is not None
    assert (found.version, found.is_stale) == (2, False)
    now = 9.0
    assert cache.due()[0] == []


def test_the_move_of_another_label_is_no_business_of_ours() -> None:
    cache, key = Cache(), Key("a/b", "production")
    cache.put(key, prompt(), cache.changes)
    cache.changed(
        {"id": "1", "name": "a/b", "kind": "label.moved", "label": "staging", "version": 2}
    )
    assert cache.due()[0] == []


class Streams(Transport):
    """The first fails as nobody foresaw, the second ends without a word, the third holds."""

    count = 0

    async def changes(self, last: str) -> AsyncIterator[wire.Event]:
        self.count += 1
        if self.count == 1:
            raise RuntimeError("unforeseen")
        if self.count == 3:
            yield wire.Event("ready", "1-a", "{}")
            await asyncio.sleep(60)


async def test_no_failure_ends_the_keeping_silence_is_not_fresh_and_closing_ends_it() -> None:
    said: list[str] = []
    streams = Streams("http://localhost", "key", 1)

    def hear(now: Freshness) -> None:
        said.append(f"{now.state} {now.error}")
        if now.state == "live":
            keeping.cancel()  # at the moment at which the other task is woken

    cache = Cache()
    keeper = Keeper(cache, streams, poll_seconds=60, on_change=None, on_freshness=hear)
    cache.heard("live")
    keeping = asyncio.create_task(keeper.run())
    done, _ = await asyncio.wait([keeping], timeout=5)
    keeping.cancel()
    await streams.close()
    assert done
    assert said[0].startswith("stale it failed")
    assert (said[-1], streams.count) == ("live ", 3)
