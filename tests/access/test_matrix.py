"""Who may call which route: every route, every role, and another workspace.

A new route under `/w/` or `/api/v1` that is not in the table fails this suite.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from litestar.routes import HTTPRoute

from app.access.permissions import GRANTS, SCOPE_GRANTS, Permission, Role, Scope
from app.db.engine import Database
from app.domain.workspaces.invitations import Invitations
from app.server.core import build
from app.settings import Settings
from tests.support.builders import (
    Place,
    a_key,
    a_member,
    a_person,
    a_workspace,
    as_member,
    use,
)

pytestmark = pytest.mark.anyio

MINE = "app.domain.accounts", "app.domain.workspaces", "app.domain.keys"
SETTINGS = "/w/{workspace}/settings"

# What each route of a workspace asks for; a form that suffices to get past the permission.
PAGES: dict[tuple[str, str], tuple[Permission, dict[str, Any]]] = {
    ("GET", f"{SETTINGS}/general"): (Permission.MEMBERS_READ, {}),
    ("POST", f"{SETTINGS}/general"): (Permission.WORKSPACE_MANAGE, {"name": "New name"}),
    ("GET", f"{SETTINGS}/members"): (Permission.MEMBERS_READ, {}),
    ("POST", f"{SETTINGS}/members/{{user_id}}/role"): (
        Permission.MEMBERS_MANAGE,
        {"role": "commenter"},
    ),
    ("POST", f"{SETTINGS}/members/{{user_id}}/remove"): (Permission.MEMBERS_MANAGE, {}),
    ("POST", f"{SETTINGS}/members/invitations"): (
        Permission.MEMBERS_MANAGE,
        {"email": "", "role": "viewer"},
    ),
    ("POST", f"{SETTINGS}/members/invitations/{{invitation_id}}/revoke"): (
        Permission.MEMBERS_MANAGE,
        {},
    ),
    ("GET", f"{SETTINGS}/keys"): (Permission.MEMBERS_READ, {}),
    ("POST", f"{SETTINGS}/keys"): (Permission.KEYS_MANAGE, {"name": "ci", "scopes": "read"}),
    ("POST", f"{SETTINGS}/keys/{{key_id}}/revoke"): (Permission.KEYS_MANAGE, {}),
}
API: dict[tuple[str, str], tuple[Permission, dict[str, Any]]] = {
    ("GET", "/api/v1/workspace"): (Permission.MEMBERS_READ, {}),
    ("PATCH", "/api/v1/workspace"): (Permission.WORKSPACE_MANAGE, {"name": "New name"}),
    ("GET", "/api/v1/members"): (Permission.MEMBERS_READ, {}),
    ("GET", "/api/v1/members/{user_id}"): (Permission.MEMBERS_READ, {}),
    ("PATCH", "/api/v1/members/{user_id}"): (Permission.MEMBERS_MANAGE, {"role": "commenter"}),
    ("DELETE", "/api/v1/members/{user_id}"): (Permission.MEMBERS_MANAGE, {}),
    ("GET", "/api/v1/invitations"): (Permission.MEMBERS_MANAGE, {}),
    ("POST", "/api/v1/invitations"): (Permission.MEMBERS_MANAGE, {"role": "viewer"}),
    ("DELETE", "/api/v1/invitations/{invitation_id}"): (Permission.MEMBERS_MANAGE, {}),
    ("GET", "/api/v1/keys/self"): (Permission.MEMBERS_READ, {}),
    ("GET", "/api/v1/keys/{key_id}"): (Permission.KEYS_MANAGE, {}),
    ("GET", "/api/v1/keys"): (Permission.KEYS_MANAGE, {}),
    ("POST", "/api/v1/keys"): (Permission.KEYS_MANAGE, {"name": "ci", "scopes": ["read"]}),
    ("DELETE", "/api/v1/keys/{key_id}"): (Permission.KEYS_MANAGE, {}),
}


def every_route() -> Iterator[tuple[str, str, str]]:
    """Method, path without types, and module of each HTTP handler."""
    for route in build(Settings(secret_key="k" * 48)).routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                path = re.sub(r":\w+\}", "}", route.path)
                for method in handler.http_methods:
                    if method != "OPTIONS":
                        yield str(method), path, handler.fn.__module__


ROUTES = sorted(every_route())
IN_WORKSPACE = [(method, path) for method, path, _ in ROUTES if path.startswith("/w/{workspace}")]
UNSAFE = [(method, path) for method, path, _ in ROUTES if method not in ("GET", "HEAD")]
REST = [(method, path) for method, path, _ in ROUTES if path.startswith("/api/v1")]


def filled(path: str, **values: object) -> str:
    """The path with an id for each parameter; one that does not exist unless given."""

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name in values:
            return str(values[name])
        return "1" if name in ("number", "n", "version", "index") else str(uuid4())

    return re.sub(r"\{(\w+)\}", fill, path)


async def ids_in(database: Database, place: Place) -> dict[str, object]:
    """One of each thing that a route of these slices can name."""
    member = await a_member(database, place, "viewer", "Target")
    owner = await as_member(database, place, place.owner)
    async with database.transaction() as tx:
        invitation, _ = await Invitations(tx, owner).create("", Role.VIEWER)
    key = await a_key(database, place, "read", name="target")
    return {"user_id": member.id, "invitation_id": invitation.id, "key_id": key.id}


class TestTheTable:
    def test_it_names_every_route_of_these_slices(self) -> None:
        mine = {
            (method, path)
            for method, path, module in ROUTES
            if module.startswith(MINE) and path.startswith(("/w/", "/api/v1"))
        }
        assert mine == set(PAGES) | set(API)


class TestEveryRole:
    @pytest.mark.parametrize("role", list(Role))
    async def test_pages(self, client: Any, database: Database, role: Role) -> None:
        for (method, path), (permission, form) in PAGES.items():
            place = await a_workspace(database)
            ids = await ids_in(database, place)
            caller = await a_member(database, place, role)
            url = filled(path, workspace=place.slug, **ids)
            answer = await use(client, caller).request(method, url, data=form or None)
            if permission in GRANTS[role]:
                assert answer.status_code in (200, 201, 303), (method, url, answer.status_code)
            else:
                assert answer.status_code == 403, (method, url)

    @pytest.mark.parametrize("scope", list(Scope))
    async def test_rest(self, client: Any, database: Database, scope: Scope) -> None:
        for (method, path), (permission, body) in API.items():
            place = await a_workspace(database)
            ids = await ids_in(database, place)
            key = await a_key(database, place, scope.value)
            answer = await client.request(
                method, filled(path, **ids), json=body or None, headers=key.headers
            )
            if permission in SCOPE_GRANTS[scope]:
                assert answer.status_code in (200, 201, 204), (method, path, answer.text)
            else:
                assert answer.status_code == 403, (method, path)


class TestAnotherWorkspace:
    @pytest.mark.parametrize(("method", "path"), IN_WORKSPACE)
    async def test_it_does_not_exist(
        self, client: Any, database: Database, method: str, path: str
    ) -> None:
        mine, foreign = await a_workspace(database), await a_workspace(database, "Foreign")
        ids = await ids_in(database, foreign)
        use(client, mine.owner)
        answers = [
            await client.request(method, filled(path, workspace=slug, **ids))
            for slug in (foreign.slug, "no-such-workspace")
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        first, second = (re.sub("nonce-[^']+", "", answer.text) for answer in answers)
        assert first == second

    @pytest.mark.parametrize(("method", "path"), [key for key in PAGES if "_id}" in key[1]])
    async def test_its_things_do_not_exist_in_mine(
        self, client: Any, database: Database, method: str, path: str
    ) -> None:
        mine, foreign = await a_workspace(database), await a_workspace(database, "Foreign")
        ids = await ids_in(database, foreign)
        url = filled(path, workspace=mine.slug, **ids)
        form = PAGES[method, path][1]
        assert (await use(client, mine.owner).request(method, url, data=form)).status_code == 404

    @pytest.mark.parametrize(("method", "path"), [key for key in API if "_id}" in key[1]])
    async def test_nor_for_a_key(
        self, client: Any, database: Database, method: str, path: str
    ) -> None:
        mine, foreign = await a_workspace(database), await a_workspace(database, "Foreign")
        ids = await ids_in(database, foreign)
        key = await a_key(database, mine, "admin")
        body = API[method, path][1] or None
        answer = await client.request(method, filled(path, **ids), json=body, headers=key.headers)
        assert answer.status_code == 404


class TestAStranger:
    @pytest.mark.parametrize(("method", "path"), IN_WORKSPACE)
    async def test_pages_lead_to_sign_in(
        self, client: Any, database: Database, method: str, path: str
    ) -> None:
        place = await a_workspace(database)
        answer = await client.request(method, filled(path, workspace=place.slug))
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")

    @pytest.mark.parametrize(("method", "path"), REST)
    async def test_rest_answers_401(
        self, client: Any, database: Database, method: str, path: str
    ) -> None:
        answer = await client.request(method, filled(path))
        assert answer.status_code == 401, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


class TestAnotherSite:
    """Every unsafe route, with the victim's cookie (S18)."""

    @pytest.mark.parametrize(("method", "path"), UNSAFE)
    async def test_it_can_start_nothing(
        self, client: Any, database: Database, method: str, path: str
    ) -> None:
        place = await a_workspace(database)
        use(client, place.owner)
        url = filled(path, workspace=place.slug)
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://promptroom.test.evil.example"},
            {"Origin": "https://promptroom.test"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
        ):
            answer = await client.request(method, url, headers=headers)
            assert answer.status_code == 403, headers
            assert answer.json()["code"] == "cross_origin"

    async def test_our_own_pages_can(self, client: Any, database: Database) -> None:
        person = await a_person(database)
        for headers in (
            {"Origin": "http://promptroom.test", "Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "same-origin"},
            {},
        ):
            form = {"name": "Next", "hue": "teal", "theme": ""}
            answer = await use(client, person).post("/account/profile", data=form, headers=headers)
            assert answer.status_code == 303
