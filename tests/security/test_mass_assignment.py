"""A body sets what its call is for and nothing else (S37): columns of every table are tried."""

from __future__ import annotations

from typing import Any

import pytest

from app.db.base import Model
from app.db.engine import Database
from tests.security.book import ACCOUNT, API, PAGES, SAFE, filled
from tests.security.world import World, ask, dump

pytestmark = pytest.mark.anyio

PLANTED = "zz-planted-zz"
COLUMNS = sorted({column.name for table in Model.metadata.tables.values() for column in table.c})
# What the answers show beside columns: read-only to a client, so refused as well.
SHOWN = ["room", "version", "labels", "owner", "archived", "key", "hint", "number", "sha256"]
SHOWN += ["permissions", "is_admin", "scope", "actor", "branch", "contributors", "author"]
BODIES = sorted((key, call) for key, call in API.items() if call.json is not None)


def known_fields(schema: dict[str, Any], method: str, path: str) -> set[str]:
    """The properties that the description lists for a call's body."""
    for described, item in schema["paths"].items():
        if described.replace("{name}", "{path}") == path:
            body = item[method.lower()]["requestBody"]["content"]["application/json"]["schema"]
            name = body["$ref"].rsplit("/", 1)[-1]
            return set(schema["components"]["schemas"][name]["properties"])
    raise AssertionError(f"{method} {path} is not described")


def test_there_are_columns_worth_trying() -> None:
    assert len(COLUMNS) > 50
    assert {"workspace_id", "owner_id", "role", "password_hash", "secret_hash"} <= set(COLUMNS)


@pytest.mark.parametrize(("key", "call"), BODIES)
async def test_an_unknown_field_is_refused(
    client: Any, app: Any, database: Database, mine: World, key: tuple[str, str], call: Any
) -> None:
    method, path = key
    known = known_fields(app.openapi_schema.to_schema(), method, path)
    before = dump(database)
    tried = [name for name in [*COLUMNS, *SHOWN] if name not in known]
    assert len(tried) > 50
    for name in tried:
        body = filled(call.json, mine.ids) | {name: PLANTED}
        answer = await client.request(
            method, filled(path, mine.ids), json=body, headers=mine.key.headers
        )
        assert answer.status_code == 422, (method, path, name, answer.text)
        assert name in answer.json()["detail"]
    assert dump(database) == before


async def test_nested_objects_take_no_more_either(
    client: Any, database: Database, mine: World
) -> None:
    before = dump(database)
    url = f"/api/v1/prompts/{mine.ids['prompt_id']}"
    for body in (
        {"variables": [{"name": "a", "workspace_id": PLANTED}]},
        {"messages": [{"role": "user", "content": "x", "actor": PLANTED}]},
    ):
        answer = await client.patch(url, json=body, headers=mine.key.headers)
        assert answer.status_code == 422, answer.text
    assert dump(database) == before


async def test_forms_take_no_more_than_their_fields(
    client: Any, database: Database, mine: World
) -> None:
    """A form's other fields are passed over: what stands in them arrives nowhere."""
    forms = {key: call.form for key, call in PAGES.items() if key[0] not in SAFE}
    forms |= {key: form for key, form in ACCOUNT.items() if form is not None}
    # Fields of some form.
    free = {"title", "name", "description", "folder", "tags", "hue", "message", "labels"}
    for (method, path), form in forms.items():
        if path.endswith(("/remove", "/revoke", "/revoke-others")):
            continue
        extra = dict.fromkeys(set(COLUMNS) - free - set(form or {}), PLANTED)
        given = {name: str(value) for name, value in filled(form, mine.ids).items()}
        answer = await client.request(
            method, filled(path, mine.ids), data=extra | given, headers=mine.owner.headers
        )
        assert answer.status_code < 500, path
        assert PLANTED not in str(dump(database)), path


async def test_an_identity_is_never_taken_from_the_body(client: Any, mine: World) -> None:
    made = await ask(
        client,
        "POST",
        "/api/v1/prompts",
        API["POST", "/api/v1/prompts"],
        mine.ids,
        mine.key.headers | {"X-User": mine.ids["user_id"], "X-Workspace": "other"},
    )
    assert made.status_code == 201
    assert made.json()["owner"] is None  # a key's
