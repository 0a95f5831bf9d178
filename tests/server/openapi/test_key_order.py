"""Keys of JSON objects come back in the order in which they were given, from both databases.

A model that answers by a response schema writes the properties in their order: the reasoning before
the verdict, or the other way round.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from app.db import migrate
from app.db.engine import Database
from app.server.core import state_of
from app.settings import Settings
from tests.support.backups import backed_up, restored
from tests.support.builders import Key, a_key, a_workspace
from tests.support.crowd import crowd
from tests.support.databases import PostgresCopies

pytestmark = pytest.mark.anyio

SCHEMA = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string"},
        "verdict": {"enum": ["yes", "no"], "type": "string"},
        "a": {"type": "number", "maximum": 1.0, "minimum": 0},
    },
    "required": ["reasoning", "verdict"],
    "additionalProperties": False,
}
TURNED = {**SCHEMA, "properties": dict(reversed(SCHEMA["properties"].items()))}  # type: ignore[attr-defined]


@pytest.fixture
async def client(assembled: Litestar, either_url: str, tmp_path: Path) -> AsyncIterator[Any]:
    settings = Settings(data_dir=tmp_path, database_url=either_url, secret_key="k" * 48)
    assembled.state = state_of(settings)
    async with crowd(assembled) as client:
        yield client


@pytest.fixture
async def key(either: Database) -> Key:
    return await a_key(either, await a_workspace(either))


def body(schema: Any) -> dict[str, Any]:
    variable = {"name": "v", "type": "json", "default": schema}
    return {"config": {"response_schema": schema}, "variables": [variable]}


def kept(answer: Any) -> tuple[str, str]:
    """What an answer's body says about both, as it is written there."""
    told = json.loads(answer.text)
    return json.dumps(told["config"]["response_schema"]), json.dumps(
        told["variables"][0]["default"]
    )


async def test_from_the_form_to_the_program(client: Any, key: Key) -> None:
    client.headers.update(key.headers)
    made = await client.post("/api/v1/prompts", json={"name": "a", "text": "x"} | body(SCHEMA))
    url = f"/api/v1/prompts/{made.json()['id']}"
    as_given = (json.dumps(SCHEMA), json.dumps(SCHEMA))
    assert kept(made) == kept(await client.get(url)) == as_given
    label = {"message": "First", "labels": ["production"]}
    assert (await client.post(f"{url}/versions", json=label)).status_code == 201
    assert kept(await client.get("/api/v1/fetch/a")) == as_given

    turned = (json.dumps(TURNED), json.dumps(TURNED))
    assert kept(await client.patch(url, json=body(TURNED))) == turned != as_given
    assert kept(await client.get(url)) == turned
    assert (await client.post(f"{url}/versions", json={"message": "Second"})).status_code == 201
    assert kept(await client.get(f"{url}/versions/2")) == turned
    await client.post(f"{url}/restore", json={"version": 1})
    assert kept(await client.get(url)) == as_given


@pytest.fixture
def empty_url(postgres_copies: PostgresCopies) -> Iterator[str]:
    name = postgres_copies.empty("from_a_backup")
    yield postgres_copies.url(name)
    postgres_copies.drop(name)


async def test_through_a_backup(client: Any, key: Key, either: Database, empty_url: str) -> None:
    client.headers.update(key.headers)
    await client.post("/api/v1/prompts", json={"name": "a", "text": "x"} | body(SCHEMA))
    place = Database(empty_url).everywhere()
    await restored(await backed_up(either.everywhere()), place)
    async with place.engine.connect() as connection:
        found = await connection.exec_driver_sql("SELECT config::text FROM branches")
        assert json.dumps(json.loads(found.scalar_one())["response_schema"]) == json.dumps(SCHEMA)
    await place.close()


async def test_what_the_release_before_writes_is_taken(postgres_url: str) -> None:
    """It casts its values to `jsonb`, and runs beside this one during an upgrade."""
    database = Database(postgres_url).everywhere()
    assert await migrate.current(database) == migrate.newest()
    place = await a_workspace(database)
    key = await a_key(database, place)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE api_keys SET scopes = CAST($1::text AS jsonb)", ('["read"]',)
        )
        found = await connection.exec_driver_sql("SELECT scopes::text FROM api_keys")
        assert found.scalar_one() == '["read"]'
    assert key
    await database.close()
