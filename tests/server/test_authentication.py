"""Who is calling: by session, by key, by ticket."""

from __future__ import annotations

from typing import Any

import pytest

from app.db.engine import Database
from tests.support.builders import a_key, a_member, a_person, a_workspace, use

pytestmark = pytest.mark.anyio


class TestAPageNeedsASession:
    async def test_a_stranger_is_led_to_sign_in_and_back(self, client: Any) -> None:
        answer = await client.get("/account/sessions?x=1")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/account/sessions%3Fx%3D1"

    async def test_a_member_gets_in(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        answer = await use(client, place.owner).get("/")
        assert answer.headers["location"] == f"/w/{place.slug}/"
