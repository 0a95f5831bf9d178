"""`PROMPTROOM_INIT_*`."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from litestar.testing import AsyncTestClient
from sqlalchemy import func, select

from app.db.engine import Database
from app.domain.accounts.models import User
from app.domain.keys import service as keys
from app.server import first_start
from app.server.core import build
from app.settings import InvalidSetting, Settings
from tests.support.builders import PASSWORD, a_person

pytestmark = pytest.mark.anyio


def given(settings: Settings, **more: str) -> Settings:
    values = {
        "init_email": "Root@example.com",
        "init_password": PASSWORD,
        "init_workspace": "Larkspur",
        "init_api_key": "a-key-known-to-scripts",
    }
    return msgspec.structs.replace(settings, **(values | more))


async def people(database: Database) -> int:
    async with database.transaction(write=False) as tx:
        return (await tx.execute(select(func.count()).select_from(User))).scalar_one()


class TestFirstStart:
    async def test_owner_workspace_and_key_are_there(self, settings: Settings) -> None:
        app = build(given(settings))
        async with AsyncTestClient(app, base_url="http://promptroom.test") as client:
            headers = {"Authorization": "Bearer a-key-known-to-scripts"}
            answer = await client.get("/api/v1/members", headers=headers)
            (owner,) = answer.json()["items"]
            assert (owner["email"], owner["role"]) == ("root@example.com", "owner")
            form = {"email": "root@example.com", "password": PASSWORD, "next": ""}
            signed_in = await client.post("/sign-in", data=form, follow_redirects=False)
            assert signed_in.status_code == 303

    async def test_the_second_start_changes_nothing(
        self, settings: Settings, database: Database
    ) -> None:
        await first_start.apply(given(settings), database)
        other = given(
            settings, init_email="other@example.com", init_api_key="another-key-of-scripts"
        )
        await first_start.apply(other, database)
        assert await people(database) == 1
        async with database.transaction(write=False) as tx:
            with pytest.raises(keys.KeyRefused):
                await keys.recognise(tx, "another-key-of-scripts")

    async def test_a_database_with_people_is_left_alone(
        self, settings: Settings, database: Database
    ) -> None:
        await a_person(database)
        await first_start.apply(given(settings, init_password="bad"), database)
        assert await people(database) == 1

    async def test_without_the_settings_nothing_happens(
        self, settings: Settings, database: Database
    ) -> None:
        await first_start.apply(settings, database)
        assert await people(database) == 0

    async def test_two_workers_starting_at_once_make_one_owner(
        self, settings: Settings, database: Database
    ) -> None:
        await asyncio.gather(*(first_start.apply(given(settings), database) for _ in range(4)))
        assert await people(database) == 1

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("init_email", "nobody"),
            ("init_email", ""),
            ("init_password", "short"),
            ("init_api_key", "short"),
            ("init_workspace", "x" * 81),
        ],
    )
    async def test_an_unusable_one_is_named_and_leaves_nothing(
        self, settings: Settings, database: Database, field: str, value: str
    ) -> None:
        with pytest.raises(InvalidSetting, match=f"PROMPTROOM_{field.upper()}"):
            await first_start.apply(given(settings, **{field: value}), database)
        assert await people(database) == 0
