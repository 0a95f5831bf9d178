"""Whoever refuses, and wherever: one shape of problem document, whose `type` leads to its page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest
from litestar.testing import AsyncTestClient

from app.db.engine import Database
from app.server.core import build
from app.settings import Settings
from tests.conftest import ORIGIN
from tests.support.builders import a_key, a_prompt, a_workspace

pytestmark = pytest.mark.anyio
MEMBERS = {"type", "title", "status", "code", "detail", "request_id"}
ELSEWHERE = {"Origin": "https://evil.example", "Cookie": "session=x"}
JSON = {"Content-Type": "application/json"}
PROMPTS = "/api/v1/prompts"

# How a program gets it: method, path, status and code, and what it sends beside its key.
Case = tuple[str, str, int, str, dict[str, Any]]
CASES: list[Case] = [
    # Around the application
    ("GET", f"{PROMPTS}/%00", 422, "nul_character", {}),
    ("GET", f"{PROMPTS}?q=%00", 422, "nul_character", {}),
    ("GET", "/api/v1/fetch/a%00", 422, "nul_character", {}),
    ("GET", "/sign-in?next=%00", 422, "nul_character", {}),
    ("POST", PROMPTS, 403, "cross_origin", {"headers": ELSEWHERE, "json": {"name": "x"}}),
    ("POST", "/sign-in", 403, "cross_origin", {"headers": ELSEWHERE}),
    # The router
    ("GET", "/api/v1/nothing", 404, "not_found", {}),
    ("GET", "/api/nothing", 404, "not_found", {}),
    ("GET", f"{PROMPTS}/no-id", 404, "not_found", {}),
    ("PUT", PROMPTS, 405, "method_not_allowed", {}),
    ("PATCH", "/api/v1/fetch/a", 405, "method_not_allowed", {}),
    ("GET", "/mcp", 405, "method_not_allowed", {}),
    # Who calls
    ("GET", PROMPTS, 401, "unauthenticated", {"headers": {"Authorization": ""}}),
    ("GET", "/api/v1/fetch/a", 401, "key_refused", {"headers": {"Authorization": "Bearer x"}}),
    ("GET", "/mcp", 401, "unauthenticated", {"headers": {"Authorization": ""}}),
    ("GET", "/api/v1/keys", 403, "forbidden", {}),
    # What was sent, looked at by the framework
    ("GET", f"{PROMPTS}?limit=many", 422, "invalid", {}),
    ("POST", PROMPTS, 422, "invalid", {"json": {"nam": "x"}}),
    ("POST", PROMPTS, 422, "body_malformed", {"content": b"{", "headers": JSON}),
    ("POST", PROMPTS, 422, "body_malformed", {"content": b"[" * 200, "headers": JSON}),
    ("POST", PROMPTS, 413, "too_large", {"content": b"x" * 5_000_000, "headers": JSON}),
    # and by the application
    ("GET", f"{PROMPTS}?limit=0", 422, "fields_invalid", {}),
    ("GET", f"{PROMPTS}?cursor=odd", 422, "cursor_invalid", {}),
    ("GET", f"{PROMPTS}/{UUID(int=7)}", 404, "prompt_not_found", {}),
    ("GET", "/api/v1/fetch/a", 404, "release_not_found", {}),
    ("POST", PROMPTS, 409, "prompt_name_taken", {"json": {"name": "taken", "text": ""}}),
    (
        "PATCH",
        "/api/v1/tags/a-tag",
        412,
        "precondition_failed",
        {"json": {"name": "b"}, "headers": {"If-Match": '"x"'}},
    ),
]


@pytest.fixture
async def key(database: Database) -> Any:
    place = await a_workspace(database)
    await a_prompt(database, place, "taken", tags=("a-tag",))
    return await a_key(database, place)


async def checked(client: Any, answer: Any, code: str, origin: str = ORIGIN) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    problem = answer.json()
    assert problem.keys() >= MEMBERS
    assert (problem["status"], problem["code"]) == (answer.status_code, code)
    assert all(problem[name] for name in MEMBERS)
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["type"] == f"{origin}/api/docs/errors/{code}"
    page = await client.get(problem["type"].removeprefix(origin))
    assert page.status_code == 200


@pytest.mark.parametrize(("method", "path", "status", "code", "sent"), CASES)
async def test_it_is_one_shape(
    client: Any, key: Any, method: str, path: str, status: int, code: str, sent: dict[str, Any]
) -> None:
    headers = key.headers | sent.get("headers", {})
    headers = {name: value for name, value in headers.items() if value}
    answer = await client.request(method, path, **sent | {"headers": headers})
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    await checked(client, answer, code)


async def test_who_calls_too_often_is_told_so(settings: Settings, database: Database) -> None:
    place = await a_workspace(database)
    key = await a_key(database, place)
    app = build(msgspec.structs.replace(settings, api_calls_per_minute=1))
    async with AsyncTestClient(app, base_url=ORIGIN) as client:
        await client.get("/api/v1/fetch/a", headers=key.headers)
        for path in ("/api/v1/fetch/a", "/api/v1/bundle", "/api/v1/changes"):
            answer = await client.get(path, headers=key.headers)
            assert answer.status_code == 429
            await checked(client, answer, "rate_limited")


async def test_a_configured_address_is_said_whatever_the_host_is(settings: Settings) -> None:
    public = "https://prompts.example"
    app = build(msgspec.structs.replace(settings, public_url=public))
    async with AsyncTestClient(app, base_url=ORIGIN) as client:
        for path, host, code in (
            ("/api/v1/nothing", "evil.example", "not_found"),
            (f"{PROMPTS}/%00", "evil.example", "nul_character"),
            (PROMPTS, "a b", "host_invalid"),
        ):
            answer = await client.get(path, headers={"Host": host})
            await checked(client, answer, code, public)
        refused = await client.post("/sign-in", headers=ELSEWHERE)
        await checked(client, refused, "cross_origin", public)
