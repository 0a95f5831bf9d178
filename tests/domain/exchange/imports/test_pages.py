"""Importing on pages: a preview that writes nothing, choices, an import that survives its process."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from uuid import UUID

import pytest
from markupsafe import escape
from sqlalchemy import func, select, update

from app.access.permissions import Role
from app.domain.exchange import queries
from app.domain.exchange.bounds import PAGE_BYTES
from app.domain.exchange.errors import ImportsBusy
from app.domain.exchange.imports import uploads
from app.domain.exchange.imports.importing import BATCH, Importer
from app.domain.exchange.imports.running import AT_ONCE, WAITING
from app.domain.exchange.jobs import drop_old_imports
from app.domain.exchange.models import Import, ImportPiece
from app.domain.workspaces.queries import change_role
from app.kit import clock
from tests.domain.exchange.corpus_files import FOLDER
from tests.domain.exchange.imports.test_at_once import an_archive
from tests.domain.exchange.test_archive import FILE, MANIFEST, reading, without_last, zipped
from tests.support.builders import a_member, a_prompt, a_workspace, as_member, use
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
def bring(client, place):
    """Sends files as a browser without scripts does; the address of what came of it."""

    async def send(*files, text=""):
        use(client, place.owner)
        parts = [("file", one) for one in files]
        answer = await client.post(f"/w/{place.slug}/import", files=parts, data={"text": text})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    return send


def corpus(name):
    return name, (FOLDER / name).read_bytes()


async def names(database, place):
    caller = await as_member(database, place, place.owner)
    async with database.transaction(write=False) as tx:
        return [one.name for one in await queries.after(tx, caller, "", 1000)]


async def settled(client, url):
    """The import's page once nothing runs any more."""
    async with asyncio.timeout(20):
        while "<h1>Importing</h1>" in (page := (await client.get(url)).text):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return page


async def count(database, table):
    async with database.transaction(write=False) as tx:
        return (await tx.execute(select(func.count()).select_from(table))).scalar_one()


async def change(database, url, **values):
    async with database.transaction() as tx:
        which = Import.id == UUID(url.rsplit("/", 1)[-1])
        await tx.execute(update(Import).where(which).values(values))


async def test_a_preview_writes_nothing_and_then_all_comes(client, database, place, bring):
    hostile = ("../<img src=x onerror=alert(1)>.prompt", b"---\nname: Odd Name\n---\nHi {{you}}")
    url = await bring(corpus("langfuse-array.json"), corpus("langfuse-text.json"), hostile)

    page = (await client.get(url)).text

    assert await names(database, place) == []
    assert "4 prompts to import" in page
    assert "&lt;img src=x onerror=alert(1)&gt;.prompt" in page
    assert "<img src=x" not in page
    assert "The file calls it “Odd Name”; programs will fetch it as odd-name." in page
    assert "types of variables, titles, folders and tests" in page
    assert (await client.post(f"{url}/run", data={"conflict": "skip"})).status_code == 303
    page = await settled(client, url)
    assert "<h1>Imported</h1>" in page
    assert await names(database, place) == ["a/first", "a/second", "odd-name", "support/greeting"]
    assert len(re.findall(r'href="/w/[^"]+/prompts/[0-9a-f-]{36}"', page)) == 4
    assert await count(database, ImportPiece) == 0
    again = await client.post(f"{url}/run", data={"conflict": "skip"})
    assert again.status_code == 409


async def test_a_broken_file_keeps_all_out_until_it_is_left_out(client, database, place, bring):
    url = await bring(corpus("broken-role.json"), corpus("plain.prompt"))

    page = (await client.get(url)).text

    assert "broken-role.json, line 6, column 14" in page
    assert "A message needs a role" in page
    assert (await client.post(f"{url}/run", data={"conflict": "skip"})).status_code == 422
    assert await names(database, place) == []
    await client.post(f"{url}/check", data={"format-0": "out"})
    assert (await client.post(f"{url}/run", data={"conflict": "skip"})).status_code == 303
    await settled(client, url)
    assert await names(database, place) == ["plain"]


async def test_what_was_pasted_comes_back_to_be_mended(client, database, place, bring):
    text = '[{"role": "robot", "content": "<b>Hello</b>"},]'
    url = await bring(text=text)

    page = (await client.get(url)).text

    again = f"/w/{place.slug}/import?again={url.rsplit('/', 1)[-1]}"
    assert f'href="{again}"' in page
    assert escape(text) in (await client.get(again)).text
    for unknown in ("nonsense", str(UUID(int=1))):
        began = await client.get(f"/w/{place.slug}/import?again={unknown}")
        assert began.status_code == 200
    use(client, await a_member(database, place, Role.ADMIN))
    assert "robot" not in (await client.get(again)).text
    called_so = await bring(("pasted", b"\xff\xfe"))
    began = await client.get(f"/w/{place.slug}/import?again={called_so.rsplit('/', 1)[-1]}")
    assert began.status_code == 200


async def test_a_format_can_be_chosen(client, place, bring):
    """What is pasted has no name to tell it by."""
    url = await bring(text=(FOLDER / "no-markers.prompty").read_text())
    await client.post(f"{url}/check", data={"format-0": "dotprompt"})
    assert "Dotprompt · 1 prompt" in (await client.get(url)).text
    await client.post(f"{url}/check", data={"format-0": "prompty"})
    assert "Prompty · 1 prompt" in (await client.get(url)).text


