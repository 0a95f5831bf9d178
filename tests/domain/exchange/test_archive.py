"""Archives: a workspace out and into an empty one and out again; twice; and hostile ones."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
from typing import Any

import pytest
from sqlalchemy import select

from app.db.backup.progress import silent
from app.db.engine import Database
from app.domain.demo import service as demo
from app.domain.exchange import archive, queries
from app.domain.exchange.errors import FileInvalid
from app.domain.exchange.exports import exporting
from app.domain.exchange.imports.importing import Importer
from app.domain.exchange.zipped import LIST_BYTES, Reader, Writer
from app.domain.versions.models import Label
from app.kit import clock
from app.server.commands.damaged_documents import damaged_documents
from app.server.commands.exchange import _operator
from tests.domain.exchange.corpus_files import FOLDER
from tests.support.builders import a_prompt, a_workspace, as_member, password_hash

pytestmark = pytest.mark.anyio


async def exported(database: Database, caller: Any) -> bytes:
    return b"".join([piece async for piece in exporting.stream(database, caller)])


def reading(data: bytes) -> Reader:
    return Reader(io.BytesIO(data), "it.zip")


async def test_a_workspace_goes_out_in_and_out_the_same(database: Database) -> None:
    """Months of history, old names, labels that moved and split, people: all, to the byte."""
    wish = demo.Wish(60, 1, clock.utc_now(), password_hash())
    made = await demo.make(database, wish, lambda _done: None)
    first = await exported(database, await _operator(database, made.slug))
    place = await a_workspace(database, "Empty")
    caller = await as_member(database, place, place.owner)
    importer = Importer(database, caller, None)

    items = await importer.archive(reading(first), "skip")

    assert [one.action for one in items] == ["create"] * 60
    assert await exported(database, caller) == first
    async with database.everywhere().transaction(write=False) as tx:
        split = select(Label.candidate, Label.share, Label.seed).where(Label.seed.is_not(None))
        assert len(rows := (await tx.execute(split)).all()) == 2  # there, and here
        assert rows[0] == rows[1]  # so the same keys get the candidate
        assert await damaged_documents(tx, silent) == []

    again = await importer.archive(reading(first), "rename")
    assert {one.action for one in again} == {"unchanged"}
    assert await exported(database, caller) == first


async def test_what_was_interrupted_is_done_again(database: Database) -> None:
    """Half of the prompts are there: the others come, and these stay as they are."""
    wish = demo.Wish(20, 1, clock.utc_now(), password_hash())
    made = await demo.make(database, wish, lambda _done: None)
    whole = await exported(database, await _operator(database, made.slug))
    place = await a_workspace(database, "Empty")
    caller = await as_member(database, place, place.owner)
    await Importer(database, caller, None).archive(reading(without_last(whole, 8)), "skip")

    items = await Importer(database, caller, None).archive(reading(whole), "skip")

    assert sorted(one.action for one in items) == ["create"] * 8 + ["unchanged"] * 12
    assert await exported(database, caller) == whole


async def test_names_that_are_taken(database: Database) -> None:
    place = await a_workspace(database)
    caller = await as_member(database, place, place.owner)
    await a_prompt(database, place, "a/b", text="Theirs")
    data = await exported(database, caller)
    other = await a_workspace(database, "Other")
    inside = await as_member(database, other, other.owner)
    await a_prompt(database, other, "a/b", text="Ours")
    importer = Importer(database, inside, None)

    assert [i.action for i in await importer.archive(reading(data), "skip")] == ["skip"]
    [renamed] = await importer.archive(reading(data), "rename")
    assert (renamed.name, renamed.action) == ("a/b-2", "create")
    [twice] = await importer.archive(reading(data), "rename")
    assert (twice.name, twice.action) == ("a/b-2", "unchanged")


async def test_an_archive_cannot_speak_for_members(database: Database) -> None:
    """Whoever it names as an author is nobody of here."""
    place = await a_workspace(database)
    caller = await as_member(database, place, place.owner)
    await a_prompt(database, place, "a/b", text="Words")
    data = await exported(database, caller)
    forged = data_with(
        data, lambda line: line.replace(b'"Maya Olsen"', caller.actor.join('""').encode())
    )
    other = await a_workspace(database, "Other")
    inside = await as_member(database, other, other.owner)

    await Importer(database, inside, None).archive(reading(forged), "skip")

    async with database.within(inside).transaction(write=False) as tx:
        [prompt] = await queries.named(tx, inside, ["a/b"])
    assert prompt.created_by.startswith("import:user:")


async def test_files_of_other_tools_come_with_their_versions(database: Database) -> None:
    place = await a_workspace(database)
    caller = await as_member(database, place, place.owner)
    names = ["langfuse-array.json", "langfuse-text.json", "plain.prompt", "v1.prompty"]
    files = [(name, (FOLDER / name).read_bytes()) for name in names]
    importer = Importer(database, caller, None)

    items = await importer.files(files, "skip")

    assert sorted((one.name, one.action) for one in items) == [
        ("a/first", "create"),
        ("a/second", "create"),
        ("contoso-helper", "create"),
        ("plain", "create"),
        ("support/greeting", "create"),
    ]
    assert {one.action for one in await importer.files(files, "skip")} == {"unchanged"}
    async with database.within(caller).transaction(write=False) as tx:
        second = await exporting.record_named(tx, caller, "a/second", 2)
        v1 = await exporting.record_named(tx, caller, "contoso-helper")
        released = await exporting.record_named(tx, caller, "support/greeting", 1)
    assert (second.text, second.kind, second.params) == ("Only a user, later", "chat", {"seed": 8})
    assert v1.name == "Contoso helper"
    assert released.labels == ("production",)


async def test_a_bad_file_imports_nothing_of_the_good_ones(database: Database) -> None:
    place = await a_workspace(database)
    caller = await as_member(database, place, place.owner)
    names = ["plain.prompt", "broken-role.json"]
    files = [(name, (FOLDER / name).read_bytes()) for name in names]

    with pytest.raises(FileInvalid, match="line 6, column 14"):
        await Importer(database, caller, None).files(files, "skip")

    async with database.within(caller).transaction(write=False) as tx:
        assert await queries.count(tx, caller) == 0


def zipped(*entries: tuple[str, bytes, int]) -> bytes:
    buffer = io.BytesIO()
    with (
        warnings.catch_warnings(action="ignore"),  # of a name that is there twice
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file,
    ):
        for path, data, mode in entries:
            info = zipfile.ZipInfo(path)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            file.writestr(info, data)
    return buffer.getvalue()


FILE = stat.S_IFREG | 0o644
MANIFEST = (archive.MANIFEST, archive.manifest_bytes([]), FILE)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04 and no more", "no whole ZIP"),
        (zipped(), "no archive"),
        (zipped(MANIFEST, ("../evil.jsonl", b"", FILE)), "does not belong"),
        (zipped(MANIFEST, ("prompts/../../evil.jsonl", b"", FILE)), "does not belong"),
        (zipped(MANIFEST, ("prompts/a\\b.jsonl", b"", FILE)), "does not belong"),
        (zipped(MANIFEST, ("prompts/a.jsonl", b"x", stat.S_IFLNK | 0o777)), "no plain file"),
        (
            zipped(MANIFEST, ("prompts/a.jsonl", b"", FILE), ("prompts/a.jsonl", b"", FILE)),
            "one name",
        ),
        (zipped(MANIFEST, ("prompts/a.jsonl", b"0" * 20_000_000, FILE)), "bomb"),
        (zipped((archive.MANIFEST, b'{"folders": [], "format": "x"}', FILE)), "no archive"),
    ],
)
def test_hostile_archives_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(FileInvalid, match=why):
        reading(data)


def test_a_list_of_very_many_files_is_not_read() -> None:
    """A million entries that no file belongs to: half a gigabyte of memory, and seconds."""
    entry = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, *[0] * 7, 4, *[0] * 6)
    listed = (entry + b"name") * (LIST_BYTES // 50 + 1)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 65535, 65535, len(listed), 0, 0)

    with pytest.raises(FileInvalid, match="list of files is longer"):
        reading(listed + end)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda line: line[:-5] + b"\n", "cannot be read"),
        (lambda line: line.replace(b'"a/b"', b'"a/c"'), "has to lie at"),
        (lambda line: line.replace(b'"Words"', b'"\\u0000"'), "NUL"),
        (lambda line: line.replace(b'"main"', b'"other"'), "branch main"),
        (lambda line: line + b'{"number": 3}\n', "line 2"),
    ],
)
async def test_damaged_archives_import_nothing(database: Database, change: Any, why: str) -> None:
    place = await a_workspace(database)
    caller = await as_member(database, place, place.owner)
    await a_prompt(database, place, "a/b", text="Words")
    data = data_with(await exported(database, caller), change)
    other = await a_workspace(database, "Other")
    inside = await as_member(database, other, other.owner)

    with pytest.raises(FileInvalid, match=why):
        await Importer(database, inside, None).archive(reading(data), "skip")

    async with database.within(inside).transaction(write=False) as tx:
        assert await queries.count(tx, inside) == 0


def data_with(data: bytes, change: Any) -> bytes:
    """The archive with the first line of each prompt changed."""
    reader, writer = reading(data), Writer()
    pieces = [writer.add(archive.MANIFEST, [archive.manifest_bytes([])])]
    for path in reader.paths:
        first, *rest = reader.lines(path)
        pieces.append(writer.add(path, [change(first), *rest]))
    return b"".join([*pieces, writer.close()])


def without_last(data: bytes, count: int) -> bytes:
    reader, writer = reading(data), Writer()
    pieces = [writer.add(archive.MANIFEST, list(reader.lines(archive.MANIFEST)))]
    pieces += [writer.add(path, reader.lines(path)) for path in reader.paths[:-count]]
    return b"".join([*pieces, writer.close()])
