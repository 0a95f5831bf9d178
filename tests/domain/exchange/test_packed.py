"""A ZIP of a repository as one import: what holds prompts comes under its folders, or nothing does."""

from __future__ import annotations

import io
import stat

import pytest

from app.domain.exchange import bounds
from app.domain.exchange.errors import FileInvalid
from app.domain.exchange.packed import Packed, placed, unpacked
from app.domain.exchange.record import Record
from tests.domain.exchange.imports.test_at_once import an_archive
from tests.domain.exchange.imports.test_pages import bring, names, place, settled
from tests.domain.exchange.test_archive import FILE, MANIFEST, zipped
from tests.support.builders import a_key

pytestmark = pytest.mark.anyio
__all__ = ["bring", "place"]  # fixtures

DOTPROMPT = b"---\nmodel: m\n---\nHello {{name}}\n"
NAMED = b"---\nname: agreed/name\n---\nHello\n"
GITHUB = b"name: Summary\nmessages:\n  - role: user\n    content: Sum up {{text}}\n"
MESSAGES = b'[{"role": "user", "content": "Hi"}]'
BROKEN = b"name: Broken\nmessages:\n  - role: nobody in particular\n    content: [\n"


def repository(*more, top="shop-4f2a/"):
    """As GitHub packs it: one folder around all, and much that is no prompt."""
    entries = [
        ("", b"", stat.S_IFDIR | 0o755),
        ("README.md", b"---\ntitle: no prompt\n---\n", FILE),
        ("package.json", b'{"name": "shop", "scripts": {}}', FILE),
        ("tsconfig.json", b"{ // with a comment\n}", FILE),
        ("compose.yml", b"services: &all\n  web: {}\n", FILE),
        (".github/notes.json", MESSAGES, FILE),
        ("src/app.py", b"\xff\x00", FILE),
        ("Support Team/", b"", stat.S_IFDIR | 0o755),
        ("Support Team/refund.prompt", DOTPROMPT, FILE),
        ("Support Team/named.prompt", NAMED, FILE),
        ("sales/refund.prompt", DOTPROMPT, FILE),
        ("sales/deep/summary.prompt.yml", GITHUB, FILE),
        ("hello.json", MESSAGES, FILE),
        *more,
    ]
    return zipped(*((top + path, data, mode) for path, data, mode in entries))


COMES = {
    "support-team/refund": "Support Team",
    "agreed/name": "Support Team",
    "sales/refund": "sales",
    "sales/deep/summary": "sales/deep",
    "hello": "",
}


async def test_a_repository_comes_with_its_folders(client, database, place):
    key = await a_key(database, place)
    url = "/api/v1/import?file=shop.zip"

    tried = await client.post(f"{url}&dry_run=true", content=repository(), headers=key.headers)
    made = await client.post(url, content=repository(), headers=key.headers)
    again = await client.post(url, content=repository(top="shop-0000/"), headers=key.headers)

    assert [one.json()["created"] for one in (tried, made, again)] == [5, 5, 0]
    assert {one["file"] for one in made.json()["items"]} == {
        "Support Team/refund.prompt",
        "Support Team/named.prompt",
        "sales/refund.prompt",
        "sales/deep/summary.prompt.yml",
        "hello.json",
    }
    found = (await client.get("/api/v1/prompts", headers=key.headers)).json()["items"]
    assert {one["name"]: one["folder"] for one in found} == COMES


async def test_a_mistake_in_one_keeps_all_of_them_out(client, database, place):
    key = await a_key(database, place)
    url = "/api/v1/import?file=shop.zip"
    broken = ("sales/broken.prompt.yml", BROKEN, FILE)

    one = await client.post(url, content=repository(broken), headers=key.headers)
    more = ("a.prompt", b"\xff", FILE)
    two = await client.post(url, content=repository(broken, more), headers=key.headers)

    told = one.json()
    assert (one.status_code, told["code"]) == (422, "import_file_invalid")
    assert (told["file"], told["line"]) == ("sales/broken.prompt.yml", 5)
    assert [error["key"] for error in two.json()["errors"]] == ["a.prompt", broken[0]]
    assert await names(database, place) == []


