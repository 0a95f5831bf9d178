"""A damaged or hostile backup is refused with its place named, and leaves nothing behind."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from sqlalchemy import inspect

from app.db.backup import manifest
from app.db.backup.errors import BackupTooNew, BackupUnreadable, RestoreFailed
from app.db.backup.manifest import HEAD, MANIFEST
from app.db.engine import Database
from tests.support.any_rows import any_rows, everything, put
from tests.support.backups import backed_up, forged, members_of, packed, read_through, restored

pytestmark = pytest.mark.anyio

BAD_TEXT = b'{"format": 1, "promptroom": "\xff", "head_sha256": "\xff"}'
USERS = "users/000001.jsonl"


@pytest.fixture
async def backup(database: Database) -> bytes:
    async with database.engine.begin() as connection:
        await put(connection, any_rows(random.Random(5)))
    return await backed_up(database)


@pytest.fixture
def members(backup: bytes) -> dict[str, bytes]:
    return members_of(backup)


async def nothing_is_there(database: Database) -> bool:
    async with database.engine.connect() as connection:
        return await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == []


async def refused(data: bytes, database: Database) -> str:
    """Why restoring fails; nothing may be left of it."""
    with pytest.raises((BackupUnreadable, BackupTooNew, RestoreFailed)) as refusal:
        await restored(data, database)
    assert await nothing_is_there(database)
    return refusal.value.detail


def with_head(members: dict[str, bytes], **changes: Any) -> dict[str, bytes]:
    return {**members, HEAD: json.dumps(json.loads(members[HEAD]) | changes).encode()}


def with_row(members: dict[str, bytes], member: str, **changes: Any) -> dict[str, bytes]:
    """The first row of a member changed."""
    columns = list(json.loads(members[HEAD])["tables"][member.split("/", maxsplit=1)[0]])
    first, _, rest = members[member].partition(b"\n")
    row = json.loads(first)
    for column, value in changes.items():
        row[columns.index(column)] = value
    return {**members, member: json.dumps(row).encode() + b"\n" + rest}


class TestAccidents:
    async def test_a_byte_flipped_at_200_places(self, backup: bytes, other: Database) -> None:
        dice = random.Random(11)
        sound = read_through(backup)
        for number in range(200):
            changed = bytearray(backup)
            changed[dice.randrange(len(backup))] ^= dice.randrange(1, 256)
            try:
                assert read_through(bytes(changed)) == sound  # it changed nothing that counts
            except BackupUnreadable:
                if number % 10 == 0:
                    await refused(bytes(changed), other)

    async def test_cut_short_anywhere(self, backup: bytes, other: Database) -> None:
        dice = random.Random(12)
        for number in range(100):
            cut = backup[: dice.randrange(len(backup))]
            with pytest.raises(BackupUnreadable):
                read_through(cut)
            if number % 20 == 0:
                await refused(cut, other)
        await refused(backup[:-1], other)

    async def test_the_place_is_named(self, members: dict[str, bytes], other: Database) -> None:
        changed = members[USERS].replace(b"true", b"yes!", 1)
        said = await refused(packed({**members, USERS: changed}), other)
        assert said.startswith("users/000001.jsonl, line 3: JSON is malformed")

    async def test_a_changed_row(self, members: dict[str, bytes], other: Database) -> None:
        changed = packed(with_row(members, USERS, hue="odd"))
        assert await refused(changed, other) == "users does not fit its checksum"

    async def test_a_lost_row(self, members: dict[str, bytes], other: Database) -> None:
        name = "labels/000001.jsonl"
        lost = {**members, name: members[name].split(b"\n", 1)[1]}
        assert await refused(packed(lost), other) == "labels has 23 rows of 24"

    async def test_a_lost_member(self, members: dict[str, bytes], other: Database) -> None:
        lost = {name: data for name, data in members.items() if not name.startswith("labels/")}
        assert await refused(packed(lost), other) == "labels has 0 rows of 24"

    async def test_a_member_twice(self, members: dict[str, bytes], other: Database) -> None:
        twice = {}
        for name, data in members.items():
            twice[name] = data
            if name == USERS:
                twice["users/000003.jsonl"] = data
        said = await refused(packed(twice), other)
        assert said == "'users/000003.jsonl' stands where it does not belong"

    async def test_members_out_of_order(self, members: dict[str, bytes], other: Database) -> None:
        head, users, *rest = members
        assert users == USERS
        order = [head, *rest[:-1], users, rest[-1]]
        said = await refused(packed({name: members[name] for name in order}), other)
        assert said == "'users/000001.jsonl' stands where it does not belong"

    async def test_a_lost_manifest(self, members: dict[str, bytes], other: Database) -> None:
        lost = {name: data for name, data in members.items() if name != MANIFEST}
        assert await refused(packed(lost), other) == "its manifest is missing"

    async def test_something_behind_the_manifest(
        self, members: dict[str, bytes], other: Database
    ) -> None:
        said = await refused(packed({**members, "more": b"x"}), other)
        assert said == "'more' stands behind the end"

    async def test_another_head(self, members: dict[str, bytes], other: Database) -> None:
        changed = packed(with_head(members, source="somewhere"))
        assert await refused(changed, other) == f"{HEAD} does not fit its checksum"

    async def test_no_head(self, members: dict[str, bytes], other: Database) -> None:
        lost = {name: data for name, data in members.items() if name != HEAD}
        assert "it begins with 'users/000001.jsonl'" in await refused(packed(lost), other)

    async def test_a_manifest_of_other_tables(
        self, members: dict[str, bytes], other: Database
    ) -> None:
        listed = json.loads(members[MANIFEST])
        del listed["tables"]["labels"]
        changed = {**members, MANIFEST: json.dumps(listed).encode()}
        assert "lists other tables" in await refused(packed(changed), other)

    @pytest.mark.parametrize("name", [HEAD, MANIFEST])
    @pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b"\xff", b"[" * 5000, BAD_TEXT])
    async def test_heads_and_manifests_that_are_none(
        self, members: dict[str, bytes], other: Database, name: str, data: bytes
    ) -> None:
        said = await refused(packed({**members, name: data}), other)
        assert said.startswith(f"{name} cannot be read: ")


class TestMalice:
    """All sums fit; only what is in it is wrong."""

    async def test_the_forger_of_these_tests_can_forge(
        self, members: dict[str, bytes], other: Database
    ) -> None:
        """Otherwise the refusals below might have another cause."""
        await restored(forged(members), other)

    async def test_an_unknown_table(self, members: dict[str, bytes], other: Database) -> None:
        tables = json.loads(members[HEAD])["tables"] | {"sqlite_master": {"sql": "text"}}
        said = await refused(forged(with_head(members, tables=tables)), other)
        assert said == "it has a table 'sqlite_master', which its schema has not"

    async def test_a_missing_table(self, members: dict[str, bytes], other: Database) -> None:
        tables = json.loads(members[HEAD])["tables"]
        del tables["labels"]
        kept = {name: data for name, data in members.items() if not name.startswith("labels/")}
        said = await refused(forged(with_head(kept, tables=tables)), other)
        assert said == "table 'labels' is missing"

    async def test_tables_in_another_order(
        self, members: dict[str, bytes], other: Database
    ) -> None:
        tables = dict(reversed(json.loads(members[HEAD])["tables"].items()))
        said = await refused(forged(with_head(members, tables=tables)), other)
        assert said == "its tables are out of order"

    @pytest.mark.parametrize(
        "change",
        [{"is_admin": "boolean"}, {"name": "integer"}, {"name); DROP TABLE users; --": "text"}],
    )
    async def test_an_unknown_column(
        self, members: dict[str, bytes], other: Database, change: dict[str, str]
    ) -> None:
        tables = json.loads(members[HEAD])["tables"]
        tables["users"] |= change
        said = await refused(forged(with_head(members, tables=tables)), other)
        assert said.startswith("users has other columns than its schema: ")

    async def test_columns_in_another_order(
        self, members: dict[str, bytes], other: Database
    ) -> None:
        tables = json.loads(members[HEAD])["tables"]
        tables["users"] = dict(reversed(tables["users"].items()))
        said = await refused(forged(with_head(members, tables=tables)), other)
        assert said.startswith("users has other columns than its schema: ")

    async def test_a_row_twice(self, members: dict[str, bytes], other: Database) -> None:
        first = members[USERS].split(b"\n", 1)[0] + b"\n"
        said = await refused(forged({**members, USERS: members[USERS] + first}), other)
        assert said.startswith("the database refuses a row of users/000001.jsonl: ")
        assert "UNIQUE" in said

    async def test_a_row_that_refers_to_none(
        self, members: dict[str, bytes], other: Database
    ) -> None:
        nobody = "00000000-0000-0000-0000-00000000dead"
        said = await refused(
            forged(with_row(members, "sessions/000001.jsonl", user_id=nobody)), other
        )
        assert said == "a row of sessions refers to a row of users that is not there"

    async def test_many_rows_in_one_member(
        self, members: dict[str, bytes], other: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They would all have to be held in memory, and as objects they are larger."""
        monkeypatch.setattr(manifest, "CHUNK_BYTES", 2000)
        said = await refused(forged(members), other)
        assert said == "users/000001.jsonl is larger than a member with several rows"

    async def test_a_missing_value(self, members: dict[str, bytes], other: Database) -> None:
        said = await refused(forged(with_row(members, USERS, name=None)), other)
        assert said == "users/000001.jsonl, line 1: Expected `str`, got `null` - at `name`"

    async def test_a_schema_that_nobody_knows(
        self, members: dict[str, bytes], other: Database
    ) -> None:
        for revision in ("ffffffffffff", "", "head", "base", "+1", "0324", "../env"):
            said = await refused(forged(with_head(members, revision=revision)), other)
            assert "does not know" in said

    async def test_a_later_form(self, members: dict[str, bytes], other: Database) -> None:
        head = {"format": 2, "promptroom": "9.1.0", "new": {"things": []}}
        said = await refused(packed({**members, HEAD: json.dumps(head).encode()}), other)
        assert said.startswith("it was made by Promptroom 9.1.0; this is ")


async def test_what_was_in_use_is_not_touched(
    database: Database, members: dict[str, bytes]
) -> None:
    async with database.engine.connect() as connection:
        before = await everything(connection)
    with pytest.raises(Exception, match="holds data already"):
        await restored(packed(members), database)
    async with database.engine.connect() as connection:
        assert await everything(connection) == before
