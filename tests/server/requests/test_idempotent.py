"""`Idempotency-Key`: done once, answered the same, whoever dies in between."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar.exceptions import LitestarException
from litestar.testing import AsyncTestClient
from sqlalchemy import select, update

from app.access.permissions import Scope
from app.access.principal import Principal
from app.db.engine import Database
from app.domain.idempotency.errors import IdempotencyInProgress, IdempotencyKeyReused
from app.domain.idempotency.jobs import forget_old_calls
from app.domain.idempotency.models import KeptCall
from app.domain.idempotency.service import KEPT, Answer, Turn
from app.kit import clock
from app.server.core import build
from app.server.requests import idempotent
from app.settings import Settings
from tests.support.builders import Key, Place, a_key, a_workspace

pytestmark = pytest.mark.anyio

PROMPTS = "/api/v1/prompts"


def once(key: Key, name: str = "once") -> dict[str, str]:
    return key.headers | {"Idempotency-Key": name}


@pytest.fixture
async def key(database: Database) -> Key:
    return await a_key(database, await a_workspace(database), "admin")


async def count(client: Any, key: Key, address: str = PROMPTS) -> int:
    return len((await client.get(address, headers=key.headers)).json()["items"])


async def test_a_call_made_again_gets_the_first_answer(client: Any, key: Key) -> None:
    body = {"name": "a/b", "text": "Hello"}
    first = await client.post(PROMPTS, json=body, headers=once(key))
    again = await client.post(PROMPTS, json=body, headers=once(key, '"once"'))
    assert (again.status_code, again.content) == (201, first.content)
    for name in ("location", "etag", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await count(client, key) == 1
    url = first.headers["location"]
    for _ in range(2):
        assert (await client.delete(url, headers=once(key, "two"))).status_code == 204


async def test_another_call_needs_another_key(client: Any, database: Database, key: Key) -> None:
    await client.post(PROMPTS, json={"name": "a/b", "text": ""}, headers=once(key))
    other = await client.post(PROMPTS, json={"name": "a/c", "text": ""}, headers=once(key))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    bad = await client.post(PROMPTS, json={"name": "a/c"}, headers=once(key, "a b"))
    assert (bad.status_code, bad.json()["code"]) == (422, "idempotency_key_invalid")
    elsewhere = await a_key(database, await a_workspace(database, "Other"), "write")
    theirs = await client.post(PROMPTS, json={"name": "a/b", "text": ""}, headers=once(elsewhere))
    assert theirs.status_code == 201
    assert "idempotency-replayed" not in theirs.headers


async def test_a_failure_is_not_kept(client: Any, key: Key) -> None:
    taken = {"name": "a/b", "text": ""}
    await client.post(PROMPTS, json=taken, headers=key.headers)
    assert (await client.post(PROMPTS, json=taken, headers=once(key))).status_code == 409
    [one] = (await client.get(PROMPTS, headers=key.headers)).json()["items"]
    await client.patch(f"{PROMPTS}/{one['id']}", json={"name": "a/c"}, headers=key.headers)
    assert (await client.post(PROMPTS, json=taken, headers=once(key))).status_code == 201


async def test_who_dies_after_the_commit_has_kept_the_answer(
    client: Any, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is gone right after the commit: nothing of it says a word any more."""

    async def gone(*_: Any) -> None:
        raise ConnectionAbortedError

    async def silent(*_: Any) -> None:
        pass

    body = {"name": "a/b", "text": "Hello"}
    with monkeypatch.context() as dead:
        dead.setattr(idempotent._Work, "_settle", gone)
        dead.setattr(idempotent._Work, "_give_back", silent)
        with pytest.raises(LitestarException):
            await client.post(PROMPTS, json=body, headers=once(key))
    again = await client.post(PROMPTS, json=body, headers=once(key))
    assert (again.status_code, again.json()["name"]) == (201, "a/b")
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(client, key) == 1


async def test_a_comment_is_written_once_even_where_the_answer_is_kept_later(
    client: Any, database: Database, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await client.post(PROMPTS, json={"name": "a/b", "text": ""}, headers=key.headers)
    threads = f"{made.headers['location']}/threads"

    async def gone(*_: Any) -> None:
        raise ConnectionAbortedError

    with monkeypatch.context() as dead:
        dead.setattr(idempotent._Work, "_settle", gone)
        with pytest.raises(LitestarException):
            await client.post(threads, json={"body": "Why?"}, headers=once(key))
    again = await client.post(threads, json={"body": "Why?"}, headers=once(key))
    assert again.status_code == 200
    assert await count(client, key, threads) == 1


async def test_a_secret_is_neither_kept_nor_made_twice(
    client: Any, database: Database, key: Key
) -> None:
    body = {"name": "ci", "scopes": ["read"]}
    first = await client.post("/api/v1/keys", json=body, headers=once(key))
    again = await client.post("/api/v1/keys", json=body, headers=once(key))
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_answer_not_kept")
    assert await count(client, key, "/api/v1/keys") == 2
    async with database.transaction(write=False) as tx:
        [row] = (await tx.execute(select(KeptCall))).scalars()
    assert row.answer_body is None
    assert first.json()["key"] not in repr(vars(row))


async def test_of_many_at_once_one_is_done(either_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=either_url, secret_key="k" * 48)
    database = Database(either_url).everywhere()
    key = await a_key(database, await a_workspace(database), "write")
    body = {"title": "Same", "name": "a/b", "text": ""}
    async with AsyncTestClient(build(settings), base_url="http://promptroom.test") as client:
        answers = await asyncio.gather(
            *(client.post(PROMPTS, json=body, headers=once(key)) for _ in range(6))
        )
        done = [one for one in answers if one.status_code == 201]
        waiting = [one for one in answers if one.status_code == 409]
        assert len(done) + len(waiting) == 6
        assert len({one.json()["id"] for one in done}) == 1
        assert {one.json()["code"] for one in waiting} <= {"idempotency_in_progress"}
        assert all(1 <= int(one.headers["retry-after"]) <= 30 for one in waiting)
        assert await count(client, key) == 1
    await database.close()


async def test_who_was_silent_for_too_long_commits_nothing(either: Database) -> None:
    """A paused process comes back while another has taken over: it must not do it, too."""
    place: Place = await a_workspace(either)
    key = await a_key(either, place, "write")
    caller = Principal.of_key(key.id, place.id, "ci", frozenset({Scope.WRITE}))
    paused, other = Turn(either, caller, "once"), Turn(either, caller, "once")
    assert await paused.take("same") is None
    with pytest.raises(IdempotencyInProgress):
        await other.take("same")
    async with either.everywhere().transaction() as tx:
        await tx.execute(update(KeptCall).values(until=clock.utc_now() - timedelta(seconds=1)))
    with pytest.raises(IdempotencyKeyReused):
        await other.take("another")
    assert await other.take("same") is None
    answer = Answer(201, {"location": "/x"}, b"{}")
    with pytest.raises(IdempotencyInProgress):
        async with either.within(caller).transaction() as tx:
            await paused.keep(tx, answer)
    async with either.within(caller).transaction() as tx:
        await other.keep(tx, answer)
    assert await Turn(either, caller, "once").take("same") == answer
    async with either.everywhere().transaction() as tx:
        await tx.execute(update(KeptCall).values(created_at=clock.utc_now() - KEPT * 2))
    assert await forget_old_calls(either) == 1
    assert await paused.take("same") is None