async def test_the_preview_lists_each_file_and_lets_one_be_left_out(client, database, place, bring):
    broken = ("sales/broken.prompt.yml", BROKEN, FILE)
    url = await bring(("shop.zip", repository(broken)), ("lone.prompt", DOTPROMPT))

    page = (await client.get(url)).text

    for said in ("sales/refund.prompt", "sales/deep/summary.prompt.yml", "GitHub Models"):
        assert said in page
    assert "6 files without a prompt" in page
    assert page.count("Such files do not say calls of tools") == 2, "of the ZIP and the other file"
    assert "Its file is called “Support Team/refund”" in page
    assert "Passed over: .github/notes.json, README.md, compose.yml" in page
    assert "sales/broken.prompt.yml, line 5" in page
    assert (await client.post(f"{url}/run", data={"conflict": "skip"})).status_code == 422

    number = page.partition("Format of sales/broken.prompt.yml")[0].rpartition('for="format-')[2]
    left = {f"format-{number.partition(chr(34))[0]}": "out"}
    assert (await client.post(f"{url}/check", data=left)).status_code == 303
    page = (await client.get(url)).text
    assert "6 prompts to import" in page
    assert "6 files without a prompt" in page
    await client.post(f"{url}/run", data={"conflict": "skip"})
    await settled(client, url)
    assert set(await names(database, place)) == {*COMES, "lone"}


def test_names_that_two_files_say_get_their_folders() -> None:
    found = [("a/x.prompty", Record(name="Basic")), ("b/y.prompty", Record(name="Basic"))]
    assert [one.name for _, one in placed(found)] == ["a/Basic", "b/Basic"]
    with pytest.raises(FileInvalid, match=r"a/y\.prompty: .* as a/x\.prompty does"):
        placed([("a/x.prompty", Record(name="Basic")), ("a/y.prompty", Record(name="Basic"))])
    versions = [(f"{n}.json", Record(name="one", version=n)) for n in (1, 2)]
    assert [one.name for _, one in placed(versions)] == ["one", "one"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (zipped(), "No file in it holds a prompt"),
        (zipped(("a.txt", b"", FILE)), "No file in it holds a prompt"),
        (zipped(("../a.prompt", DOTPROMPT, FILE)), "does not belong"),
        (zipped(("/a.prompt", DOTPROMPT, FILE)), "does not belong"),
        (zipped(("a\\b.prompt", DOTPROMPT, FILE)), "does not belong"),
        (zipped(("a.prompt", b"b.prompt", stat.S_IFLNK | 0o777)), "no plain file"),
        (zipped(("a.prompt", DOTPROMPT, FILE), ("a.prompt", DOTPROMPT, FILE)), "one name"),
        (zipped(("a.txt", b"0" * 20_000_000, FILE)), "bomb"),
    ],
)
def test_hostile_ones_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(FileInvalid, match=why):
        unpacked(io.BytesIO(data), "w.zip").files()


def test_only_so_much_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    large = b"0" * (bounds.FILE_BYTES + 10)
    files = unpacked(io.BytesIO(repository(("b.prompt", large, FILE))), "w.zip").files()
    assert max(len(data) for _, data in files) == bounds.FILE_BYTES + 1, "enough to be refused"
    monkeypatch.setattr("app.domain.exchange.packed.MOST_PACKED", 4)
    with pytest.raises(FileInvalid, match="At most 4 files"):
        unpacked(io.BytesIO(repository()), "w.zip").files()


def test_an_archive_says_so_itself() -> None:
    assert not isinstance(unpacked(io.BytesIO(an_archive(1)), "w.zip"), Packed)
    other = zipped(
        ("manifest.json", b'{"name": "an extension"}', FILE), ("a.prompt", DOTPROMPT, FILE)
    )
    assert [path for path, _ in unpacked(io.BytesIO(other), "w.zip").files()] == ["a.prompt"]
    with pytest.raises(FileInvalid, match="does not belong"):
        unpacked(io.BytesIO(zipped(MANIFEST, ("a.prompt", DOTPROMPT, FILE))), "w.zip")
