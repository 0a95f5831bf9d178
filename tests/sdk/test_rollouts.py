"""A label that splits, in the client's memory: no call per key, and fresh after every step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.kit import rollouts as of_server
from app.sdk import rollouts, snapshot
from app.sdk.aio import AsyncPromptroom
from app.sdk.cache import Cache, Key
from app.sdk.rollouts import Rollout
from app.sdk.types import Prompt

KEYS = [f"user-{number}" for number in range(2000)]
RUNNING = Rollout("a", "production", 1, 2, 10.0, "seed", is_candidate=False)


def side(running: Rollout, *, is_candidate: bool) -> Prompt:
    version = running.candidate if is_candidate else running.version
    own = replace(running, is_candidate=is_candidate)
    return Prompt(id="p", name="a", text="", messages=(), version=version, rollouts=(own,))


class Answering:
    """In the place of a server: answers as it would, and counts."""

    def __init__(self, running: Rollout) -> None:
        self.running, self.asked = running, list[Key]()

    async def fetch(self, key: Key, etag: str, **_: Any) -> Prompt:
        self.asked.append(key)
        takes = not replace(self.running, is_candidate=False).is_for(key.sticky)
        return side(self.running, is_candidate=takes)


def test_it_computes_what_the_server_does() -> None:
    for key in (*KEYS[:200], "\u00fcn\u00efc\u00f6d\u00e9 \U0001f9d1", "\ud800", ""):
        assert rollouts.bucket("seed", key) == of_server.bucket("seed", key)
        takes = of_server.Rollout(2, 1000, "seed").takes(key)
        assert replace(RUNNING, is_candidate=takes).is_for(key)
        assert not replace(RUNNING, is_candidate=not takes).is_for(key)


@pytest.mark.anyio
async def test_two_questions_serve_all_keys_also_after_a_step() -> None:
    server, cache = Answering(RUNNING), Cache()
    client = AsyncPromptroom("http://nowhere", "key", cache=cache)
    for key in KEYS:
        if (found := cache.get(Key("a", "production", None, key))) is None:
            found = await client._ask(server, Key("a", "production", None, key))  # type: ignore[arg-type]
        assert found.version == 1 + of_server.Rollout(2, 1000, "seed").takes(key)
    assert len(server.asked) == 2
    server.running = replace(RUNNING, percent=50.0)
    told = {"kind": "label.moved", "id": "p", "name": "a", "label": "production", "version": 1}
    cache.changed(told | {"rollout": {"version": 2, "percent": 50.0}})
    assert all(cache.get(Key("a", "production", None, key)).is_stale for key in KEYS[:20])  # type: ignore[union-attr]
    while due := cache.due()[0]:
        for one in due:
            cache.put(one, await server.fetch(one, ""), cache.changes)
    for key in KEYS:
        found = cache.get(Key("a", "production", None, key))
        found = found or await client._ask(server, Key("a", "production", None, key))  # type: ignore[arg-type]
        assert not found.is_stale
        assert found.version == 1 + of_server.Rollout(2, 5000, "seed").takes(key)
    assert not {one.sticky for one in server.asked[2:]} & set(KEYS)  # who asked is not kept


def test_a_lagging_worker_is_asked_again_until_the_share_is_seen() -> None:
    cache, address = Cache(), Key("a", "production")
    cache.put(address, side(RUNNING, is_candidate=False), 0)
    told = {"kind": "label.moved", "id": "p", "name": "a", "label": "production", "version": 1}
    cache.changed(told | {"rollout": {"version": 2, "percent": 50.0}})
    cache.due()
    cache.put(address, None, cache.changes)  # "not modified": it has not heard of it yet
    assert cache.get(address).is_stale  # type: ignore[union-attr]
    cache.put(address, side(replace(RUNNING, percent=50.0), is_candidate=False), cache.changes)
    assert not cache.get(address).is_stale  # type: ignore[union-attr]


def test_the_snapshot_keeps_both_sides_and_no_key(tmp_path: Path) -> None:
    cache = Cache()
    for key in KEYS[:100]:
        takes = of_server.Rollout(2, 1000, "seed").takes(key)
        cache.put(Key("a", "production", None, key), side(RUNNING, is_candidate=takes), 0)
    snapshot.save(tmp_path / "kept", "me", cache.prompts())
    assert "user-" not in (tmp_path / "kept").read_text()
    again = Cache()
    for key, prompt in snapshot.load(tmp_path / "kept", "me"):
        again.remember(key, prompt)
    again.lost("away")
    for name in KEYS[100:300]:
        found = again.get(Key("a", "production", None, name))
        assert found is not None
        assert found.version == 1 + of_server.Rollout(2, 1000, "seed").takes(name)
