"""Import and export over HTTP: live text stays people's, mistakes name their line."""

from __future__ import annotations

import pytest

from tests.domain.exchange.corpus_files import FOLDER
from tests.support.builders import a_key, a_prompt, a_workspace

pytestmark = pytest.mark.anyio


async def test_a_file_comes_in_and_goes_out(client, database):
    place = await a_workspace(database)
    key = await a_key(database, place)
    data = (FOLDER / "plain.prompt").read_bytes()
    url = "/api/v1/import?file=plain.prompt"

    rehearsed = await client.post(f"{url}&dry_run=true", content=data, headers=key.headers)
    made = await client.post(url, content=data, headers=key.headers)
    again = await client.post(url, content=data, headers=key.headers)

    assert [one.json()["created"] for one in (rehearsed, made, again)] == [1, 1, 0]
    assert again.json()["items"] == [
        {"name": "plain", "action": "unchanged", "file": "plain.prompt"}
    ]
    [prompt] = (await client.get("/api/v1/prompts", headers=key.headers)).json()["items"]
    assert prompt["version"] == 1
    address = f"/api/v1/prompts/{prompt['id']}/export"
    answer = await client.get(f"{address}?format=dotprompt", headers=key.headers)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="plain.prompt"'
    assert b"verses(array, one by one): string" in answer.content
    unknown = await client.get(f"{address}?format=word", headers=key.headers)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "import_format_unknown")


async def test_an_update_is_an_edit_and_a_new_version(client, database):
    place = await a_workspace(database)
    key = await a_key(database, place)
    made = await a_prompt(database, place, "plain", text="Words of somebody")
    data = (FOLDER / "plain.prompt").read_bytes()
    url = "/api/v1/import?file=plain.prompt&conflict="

    skipped = await client.post(f"{url}skip", content=data, headers=key.headers)
    updated = await client.post(f"{url}update", content=data, headers=key.headers)

    assert (skipped.json()["skipped"], updated.json()["updated"]) == (1, 1)
    view = (await client.get(f"/api/v1/prompts/{made.id}", headers=key.headers)).json()
    assert "A poem about {{topic}}." in view["text"]
    assert (view["version"], view["config"]["temperature"]) == (1, 0.9)


async def test_a_mistake_names_its_line(client, database):
    key = await a_key(database, await a_workspace(database))
    data = (FOLDER / "broken-role.json").read_bytes()

    answer = await client.post("/api/v1/import?file=b.json", content=data, headers=key.headers)

    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["code"], problem["line"], problem["column"]) == ("import_file_invalid", 6, 14)


async def test_an_archive_travels_over_http(client, database):
    place = await a_workspace(database)
    key = await a_key(database, place)
    await a_prompt(database, place, "a/b", text="Words", tags=("x",), folder="F")
    archive = (await client.get("/api/v1/export", headers=key.headers)).content
    other = await a_key(database, await a_workspace(database, "Other"))

    made = await client.post("/api/v1/import?file=w.zip", content=archive, headers=other.headers)

    assert made.json()["created"] == 1
    assert (await client.get("/api/v1/export", headers=other.headers)).content == archive
    reader = await a_key(database, place, "read")
    refused = await client.post("/api/v1/import", content=archive, headers=reader.headers)
    assert refused.status_code == 403


async def test_the_description_says_that_the_body_is_a_file(client, database):
    schema = (await client.get("/api/openapi.json")).json()
    operation = schema["paths"]["/api/v1/import"]["post"]
    body = operation["requestBody"]
    [conflict] = [one for one in operation["parameters"] if one["name"] == "conflict"]

    assert body["required"] is True
    assert body["content"]["application/zip"]["schema"] == {"type": "string", "format": "binary"}
    assert conflict["schema"]["enum"] == ["skip", "update", "rename"]
    assert {"409", "413", "422"} <= operation["responses"].keys()
    key = await a_key(database, await a_workspace(database))
    refused = await client.post("/api/v1/import?conflict=maybe", content=b"x", headers=key.headers)
    assert (refused.status_code, refused.json()["errors"][0]["key"]) == (422, "conflict")
