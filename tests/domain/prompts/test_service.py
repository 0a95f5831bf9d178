"""Prompts against a real database: who may, what is told, and two people at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.db.engine import Database
from app.domain.prompts import queries
from app.domain.prompts.errors import NameTaken, PromptInvalid, PromptNotFound, SettingUnknown
from app.domain.prompts.reactions import EditedAt
from app.domain.prompts.service import Details, NewPrompt, Prompts
from app.domain.prompts.settings import Settings
from app.errors import Forbidden
from app.kit import clock
from tests.support.builders import a_member, a_prompt, a_workspace, as_member
from tests.support.rooms import FakeRooms

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def caller(database, place):
    return await as_member(database, place, place.owner)


@pytest.fixture
async def made(database, place):
    return await a_prompt(database, place, "a/b", title="Before", tags=("x",))


@pytest.fixture
def rooms():
    return FakeRooms()


@pytest.fixture
def act(database, caller, rooms):
    """Call one method of the service in a transaction of its own."""

    async def act(method, *args, caller=caller, **given):
        async with database.transaction() as tx:
            return await getattr(Prompts(tx, caller, rooms), method)(*args, **given)

    return act


class TestTwoAtOnce:
    async def test_two_settings_are_both_kept(self, act, made):
        await asyncio.gather(
            *(act("set_setting", made.id, f"config.k{n}", n) for n in range(8)),
            *(act("add_variable", made.id, {"name": f"v{n}"}) for n in range(8)),
        )
        branch = (await act("open", made.id)).branch
        assert branch.config == {f"k{n}": n for n in range(8)}
        assert {one["name"] for one in branch.variables} == {f"v{n}" for n in range(8)}
        assert branch.settings_revision == 16

    async def test_one_of_two_gets_the_name(self, act):
        done = await asyncio.gather(
            *(act("create", NewPrompt(name="same")) for _ in range(2)), return_exceptions=True
        )
        assert sum(isinstance(one, NameTaken) for one in done) == 1

    async def test_two_titles_make_two_names(self, act):
        done = await asyncio.gather(*(act("create", NewPrompt(title="Same")) for _ in range(3)))
        assert sorted(one.prompt.name for one in done) == ["same", "same-2", "same-3"]


class TestNews:
    async def test_only_what_differs_is_told(self, act, made, rooms):
        assert await act("change", made.id, Details(title="After", tags=("X",))) == ["title"]
        assert await act("change", made.id, Details(title="After")) == []
        assert await act("set_config", made.id, {"temperature": 1, "seed": None}) == [
            "config.temperature"
        ]
        assert await act("set_config", made.id, {"temperature": 1}) == []
        assert rooms.news == [
            ("prompt.changed", {"fields": ["title"]}),
            ("settings.changed", {"fields": ["config.temperature"]}),
        ]

    async def test_nothing_is_told_when_the_change_is_refused(self, act, made, rooms):
        with pytest.raises(PromptInvalid):
            await act("set_setting", made.id, "config.temperature", 9)
        assert rooms.news == []


async def test_tags_have_one_order_whatever_the_database_thinks(postgres_url):
    """Where å comes before z, the tags are the same and nothing has changed."""
    database = Database(postgres_url)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            'ALTER TABLE prompt_tags ALTER tag TYPE varchar(64) COLLATE "en-x-icu"'
        )
        found = await connection.exec_driver_sql(
            "SELECT 'å' COLLATE \"en-x-icu\" < 'z' COLLATE \"en-x-icu\""
        )
        assert found.scalar_one()
    everywhere = database.everywhere()
    place = await a_workspace(everywhere)
    made = await a_prompt(everywhere, place, "a/b", tags=("z", "å"))
    caller, rooms = await as_member(everywhere, place, place.owner), FakeRooms()
    async with everywhere.transaction() as tx:
        prompts = Prompts(tx, caller, rooms)
        assert await prompts.change(made.id, Details(tags=("å", "z"))) == []
        assert (await prompts.open(made.id)).tags == ["z", "å"]
    assert rooms.news == []
    await database.close()


class TestSettings:
    async def test_a_field_is_addressed_by_its_path(self, act, made):
        await act("add_variable", made.id, {"name": "limit", "type": "number", "default": 1})
        await act("set_setting", made.id, "variables.limit.default", 2)
        await act("set_setting", made.id, "config.a.b", [1])
        branch = (await act("open", made.id)).branch
        assert branch.variables[0]["default"] == 2
        assert branch.config == {"a.b": [1]}

    @pytest.mark.parametrize(
        "field", ["", "config", "config.", "variables", "title", "variables.x"]
    )
    async def test_other_paths_are_unknown(self, act, made, field):
        with pytest.raises(SettingUnknown):
            await act("set_setting", made.id, field, 1)


class TestWhoMay:
    CALLS = [
        ("set_setting", ("config.model", "m"), "prompts:write"),
        ("set_config", ({"model": "m"},), "prompts:write"),
        ("add_variable", ({"name": "x"},), "prompts:write"),
        ("replace_settings", (Settings({}, []),), "prompts:write"),
        ("change", (Details(title="x"),), "prompts:write"),
        ("change", (Details(archived=True),), "prompts:archive"),
    ]

    @pytest.mark.parametrize(
        "role", ["owner", "admin", "reviewer", "editor", "commenter", "viewer"]
    )
    @pytest.mark.parametrize(("method", "args", "permission"), CALLS)
    async def test_the_role_decides(
        self, act, database, place, made, role, method, args, permission
    ):
        person = await as_member(database, place, await a_member(database, place, role))
        if permission in {str(one) for one in person.permissions}:
            assert await act(method, made.id, *args, caller=person) is not None
        else:
            with pytest.raises(Forbidden):
                await act(method, made.id, *args, caller=person)
        assert (await act("open", made.id, caller=person)).prompt.id == made.id

    async def test_another_workspaces_prompt_is_not_found(self, act, database, made):
        elsewhere = await a_workspace(database, "Elsewhere")
        stranger = await as_member(database, elsewhere, elsewhere.owner)
        for method, args, _ in self.CALLS:
            with pytest.raises(PromptNotFound):
                await act(method, made.id, *args, caller=stranger)
        with pytest.raises(PromptNotFound):
            await act("room", made.room_id, caller=stranger)


class TestEditedAt:
    async def test_edits_are_noted_together_and_never_backwards(self, act, database, made):
        before = (await act("open", made.id)).prompt.edited_at
        edited = EditedAt(database)
        await edited.flush()
        assert (await act("open", made.id)).prompt.edited_at == before
        for _ in range(3):
            edited.note(made.room_id, "user:x")
        await edited.flush()
        after = (await act("open", made.id)).prompt.edited_at
        assert after > before
        async with database.transaction() as tx:
            await queries.touch(tx, [made.room_id], clock.utc_now() - timedelta(hours=1))
        assert (await act("open", made.id)).prompt.edited_at == after

    async def test_what_could_not_be_written_is_written_later(self, act, database, made):
        edited = EditedAt(database)
        edited.note(made.room_id, "user:x")
        url, database.engine = database.engine, None
        database._writing, writing = None, database._writing
        with pytest.raises(Exception):  # noqa: B017  (whatever the database raises)
            await edited.flush()
        database.engine, database._writing = url, writing
        before = (await act("open", made.id)).prompt.edited_at
        await edited.flush()
        assert (await act("open", made.id)).prompt.edited_at > before
