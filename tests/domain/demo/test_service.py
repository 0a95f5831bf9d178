"""The demo in a database: rows like those of the API, documents that go on living, all or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import MetaData, Table, select

from app.db.backup.progress import silent
from app.db.base import Model
from app.db.engine import Database
from app.domain.accounts.models import User
from app.domain.accounts.service import Browser, People
from app.domain.demo import queries, service
from app.domain.demo.errors import DemoExists
from app.domain.demo.service import Made, Wish
from app.domain.rooms.queries import author_ranges, snapshot
from app.domain.rooms.room.document import LiveDocument
from app.domain.threads.anchoring import Wording
from app.domain.versions.models import Checkpoint, Label, LabelMove, Version
from app.errors import NotFound
from app.server.commands.damaged_documents import damaged_documents
from tests.support.builders import (
    Place,
    Somebody,
    a_key,
    a_person,
    a_workspace,
    password_hash,
    role_of,
    use,
)
from tests.support.furnished import furnish

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
# What a workspace needs no row of: sessions, keys and the like, and edits that were not folded yet.
_NOT_SEEDED = frozenset(
    [
        "sessions",
        "api_keys",
        "mails",
        "mutes",
        "notification_settings",
        "saved_views",
        "stars",
        "invitations",
        "inclusions",
        "acknowledgements",
        "imports",
        "import_pieces",
        "kept_calls",
        "room_journal",
        "room_quarantine",
        "job_runs",
        "alembic_version",
    ]
)


def wish(prompts: int = 40, **more: Any) -> Wish:
    return Wish(prompts, 1, NOW, password_hash(), **more)


async def make(database: Database, prompts: int = 40, **more: Any) -> Made:
    return await service.make(database, wish(prompts, **more), lambda _done: None)


async def everything(database: Database) -> dict[str, list[Any]]:
    async with database.everywhere().transaction(write=False) as tx:
        return {name: (await tx.execute(select(table))).all() for name, table in _tables().items()}


def _tables() -> Mapping[str, Table]:
    metadata: MetaData = Model.metadata
    return metadata.tables


async def shapes(database: Database) -> dict[str, dict[str, set[str]]]:
    """For each table and column the types of the values that stand there."""
    return {
        name: {
            column: {_shape(value) for value in (getattr(row, column) for row in rows)}
            for column in rows[0]._fields
        }
        for name, rows in (await everything(database)).items()
        if rows
    }


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        keys = {tuple(sorted(one)) for one in value if isinstance(one, dict)}
        return f"list of {sorted(keys)}"
    return type(value).__name__


class TestShape:
    async def test_rows_are_like_those_that_the_services_make(
        self, tmp_path: Any, migrated: Any
    ) -> None:
        made, seeded = [
            Database(f"sqlite:///{tmp_path / name}.db") for name in ("services", "demo")
        ]
        for name in ("services", "demo"):
            (tmp_path / f"{name}.db").write_bytes(migrated.read_bytes())
        try:
            await furnish(made)
            await make(seeded, 120)
            expected, found = await shapes(made), await shapes(seeded)
        finally:
            await made.close()
            await seeded.close()
        assert found.keys() == expected.keys() - _NOT_SEEDED
        for table, columns in found.items():
            for column, kinds in columns.items():
                assert kinds <= _also(expected[table][column]), (table, column)

    async def test_both_databases(self, either: Database) -> None:
        made = await make(either, 60)
        assert made == Made(
            "larkspur-demo", "Larkspur Demo", "maya.lindqvist@larkspur.example", 12, 60
        )
        rows = await everything(either)
        assert len(rows["prompts"]) == 60
        assert {row.workspace_id for row in rows["prompts"]} == {rows["workspaces"][0].id}
        heads = {
            row.prompt_id: row.number for row in sorted(rows["versions"], key=lambda v: v.number)
        }
        assert all(row.number <= heads[row.prompt_id] for row in rows["labels"])


def _also(kinds: set[str]) -> set[str]:
    """What may be empty, may."""
    empty = {"list of []"} if any(kind.startswith("list") for kind in kinds) else set()
    optional = {"NoneType", "int"} if kinds & {"NoneType", "int"} else set()
    moment = {"datetime"} if "NoneType" in kinds else set()
    return kinds | empty | optional | moment


class TestOrder:
    async def test_ids_rise_with_time_as_lists_rely_on(self, database: Database) -> None:
        await make(database)
        async with database.transaction(write=False) as tx:
            for model, column in (
                (Version, "created_at"),
                (Checkpoint, "created_at"),
                (LabelMove, "moved_at"),
            ):
                statement = select(model.prompt_id, model.id, getattr(model, column))
                rows = (await tx.execute(statement)).all()
                by_id = sorted(rows, key=lambda row: (row[0], row[1]))
                by_time = sorted(rows, key=lambda row: (row[0], row[2]))
                assert by_id == by_time, model.__name__

    async def test_labels_are_where_their_last_move_put_them(self, database: Database) -> None:
        await make(database)
        async with database.transaction(write=False) as tx:
            labels = (await tx.execute(select(Label))).scalars().all()
            assert labels
            for label in labels:
                statement = (
                    select(LabelMove.to_number)
                    .where(LabelMove.prompt_id == label.prompt_id, LabelMove.label == label.name)
                    .order_by(LabelMove.id.desc())
                    .limit(1)
                )
                assert (await tx.execute(statement)).scalar_one() == label.number


class TestThreads:
    async def test_people_speak_in_turn_of_what_was_written(self, database: Database) -> None:
        await make(database)
        rows = await everything(database)
        threads, said = rows["threads"], sorted(rows["comments"], key=lambda one: one.number)
        assert {one.state for one in threads} == {"open", "resolved"}
        assert rows["mentions"]
        assert rows["reactions"]
        born = {one.id: one.created_at for one in rows["prompts"]}
        for thread in threads:
            comments = [one for one in said if one.thread_id == thread.id]
            times = [born[thread.prompt_id], *(one.created_at for one in comments), NOW]
            assert times == sorted(times)
            assert [one.number for one in comments] == list(range(1, thread.comment_count + 1))
            assert comments[0].author == thread.created_by
            assert thread.resolved_at is None or thread.resolved_at >= times[-2]
            assert all("{" not in one.body for one in comments)

    async def test_most_are_on_words_that_are_there(self, database: Database) -> None:
        await make(database)
        rows = await everything(database)
        texts = {one.document_id: Wording(one.text) for one in rows["room_snapshots"]}
        spans = [texts[one.room_id].span(one) for one in rows["threads"] if one.quote]
        assert sum(span is not None for span in spans) > 0.8 * len(spans)


class TestDocuments:
    async def test_none_is_damaged(self, database: Database) -> None:
        await make(database)
        async with database.transaction(write=False) as tx:
            assert await damaged_documents(tx, silent) == []

    async def test_every_character_has_the_author_that_its_version_credits(
        self, database: Database
    ) -> None:
        await make(database)
        async with database.transaction(write=False) as tx:
            for version in (await tx.execute(select(Version))).scalars():
                whole = await snapshot(tx, version.room_id)
                authors = [
                    (r.client, r.start, r.end, r.actor)
                    for r in await author_ranges(tx, version.room_id)
                ]
                assert whole is not None
                live = LiveDocument.from_state(version.state)
                live.trust(authors)
                live.learn([(version.state, None)])
                assert live.text == version.text
                people = {actor for _, actor in live.guard.spans()}
                assert people <= {actor for *_, actor in authors}
                assert {one["actor"] for one in version.contributors} <= {a for *_, a in authors}

    async def test_the_room_is_opened_edited_and_published(
        self, client: Any, database: Database
    ) -> None:
        made = await make(database)
        maya = await _maya(database)
        root = f"/w/{made.slug}"
        prompt = await _one_with_versions(database)
        page = await use(client, maya).get(f"{root}/prompts/{prompt}")
        assert page.status_code == 200
        assert (await client.get(f"{root}/prompts/{prompt}/versions")).status_code == 200
        place = Place(await _workspace_id(database), made.slug, made.name, maya)
        key = await a_key(database, place, "write")
        url = f"/api/v1/prompts/{prompt}"
        before = (await client.get(url, headers=key.headers)).json()
        text = before["text"] + "\nAnd be kind."
        answer = await client.patch(url, headers=key.headers, json={"text": text})
        assert answer.json()["text"] == text
        published = await client.post(
            f"{url}/versions", headers=key.headers, json={"message": "Kinder"}
        )
        assert published.status_code == 201, published.text
        assert published.json()["number"] == before["version"] + 1
        wrote = {one["id"]: one["units"] for one in published.json()["contributors"]}
        assert wrote[f"key:{key.id}"] == len("\nAnd be kind.")


class TestAllOrNothing:
    async def test_a_second_time_is_refused_and_changes_nothing(self, database: Database) -> None:
        await make(database, 5)
        before = await everything(database)
        with pytest.raises(DemoExists, match="larkspur-demo is there already, with 5 prompts"):
            await make(database, 5)
        assert await everything(database) == before

    async def test_beside_another_workspace(self, database: Database) -> None:
        mine = await a_workspace(database)
        await make(database, 5, owner=mine.owner.email.upper())
        place = Place(await _workspace_id(database), "larkspur-demo", "", mine.owner)
        assert await role_of(database, place, mine.owner) == "owner"

    async def test_an_unknown_owner_is_refused_before_anything_is_made(
        self, database: Database
    ) -> None:
        with pytest.raises(NotFound, match="Nobody has the e-mail"):
            await make(database, 5, owner="nobody@example.com")
        assert not (await everything(database))["users"]

    async def test_somebody_with_an_address_of_the_demo_is_left_alone(
        self, database: Database
    ) -> None:
        await a_person(database, "Sam", "sam.whitaker@larkspur.example")
        with pytest.raises(DemoExists, match=r"sam\.whitaker"):
            await make(database, 5)
        assert len((await everything(database))["users"]) == 1

    async def test_what_was_begun_is_cleared_away(
        self, either: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mine = await a_workspace(either)
        before = await everything(either)

        def stop(done: int) -> None:
            if done >= 20:
                raise KeyboardInterrupt

        monkeypatch.setattr(service, "BATCH", 10)
        with pytest.raises(KeyboardInterrupt):
            await service.make(either, wish(40, owner=mine.owner.email), stop)
        assert await everything(either) == before


async def _maya(database: Database) -> Somebody:
    async with database.transaction() as tx:
        statement = select(User).where(User.name == "Maya Lindqvist")
        user = (await tx.execute(statement)).scalar_one()
        secret = await People(tx).open_session(user.id, Browser("192.0.2.1", "Firefox"))
    return Somebody(user.id, user.name, user.email, secret)


async def _workspace_id(database: Database) -> UUID:
    async with database.transaction(write=False) as tx:
        found = await queries.workspace(tx, "larkspur-demo")
    assert found is not None
    return found


async def _one_with_versions(database: Database) -> UUID:
    async with database.transaction(write=False) as tx:
        statement = select(Version.prompt_id).where(Version.number == 3).limit(1)
        return (await tx.execute(statement)).scalar_one()
