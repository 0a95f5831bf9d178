"""Several who want the same at the same moment, over HTTP: one gets it, nobody gets a 500."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar
from sqlalchemy import func, select

from app.access.permissions import Role
from app.db.engine import Database
from app.domain.accounts.errors import EmailTaken
from app.domain.accounts.models import User
from app.domain.accounts.service import Signup
from app.domain.workspaces.invitations import Invitations
from app.domain.workspaces.models import Invitation, Member, Workspace
from app.domain.workspaces.service import create_user
from app.server.core import state_of
from app.settings import Settings
from tests.support.builders import (
    PASSWORD,
    Key,
    Place,
    a_key,
    a_person,
    a_workspace,
    as_member,
    password_hash,
)
from tests.support.crowd import crowd

pytestmark = pytest.mark.anyio

AT_ONCE = 5


@pytest.fixture
async def client(assembled: Litestar, either_url: str, tmp_path: Path) -> AsyncIterator[Any]:
    settings = Settings(data_dir=tmp_path, database_url=either_url, secret_key="k" * 48)
    assembled.state = state_of(settings)
    async with crowd(assembled) as client:
        yield client


@pytest.fixture
async def place(either: Database) -> Place:
    return await a_workspace(either)


@pytest.fixture
async def key(either: Database, place: Place) -> Key:
    return await a_key(either, place)


async def together(*calls: Coroutine[Any, Any, Any]) -> dict[int, int]:
    """How many of each status."""
    return dict(Counter(answer.status_code for answer in await asyncio.gather(*calls)))


async def count(database: Database, model: type[Any], *conditions: Any) -> int:
    statement = select(func.count()).select_from(model).where(*conditions)
    async with database.everywhere().transaction(write=False) as tx:
        return int((await tx.execute(statement)).scalar_one())


async def links(database: Database, place: Place, number: int = AT_ONCE) -> list[str]:
    """Paths of invitations to `place` for whoever has them."""
    owner = await as_member(database, place, place.owner)
    async with database.within(owner).transaction() as tx:
        made = [await Invitations(tx, owner).create("", Role.VIEWER) for _ in range(number)]
    return [f"/join/{secret}" for _, secret in made]


class TestPeople:
    async def test_of_several_with_one_email_one_gets_the_account(
        self, client: Any, either: Database, place: Place
    ) -> None:
        form = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
        done = await together(
            *(client.post(path, data=form) for path in await links(either, place))
        )
        assert done == {303: 1, 422: AT_ONCE - 1}
        assert await count(either, User, User.email == "ada@example.com") == 1
        unused = Invitation.accepted_at.is_(None)
        assert await count(either, Invitation, unused) == AT_ONCE - 1  # for others

    async def test_who_opens_several_invitations_becomes_a_member_once(
        self, client: Any, either: Database, place: Place
    ) -> None:
        person = await a_person(either)
        paths = await links(either, place)
        done = await together(*(client.post(path, headers=person.headers) for path in paths))
        assert done == {303: AT_ONCE}
        assert await count(either, Member, Member.user_id == person.id) == 1
        unused = Invitation.accepted_at.is_(None)
        assert await count(either, Invitation, unused) == AT_ONCE - 1

    async def test_of_several_first_visitors_one_sets_up(
        self, client: Any, either: Database
    ) -> None:
        def visit(number: int) -> Coroutine[Any, Any, Any]:
            form = {"name": "Ada", "email": f"ada{number}@example.com", "workspace": "Engines"}
            return client.post("/setup", data=form | {"password": PASSWORD})

        done = await together(*(visit(number % 2) for number in range(AT_ONCE)))
        assert done == {303: 1, 409: AT_ONCE - 1}
        assert await count(either, User) == await count(either, Workspace) == 1

    async def test_an_operator_is_told_like_everybody(self, either: Database) -> None:
        async def make() -> Any:
            signup = Signup("Ada", "ada@example.com", password_hash())
            async with either.everywhere().transaction() as tx:
                return await create_user(tx, signup)

        made = await asyncio.gather(*(make() for _ in range(AT_ONCE)), return_exceptions=True)
        assert Counter(type(one) for one in made) == {User: 1, EmailTaken: AT_ONCE - 1}


class TestWorkspaces:
    async def test_one_name_makes_several_addresses(self, client: Any, either: Database) -> None:
        person = await a_person(either)
        calls = [
            client.post("/workspaces/new", data={"name": "Fresh"}, headers=person.headers)
            for _ in range(AT_ONCE)
        ]
        assert await together(*calls) == {303: AT_ONCE}
        assert await count(either, Workspace, Workspace.slug.startswith("fresh")) == AT_ONCE


class TestPrompts:
    async def test_one_of_several_gets_a_name(self, client: Any, key: Key) -> None:
        body = {"name": "same", "text": "x"}
        calls = [
            client.post("/api/v1/prompts", json=body, headers=key.headers) for _ in range(AT_ONCE)
        ]
        answers = await asyncio.gather(*calls)
        assert sorted(one.status_code for one in answers) == [201, *[409] * (AT_ONCE - 1)]
        codes = {one.json()["code"] for one in answers if one.status_code == 409}
        assert codes == {"prompt_name_taken"}

    async def test_one_title_makes_several_names(self, client: Any, place: Place, key: Key) -> None:
        calls = [
            client.post(
                f"/w/{place.slug}/prompts", data={"title": "Same"}, headers=place.owner.headers
            )
            for _ in range(AT_ONCE)
        ]
        assert await together(*calls) == {303: AT_ONCE}
        listed = (await client.get("/api/v1/prompts", headers=key.headers)).json()["items"]
        assert sorted(one["name"] for one in listed) == [
            "same",
            *(f"same-{n}" for n in (2, 3, 4, 5)),
        ]

    async def test_one_of_several_is_renamed(self, client: Any, key: Key) -> None:
        prompts = await self.made(client, key, AT_ONCE)
        done = await together(
            *(client.patch(url, json={"name": "same"}, headers=key.headers) for url in prompts)
        )
        assert done == {200: 1, 409: AT_ONCE - 1}

    async def test_tags_of_one_prompt_end_as_somebody_meant_them(
        self, client: Any, key: Key
    ) -> None:
        [url] = await self.made(client, key, 1)
        meant = [["a", "b"], ["b", "c"], ["a", "c"], ["c"], ["a", "b", "c"]]
        done = await together(
            *(client.patch(url, json={"tags": tags}, headers=key.headers) for tags in meant)
        )
        assert done == {200: len(meant)}
        assert (await client.get(url, headers=key.headers)).json()["tags"] in meant

    async def test_what_is_published_at_once_is_one_version_with_its_label(
        self, client: Any, key: Key
    ) -> None:
        [url] = await self.made(client, key, 1)
        body = {"message": "First", "labels": ["production"]}
        calls = [
            client.post(f"{url}/versions", json=body, headers=key.headers) for _ in range(AT_ONCE)
        ]
        assert await together(*calls) == {201: 1, 200: AT_ONCE - 1}

    async def test_a_comment_that_is_sent_again_and_again_is_written_once(
        self, client: Any, key: Key
    ) -> None:
        one, two = await self.made(client, key, 2)
        body = {"body": "Why?", "id": str(uuid4())}
        calls = [
            client.post(f"{one}/threads", json=body, headers=key.headers) for _ in range(AT_ONCE)
        ]
        assert await together(*calls) == {201: 1, 200: AT_ONCE - 1}
        assert await together(client.post(f"{two}/threads", json=body, headers=key.headers)) == {
            409: 1
        }
        [thread] = (await client.get(f"{one}/threads", headers=key.headers)).json()["items"]
        assert thread["comment_count"] == 1

    async def test_a_label_is_put_where_it_never_was(self, client: Any, key: Key) -> None:
        [url] = await self.made(client, key, 1)
        await client.post(f"{url}/versions", json={"message": "First"}, headers=key.headers)
        calls = [
            client.put(f"{url}/labels/staging", json={"version": 1}, headers=key.headers)
            for _ in range(AT_ONCE)
        ]
        assert await together(*calls) == {200: AT_ONCE}
        history = await client.get(f"{url}/labels/staging", headers=key.headers)
        assert len(history.json()["items"]) == 1

    @staticmethod
    async def made(client: Any, key: Key, number: int) -> list[str]:
        urls = []
        for at in range(number):
            body = {"name": f"p{at}", "text": "x"}
            answer = await client.post("/api/v1/prompts", json=body, headers=key.headers)
            urls.append(f"/api/v1/prompts/{answer.json()['id']}")
        return urls