async def test_each_clash_can_end_its_own_way(client, database, place, bring):
    for name in ("plain", "a/first", "a/second"):
        await a_prompt(database, place, name, text="Words of somebody")
    url = await bring(corpus("plain.prompt"), corpus("langfuse-array.json"))
    page = (await client.get(url)).text
    assert "3 with a name that is taken here. Nothing has been written yet." in page

    choices = {"conflict": "skip", "for:plain": "update", "for:a/first": "rename"}
    await client.post(f"{url}/run", data=choices)
    await settled(client, url)

    assert await names(database, place) == ["a/first", "a/first-2", "a/second", "plain"]
    caller = await as_member(database, place, place.owner)
    async with database.transaction(write=False) as tx:
        [plain] = await queries.named(tx, caller, ["plain"])
        [second] = await queries.named(tx, caller, ["a/second"])
        published = [len(await queries.versions(tx, caller, one.id)) for one in (plain, second)]
    assert published == [1, 0]


async def test_it_is_one_person_s_alone(client, database, place, bring):
    url = await bring(corpus("plain.prompt"))
    other = await a_member(database, place, Role.ADMIN)
    viewer = await a_member(database, place, Role.VIEWER, "Vera")

    for person, status in ((other, 404), (viewer, 403)):
        use(client, person)
        assert (await client.get(url)).status_code == status
        for what in ("run", "check", "discard"):
            answer = await client.post(f"{url}/{what}", data={"conflict": "skip"})
            assert answer.status_code == status, what
    assert await names(database, place) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (zipped(MANIFEST, ("../evil.jsonl", b"", FILE)), "does not belong"),
        (zipped(MANIFEST, ("prompts/a.jsonl", b"0" * 20_000_000, FILE)), "bomb"),
        (b"PK\x03\x04 and no more", "no whole ZIP"),
    ],
)
async def test_hostile_archives_are_refused(client, database, place, bring, data, why):
    url = await bring(("w.zip", data))
    assert why in (await client.get(url)).text
    assert (await client.post(f"{url}/run", data={"conflict": "skip"})).status_code == 422
    assert await names(database, place) == []


async def test_too_much_or_nothing_is_said(client, place):
    use(client, place.owner)
    address = f"/w/{place.slug}/import"
    many = await client.post(address, files=[("file", ("x.json", b"0" * (PAGE_BYTES + 1)))])
    none = await client.post(address, data={"text": " "})
    assert (many.status_code, none.status_code) == (413, 422)
    assert "Choose a file, or paste" in none.text


async def test_one_that_waits_takes_the_place_of_another(database, bring):
    await bring(corpus("plain.prompt"))
    await bring(corpus("plain.prompt"))
    assert await count(database, Import) == 1


async def test_a_process_that_died_is_taken_up_again(client, database, place, bring):
    """It wrote a batch and fell silent: nothing is there by halves, and the rest comes."""
    whole = an_archive(BATCH + 10)
    url = await bring(("w.zip", whole))
    caller = await as_member(database, place, place.owner)
    await Importer(database, caller, None).archive(reading(without_last(whole, 10)), "skip")
    now = clock.utc_now()
    await change(database, url, state=uploads.RUNNING, beat_at=now, done=BATCH)
    assert f"{BATCH} of {BATCH + 10} prompts" in (await client.get(url)).text
    assert (await client.post(f"{url}/run", data={"conflict": "skip"})).status_code == 409
    await change(database, url, beat_at=now - uploads.SILENT - timedelta(seconds=1))

    page = (await client.get(url)).text

    assert "The import did not finish" in page
    assert (await client.post(f"{url}/run", data={"conflict": "skip"})).status_code == 303
    page = await settled(client, url)
    assert re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)[:4:3] == [
        ("created", "10"),
        ("here already", str(BATCH)),
    ]
    assert len(await names(database, place)) == BATCH + 10


async def test_whoever_may_not_write_any_more_imports_no_more(
    client, database, place, app, monkeypatch
):
    monkeypatch.setattr("app.domain.exchange.imports.running.BEAT_SECONDS", 0.001)
    monkeypatch.setattr("app.domain.exchange.imports.importing.BATCH", 1)
    editor = await a_member(database, place, Role.EDITOR)
    use(client, editor)
    files = [("file", ("w.zip", an_archive(200)))]
    url = (await client.post(f"/w/{place.slug}/import", files=files)).headers["location"]
    await client.post(f"{url}/run", data={"conflict": "skip"})
    owner = await as_member(database, place, place.owner)
    async with database.transaction() as tx:
        await change_role(tx, owner, editor.id, Role.VIEWER)

    # Pages are closed to them by now.
    await until(lambda: not app.state.imports._tasks)

    assert len(await names(database, place)) < 200
    async with database.transaction(write=False) as tx:
        kept = (await tx.execute(select(Import))).scalar_one()
    assert (kept.state, kept.result["problem"]) == (
        uploads.FAILED,
        "You may not write prompts here any more.",
    )


async def test_only_so_many_wait(client, place, bring, app):
    url = await bring(corpus("plain.prompt"))
    waiting = {object() for _ in range(AT_ONCE + WAITING)}
    app.state.imports._tasks |= waiting

    answer = await client.post(f"{url}/run", data={"conflict": "skip"})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert ImportsBusy.title in answer.text
    app.state.imports._tasks -= waiting


async def test_what_nobody_imports_is_gone_after_a_day(client, database, bring):
    url = await bring(corpus("plain.prompt"))
    await change(database, url, created_at=clock.utc_now() - uploads.KEPT - timedelta(minutes=1))

    assert (await client.get(url)).status_code == 404
    assert await drop_old_imports(database) == 1
    assert await count(database, ImportPiece) == 0
