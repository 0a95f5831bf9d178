"""Exporting on pages: what is lost is said first, names are safe, and readers may."""

from __future__ import annotations

import io
import zipfile

import pytest

from app.access.permissions import Role
from app.domain.exchange.exports import losing, snippets
from app.domain.exchange.imports.importing import Importer
from app.domain.exchange.zipped import Reader
from tests.domain.exchange.corpus_files import FOLDER, read
from tests.support.builders import a_key, a_member, a_prompt, a_workspace, as_member, use

pytestmark = pytest.mark.anyio


def opened(answer):
    return zipfile.ZipFile(io.BytesIO(answer.content))


async def test_a_selection_goes_out_as_an_archive_or_as_files(client, database):
    place = await a_workspace(database)
    made = [await a_prompt(database, place, name, text="Hi") for name in ("a/b", "a.b", "other")]
    calls = '{{part {"type": "message", "role": "tool", "tool_call_id": "c1"}}}\nDone'
    made.append(await a_prompt(database, place, "tools", text=calls))
    viewer = use(client, await a_member(database, place, Role.VIEWER))
    ids = [str(one.id) for one in (made[0], made[1], made[3])]
    address = f"/w/{place.slug}/export"

    page = await viewer.post(address, data={"id": ids})
    archive = await viewer.post(f"{address}/file", data={"id": ids, "as": "archive"})
    files = await viewer.post(f"{address}/file", data={"id": ids, "as": "dotprompt"})

    assert "Export 3 prompts" in page.text
    slug = place.slug
    assert archive.headers["content-disposition"] == (
        f'attachment; filename="{slug}-3.promptroom.zip"'
    )
    assert Reader(io.BytesIO(archive.content), "it").paths == [
        "prompts/a.b.jsonl",
        "prompts/a/b.jsonl",
        "prompts/tools.jsonl",
    ]
    assert opened(files).namelist() == ["a.b.prompt", "2.a.b.prompt", "LEFT-OUT.txt"]
    assert opened(files).read("LEFT-OUT.txt").startswith(b"tools: ")
    foreign = await a_workspace(database, "Foreign")
    theirs = await a_prompt(database, foreign, "secret", text="Hi")
    refused = await viewer.post(f"{address}/file", data={"id": [str(theirs.id)]})
    assert refused.status_code == 404


async def test_a_prompt_says_what_each_format_loses_and_how_it_is_used(client, database):
    place = await a_workspace(database)
    caller = await as_member(database, place, place.owner)
    data = (FOLDER / "langfuse-text.json").read_bytes()
    await Importer(database, caller, None).files([("langfuse-text.json", data)], "skip")
    key = await a_key(database, place)
    [prompt] = (await client.get("/api/v1/prompts", headers=key.headers)).json()["items"]
    address = f"/w/{place.slug}/prompts/{prompt['id']}/export"
    use(client, place.owner)

    page = await client.get(f"{address}?version=1")
    file = await client.get(f"{address}/file?as=langfuse&version=1")

    assert "/api/v1/fetch/support/greeting?label=production" in page.text
    assert "Loses nothing of this prompt" in page.text
    assert file.headers["content-disposition"] == (
        'attachment; filename="support.greeting.langfuse.json"'
    )
    assert (await client.get(f"{address}/file?as=word")).status_code == 422
    assert (await client.get(f"{address}?version=9")).status_code == 404


def test_losses_are_found_by_reading_what_was_written() -> None:
    [record] = read("langfuse-chat.json")
    lost = {one.form.name: one for one in losing.losses(record)}
    assert lost["dotprompt"].lost == ()
    assert lost["openai"].lost == ("the labels", "where the conversation goes")
    assert "the tools" in lost["github"].lost
    [typed] = read("plain.prompt")
    lost = {one.form.name: one for one in losing.losses(typed)}
    assert lost["langfuse"].lost == ("some of what is said of its variables",)
    [calls] = read("messages.json")
    assert {one.form.name for one in losing.losses(calls) if one.problem} == {
        "dotprompt",
        "prompty",
    }


def test_code_runs_and_only_simple_prompts_are_put_into_it() -> None:
    text = (
        '{{role "system"}}\nBe "kind" \\n to {{ who }}.\n\n{{role "user"}}\nÜber {{what}} – \'ok\''
    )
    *_, inline = snippets.snippets("https://x.test", "a/b", "staging", text, {"model": "m"})
    said = {}

    class Client:
        @property
        def responses(self):
            return self

        def create(self, **given):
            said.update(given)
            return type("Answer", (), {"output_text": ""})

    code = inline.code.replace("from openai import OpenAI", "").replace('"…"', '"X"')
    exec(code, {"OpenAI": Client})  # our own words: that they are Python is the test
    assert said["model"] == "m"
    assert said["input"] == [
        {"role": "system", "content": 'Be "kind" \\n to X.'},
        {"role": "user", "content": "Über X – 'ok'"},
    ]
    for odd in ("{{> other}}", "{{history}}", "{{#if a}}x{{/if}}", '{{media url="u"}}'):
        assert not snippets.is_simple(f"Say\n{odd}")
