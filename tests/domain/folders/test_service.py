"""Folders over REST and on their page: made, moved with everything in them, taken away."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.access.permissions import Role
from app.access.principal import Person, Principal
from app.db.engine import Database
from app.domain.demo import service as seed
from app.domain.demo.service import Wish
from app.domain.folders import pages
from app.domain.folders.service import Folders
from app.domain.prompts.models import Prompt
from app.domain.prompts.ports import PROMPT_CHANGED
from app.domain.workspaces.models import Member
from app.kit import clock
from tests.support.builders import (
    a_key,
    a_member,
    a_prompt,
    a_workspace,
    as_member,
    password_hash,
    use,
)
from tests.support.counting import statements

pytestmark = pytest.mark.anyio
URL = "/api/v1/folders"


class SomebodyIsIn:
    """Rooms of which people have the named ones open; hears what is announced."""

    def __init__(self, *rooms: UUID) -> None:
        self.open, self.told = set(rooms), []

    def people(self, document_ids: Any) -> dict[UUID, list[Any]]:
        return {one: ["somebody"] for one in document_ids if one in self.open}

    def announce(self, document_id: UUID, kind: str, data: dict[str, Any], by: Any) -> None:
        self.told.append((document_id, kind, data, by.name))


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def call(client, database, place):
    key = await a_key(database, place)

    async def call(method, where="", /, **json):
        given = {"json": json} if json else {}
        return await client.request(method, URL + where, headers=key.headers, **given)

    return call


async def paths(call):
    items = (await call("GET")).json()["items"]
    return {one["path"]: (one["count"], one["total"]) for one in items}


async def folder_of(database, made):
    async with database.everywhere().transaction(write=False) as tx:
        return (await tx.execute(select(Prompt.folder).where(Prompt.id == made.id))).scalar_one()


class TestListing:
    async def test_those_in_use_and_those_made_and_those_above(self, call, database, place):
        await a_prompt(database, place, folder="Support / Refunds")
        made = await call("POST", path="Data/SQL")
        assert made.status_code == 201
        assert made.headers["Location"] == f"{URL}/Data/SQL"
        assert await paths(call) == {
            "Data": (0, 0), "Data/SQL": (0, 0), "Support": (0, 1), "Support/Refunds": (1, 1),
        }  # fmt: skip

    async def test_one_above_stays_when_the_one_in_it_goes(self, call):
        await call("POST", path="Data/SQL")
        assert (await call("DELETE", "/Data/SQL")).status_code == 204
        assert await paths(call) == {"Data": (0, 0)}

    async def test_a_list_narrowed_to_a_folder_has_what_is_below_it(
        self, client, call, database, place
    ):
        key = await a_key(database, place)
        for folder in ("Support", "Support/Refunds", "Supporters", "support"):
            await a_prompt(database, place, folder=folder)
        url = "/api/v1/prompts?folder=Support"
        items = (await client.get(url, headers=key.headers)).json()["items"]
        assert sorted(one["folder"] for one in items) == ["Support", "Support/Refunds"]


class TestMaking:
    @pytest.mark.parametrize("path", ["Support", "Support/Refunds", "Empty"])
    async def test_one_that_is_there_is_refused(self, call, database, place, path):
        await a_prompt(database, place, folder="Support/Refunds")
        await call("POST", path="Empty")
        answer = await call("POST", path=path)
        assert (answer.status_code, answer.json()["code"]) == (409, "folder_taken")

    async def test_a_path_that_is_none_is_refused(self, call):
        answer = await call("POST", path="a//b")
        assert (answer.status_code, answer.json()["code"]) == (422, "folder_invalid")
        assert answer.json()["errors"][0]["key"] == "path"


class TestMoving:
    async def test_everything_in_it_moves_along(self, call, database, place):
        refunds = await a_prompt(database, place, folder="Support/Refunds")
        itself = await a_prompt(database, place, folder="Support")
        sister = await a_prompt(database, place, folder="Supporters")
        other_case = await a_prompt(database, place, folder="support")
        await call("POST", path="Support/Empty")
        answer = await call("PATCH", "/Support", path="Help / Desk")
        assert answer.json() == {"path": "Help/Desk", "count": 2}
        assert await folder_of(database, refunds) == "Help/Desk/Refunds"
        assert await folder_of(database, itself) == "Help/Desk"
        assert await folder_of(database, sister) == "Supporters"
        assert await folder_of(database, other_case) == "support"
        assert "Help/Desk/Empty" in await paths(call)
        assert "Support" not in await paths(call)

    async def test_names_for_programs_stay(self, client, call, database, place):
        key = await a_key(database, place)
        made = await a_prompt(database, place, "support/x", folder="Support")
        await call("PATCH", "/Support", path="Help")
        got = await client.get(f"/api/v1/prompts/{made.id}", headers=key.headers)
        assert got.json()["name"] == "support/x"

    async def test_archived_prompts_move_too(self, client, call, database, place):
        key = await a_key(database, place)
        made = await a_prompt(database, place, folder="Support")
        await client.delete(f"/api/v1/prompts/{made.id}", headers=key.headers)
        assert (await call("PATCH", "/Support", path="Help")).json()["count"] == 1
        assert await folder_of(database, made) == "Help"

    @pytest.mark.parametrize(
        ("to", "status", "code"),
        [
            ("Data", 409, "folder_taken"),
            ("Data/SQL", 409, "folder_taken"),
            ("Support/Below", 422, "folder_invalid"),
            ("/x", 422, "folder_invalid"),
            ("x" * 99, 422, "folder_invalid"),
        ],
    )
    async def test_where_it_cannot_go(self, call, database, place, to, status, code):
        made = await a_prompt(database, place, folder="Support/Refunds")
        await a_prompt(database, place, folder="Data/SQL")
        answer = await call("PATCH", "/Support", path=to)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert await folder_of(database, made) == "Support/Refunds"

    async def test_to_where_it_is_changes_nothing(self, call, database, place):
        await a_prompt(database, place, folder="Support")
        assert (await call("PATCH", "/Support", path="Support")).json()["count"] == 0

    async def test_one_that_is_not_there(self, call):
        answer = await call("PATCH", "/Nowhere", path="x")
        assert (answer.status_code, answer.json()["code"]) == (404, "folder_not_found")

    async def test_signs_in_names(self, call, database, place):
        made = await a_prompt(database, place, folder="100%_?#/Größe 日本")
        await a_prompt(database, place, folder="100xx")
        answer = await call("PATCH", "/100%25_%3F%23", path="Rest")
        assert answer.json()["count"] == 1
        assert await folder_of(database, made) == "Rest/Größe 日本"

    async def test_a_thousand_prompts_cost_the_statements_of_ten(self, either: Database) -> None:
        demo = Wish(1000, 1, clock.utc_now(), password_hash())
        await seed.make(either, demo, lambda _done: None)
        async with either.everywhere().transaction(write=False) as tx:
            member = (
                await tx.execute(select(Member).where(Member.role == Role.OWNER))
            ).scalar_one()
        person = Person(member.user_id, member.user_id, "Maya", "", "azure")
        caller = Principal.of_member(person, member.workspace_id, Role.OWNER)
        costs = []
        for path, to in (("Support desk/Reviews", "Reviews"), ("Data", "All/Data")):
            with statements(either) as seen:
                async with either.within(caller).transaction() as tx:
                    moved = await Folders(tx, caller, SomebodyIsIn()).move(path, to)
            costs.append((moved, len(seen)))
        (few, cost_of_few), (many, cost_of_many) = costs
        assert 0 < few < 30
        assert many > 100
        assert cost_of_few == cost_of_many < 15
        async with either.within(caller).transaction(write=False) as tx:
            statement = select(func.count()).where(Prompt.folder.startswith("All/Data/"))
            assert (await tx.execute(statement)).scalar_one() == many

    async def test_only_rooms_with_people_in_them_hear_of_it(self, database, place):
        here = await a_prompt(database, place, folder="Support")
        await a_prompt(database, place, folder="Support/Refunds")
        caller = await as_member(database, place, place.owner)
        rooms = SomebodyIsIn(here.room_id)
        async with database.transaction() as tx:
            await Folders(tx, caller, rooms).move("Support", "Help")
            assert rooms.told == []
        assert rooms.told == [(here.room_id, PROMPT_CHANGED, {"fields": ["folder"]}, caller.name)]


class TestTakingAway:
    async def test_what_lay_in_it_lies_one_higher(self, call, database, place):
        deep = await a_prompt(database, place, folder="Support/Refunds/Old")
        itself = await a_prompt(database, place, folder="Support/Refunds")
        await call("POST", path="Support/Refunds/Empty")
        assert (await call("DELETE", "/Support/Refunds")).status_code == 204
        assert await folder_of(database, deep) == "Support/Old"
        assert await folder_of(database, itself) == "Support"
        assert set(await paths(call)) == {"Support", "Support/Old", "Support/Empty"}

    async def test_at_the_top_it_lies_in_no_folder(self, call, database, place):
        deep = await a_prompt(database, place, folder="Support/Refunds")
        itself = await a_prompt(database, place, folder="Support")
        await call("DELETE", "/Support")
        assert await folder_of(database, deep) == "Refunds"
        assert await folder_of(database, itself) == ""

    async def test_it_joins_one_of_the_same_name(self, call, database, place):
        await call("POST", path="Support/Data")
        await call("POST", path="Data")
        assert (await call("DELETE", "/Support")).status_code == 204
        assert set(await paths(call)) == {"Data"}

    async def test_both_databases(self, either: Database) -> None:
        place = await a_workspace(either)
        caller = await as_member(either, place, place.owner)
        made = await a_prompt(either, place, folder="Support/Refunds")
        for path, to, expected in (
            ("Support", "Help", "Help/Refunds"),
            ("Help/Refunds", "Refunds", "Refunds"),
            ("Refunds", "", ""),
        ):
            async with either.within(caller).transaction() as tx:
                folders = Folders(tx, caller, SomebodyIsIn())
                await (folders.move(path, to) if to else folders.remove(path))
            assert await folder_of(either, made) == expected


class TestThePage:
    async def test_with_forms_alone(self, client, database, place):
        made = await a_prompt(database, place, folder="Support")
        use(client, await a_member(database, place))
        url = f"/w/{place.slug}/settings/folders"
        assert (await client.post(url, data={"path": "Data"})).status_code == 303
        form = {"folder": "Support", "path": "Data/Support"}
        assert (await client.post(f"{url}/move", data=form)).status_code == 303
        assert await folder_of(database, made) == "Data/Support"
        page = (await client.get(url)).text
        assert f'href="/w/{place.slug}/?folder=Data/Support"' in page
        assert (await client.post(f"{url}/remove", data={"folder": "Data"})).status_code == 303
        assert await folder_of(database, made) == "Support"

    async def test_what_is_refused_is_shown_beside_what_was_typed(self, client, database, place):
        await a_prompt(database, place, folder="Support")
        await a_prompt(database, place, folder="Data")
        use(client, await a_member(database, place))
        url = f"/w/{place.slug}/settings/folders"
        taken = await client.post(url, data={"path": "Data"})
        assert taken.status_code == 422
        assert "The folder Data is there already." in taken.text
        moved = await client.post(f"{url}/move", data={"folder": "Support", "path": "Support/x"})
        assert moved.status_code == 422
        assert "cannot be moved into itself" in moved.text
        assert 'value="Support/x"' in moved.text

    async def test_a_viewer_sees_them_and_is_told_whom_to_ask(self, client, database, place):
        await a_prompt(database, place, folder="Support")
        use(client, await a_member(database, place, "viewer"))
        url = f"/w/{place.slug}/settings/folders"
        page = (await client.get(url)).text
        assert "Ask Maya Olsen." in page
        assert "settings/folders/move" not in page
        assert (await client.post(url, data={"path": "x"})).status_code == 403

    async def test_the_sidebar_opens_the_branch_that_is_shown(self, client, database, place):
        for folder in ("Support/Refunds/Old", "Data/SQL"):
            await a_prompt(database, place, folder=folder)
        use(client, place.owner)
        root = f"/w/{place.slug}/"
        nav = (await client.get(root)).text.split('id="folders-title"')[1].split("</ul>")[0]
        assert "folder=Support" in nav
        assert "folder=Support/Refunds" not in nav
        nav = (await client.get(f"{root}?folder=Support")).text
        nav = nav.split('id="folders-title"')[1].split("</ul>")[0]
        assert "folder=Support/Refunds" in nav
        assert "folder=Support/Refunds/Old" not in nav
        assert "folder=Data/SQL" not in nav


class TestPaging:
    async def test_page_by_page(self, call, database, place):
        for folder in ("B", "a/x/y", "a-b", "a/X"):
            await a_prompt(database, place, folder=folder)
        await call("POST", path="Empty")
        whole = (await call("GET")).json()
        paths = ["a", "a/X", "a/x", "a/x/y", "a-b", "B", "Empty"]
        assert ([one["path"] for one in whole["items"]], whole["next_cursor"]) == (paths, None)
        found, url = [], "?limit=2"
        while url:
            answer = await call("GET", url)
            found += answer.json()["items"]
            cursor = answer.json()["next_cursor"]
            assert ("link" in answer.headers) == (cursor is not None)
            url = f"?limit=2&cursor={cursor}" if cursor else ""
        assert found == whole["items"]
        assert (await call("GET", "?cursor=odd")).json()["code"] == "cursor_invalid"

    async def test_a_place_that_is_gone_is_a_place_all_the_same(self, call):
        for path in ("a", "b", "c"):
            await call("POST", path=path)
        cursor = (await call("GET", "?limit=2")).json()["next_cursor"]
        await call("DELETE", "/b")
        assert [
            one["path"] for one in (await call("GET", f"?cursor={cursor}")).json()["items"]
        ] == ["c"]

    async def test_on_the_page_none_is_lost(self, call, client, place, monkeypatch):
        monkeypatch.setattr(pages, "MOST_AT_ONCE", 2)
        for path in ("a", "b", "c"):
            await call("POST", path=path)
        url, headers = f"/w/{place.slug}/settings/folders", place.owner.headers
        first = (await client.get(url, headers=headers)).text
        assert "Remove b" in first
        assert "Remove c" not in first
        assert "First page" not in first
        [following] = re.findall(r'href="([^"]*\?cursor=[^"]*)"', first)
        second = (await client.get(following, headers=headers)).text
        assert "Remove c" in second
        assert "Remove b" not in second
        assert "First page" in second
        form = {"folder": "c", "path": "a"}
        refused = await client.post(f"{url}/move", headers=headers, data=form)
        assert refused.status_code == 422
        assert 'id="move-error"' in refused.text  # beside the folder
