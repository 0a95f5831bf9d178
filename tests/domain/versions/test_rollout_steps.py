"""Steps of a rollout by page and by REST: who may do which, and two who do one at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from litestar.testing import AsyncTestClient

from app.access.permissions import Role
from app.db.engine import Database
from app.server.core import build
from app.settings import Settings
from tests.domain.versions.labels.test_api import published
from tests.support.builders import Place, a_key, a_member, a_workspace, use

pytestmark = pytest.mark.anyio

MAY = {Role.OWNER, Role.ADMIN, Role.REVIEWER, Role.EDITOR}
BEGIN = {"version": 1, "rollout": {"version": 2, "percent": 10}}
CHANGE = {"version": 1, "rollout": {"version": 2, "percent": 50}}
FINISH = {"version": 2}
ON_PAGES = [
    {"version": "2", "percent": "10"},
    {"version": "2", "percent": "50"},
    {"version": "2", "percent": ""},
]


class Label:
    """The label `production` of one prompt, as its own key sees it."""

    def __init__(self, client: Any, headers: dict[str, str], url: str) -> None:
        self._client, self._headers = client, headers
        self.url = f"{url}/labels/production"
        self.prompt_id = url.rpartition("/")[2]

    async def put(self, body: Any) -> Any:
        return await self._client.put(self.url, json=body, headers=self._headers)

    async def history(self) -> list[Any]:
        found = await self._client.get(self.url, headers=self._headers)
        items: list[Any] = found.json()["items"]
        return items

    async def place(self) -> tuple[int, float | None]:
        """Where it is; the label's row and the end of its history say the same."""
        url = self.url.removesuffix("/production")
        [now] = (await self._client.get(url, headers=self._headers)).json()["items"]
        last = (await self.history())[0]
        assert (now["version"], now["rollout"]) == (last["to_version"], last["to_rollout"])
        return now["version"], now["rollout"] and now["rollout"]["percent"]


@pytest.fixture
async def place(database: Database) -> Place:
    return await a_workspace(database)


@pytest.fixture
async def label(client: Any, database: Database, place: Place) -> Label:
    key = await a_key(database, place, "write")
    url = await published(client, key.headers, 2)
    label = Label(client, key.headers, url)
    await label.put({"version": 1})
    return label


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_on_pages(
    client: Any, database: Database, place: Place, label: Label, role: Role
) -> None:
    use(client, await a_member(database, place, role))
    base = f"/w/{place.slug}/prompts/{label.prompt_id}/labels"
    wanted = 303 if role in MAY else 403
    for form in ON_PAGES:
        data = {"label": "production", "back": "label", **form}
        got = await client.post(base, data=data)
        assert got.status_code == wanted, got.text
    if role not in MAY:
        assert await label.place() == (1, None)
        await label.put(BEGIN)
    shown = (await client.get(f"{base}/production")).text
    assert ("Roll back to v1" in shown) == (role in MAY)  # the others see no button at all
    data = {"move": (await label.history())[0]["id"]}
    got = await client.post(f"{base}/production/undo", data=data)
    assert got.status_code == wanted
    assert await label.place() == ((1, 50) if role in MAY else (1, 10))


@pytest.mark.parametrize("scope", ["read", "write", "admin"])
async def test_every_scope_of_a_key(
    client: Any, database: Database, place: Place, label: Label, scope: str
) -> None:
    """Programs have no role, and people have no REST but by a key."""
    headers = (await a_key(database, place, scope)).headers
    wanted = 403 if scope == "read" else 200
    for body in (BEGIN, CHANGE, FINISH):
        assert (await client.put(label.url, json=body, headers=headers)).status_code == wanted
    if scope == "read":
        assert await label.place() == (1, None)
        await label.put(BEGIN)
    undo = {"move": (await label.history())[0]["id"]}
    got = await client.post(f"{label.url}/undo", json=undo, headers=headers)
    assert got.status_code == wanted
    assert await label.place() == ((1, 10) if scope == "read" else (1, 50))


async def test_a_protected_labels_rollout_is_as_protected(
    client: Any, database: Database, place: Place, label: Label
) -> None:
    admin = await a_key(database, place, "admin")
    await label.put(BEGIN)
    protection = "/api/v1/label-protection/production"
    await client.put(protection, json={"role": "reviewer"}, headers=admin.headers)
    for role, wanted in ((Role.EDITOR, 403), (Role.REVIEWER, 303)):
        use(client, await a_member(database, place, role))
        base = f"/w/{place.slug}/prompts/{label.prompt_id}/labels"
        data = {"label": "production", "version": "2", "percent": "20"}
        assert (await client.post(base, data=data)).status_code == wanted
        data = {"move": (await label.history())[0]["id"]}
        got = await client.post(f"{base}/production/undo", data=data)
        assert got.status_code == wanted
    client.cookies.clear()
    assert (await label.put(CHANGE)).json()["code"] == "label_protected"


async def test_of_two_at_once_one_wins_and_nothing_is_half(either_url: str, tmp_path: Any) -> None:
    """On both databases, by REST with what was read, and on pages with what was seen."""
    settings = Settings(data_dir=tmp_path, database_url=either_url, secret_key="k" * 48)
    database = Database(either_url).everywhere()
    place = await a_workspace(database)
    key = await a_key(database, place, "write")
    async with AsyncTestClient(build(settings), base_url="http://promptroom.test") as client:
        client.follow_redirects = False
        url = await published(client, key.headers, 3)
        label = Label(client, key.headers, url)
        await label.put({"version": 1})
        await label.put(BEGIN)
        bodies: list[Any] = [CHANGE, {"version": 1}, FINISH, {"version": 3}] * 2
        etag = (await client.get(label.url, headers=key.headers)).headers["etag"]
        headers = key.headers | {"If-Match": etag}
        done = await asyncio.gather(
            *(client.put(label.url, json=body, headers=headers) for body in bodies)
        )
        assert sorted(one.status_code for one in done) == [200] + [412] * 7
        [won] = [body for one, body in zip(done, bodies, strict=True) if one.status_code == 200]
        split = won.get("rollout")
        assert await label.place() == (won["version"], split and split["percent"])
        assert len(await label.history()) == 3

        await label.put({"version": 1})
        await label.put(BEGIN)
        last = (await label.history())[0]["id"]
        use(client, place.owner)
        base = f"/w/{place.slug}/prompts/{label.prompt_id}/labels"
        common = {"label": "production", "seen": last, "back": "label"}
        forms = [common | form for form in (*ON_PAGES[1:], {"version": "1", "percent": ""})] * 2
        done = await asyncio.gather(*(client.post(base, data=form) for form in forms))
        assert sorted(one.status_code for one in done) == [303] + [409] * 5
        told = [one.text for one in done if one.status_code == 409]
        assert all("The label has moved again since" in one for one in told)
        count = len(await label.history())
        await label.place()

        undo = {"move": (await label.history())[0]["id"]}
        done = await asyncio.gather(
            *(client.post(f"{label.url}/undo", json=undo, headers=key.headers) for _ in range(6))
        )
        assert sorted(one.status_code for one in done) == [200] + [409] * 5
        assert {one.json()["code"] for one in done if one.status_code == 409} == {
            "label_moved_since"
        }
        assert await label.place() == (1, 10)
        assert len(await label.history()) == count + 1
    await database.close()
