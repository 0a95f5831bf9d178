"""Another site can start nothing (S18), and looking changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from app.db.engine import Database
from tests.security.book import ACCOUNT, API, IN_WORKSPACE, PAGES, PUBLIC, SAFE, Call, filled
from tests.security.world import World, ask, dump

pytestmark = pytest.mark.anyio

UNSAFE = [key for key in IN_WORKSPACE | ACCOUNT | PUBLIC if key[0] not in SAFE]
FROM_ELSEWHERE: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "https://promptroom.test"},
    {"Origin": "http://promptroom.test:8000"},
    {"Origin": "http://promptroom.test.evil.example"},
    {"Origin": "http://evil.example/promptroom.test"},
    {"Origin": "http://promptroom.test@evil.example"},
    {"Origin": "http://promptroom.test", "Host": "evil.example"},
    {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "https://evil.example", "Authorization": "Bearer x"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
    {"Sec-Fetch-Site": "cross-site", "Content-Type": "application/x-www-form-urlencoded"},
    {"Sec-Fetch-Site": "none, same-origin"},
]


async def test_another_site_starts_nothing(client: Any, database: Database, mine: World) -> None:
    before = dump(database)
    for method, path in UNSAFE:
        url = filled(path, mine.ids | {"token": "t"})
        for headers in FROM_ELSEWHERE:
            given = mine.owner.headers | headers
            answer = await client.request(method, url, headers=given, content=b"name=x")
            assert answer.status_code == 403, (method, url, headers)
            assert answer.json()["code"] == "cross_origin"
            assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert dump(database) == before


async def test_a_guessed_method_in_a_field_is_not_believed(
    client: Any, database: Database, mine: World
) -> None:
    before = dump(database)
    prompt = f"/api/v1/prompts/{mine.ids['prompt_id']}"
    for headers in ({"X-HTTP-Method-Override": "DELETE"}, {"X-Method-Override": "DELETE"}):
        answer = await client.get(f"{prompt}?_method=DELETE", headers=mine.key.headers | headers)
        assert answer.status_code == 200
    assert dump(database) == before


async def test_looking_changes_nothing(client: Any, database: Database, mine: World) -> None:
    """Every page and every list, whole and as a fragment, and with HEAD and OPTIONS."""
    before = dump(database)
    seen = 0
    for (method, path), call in IN_WORKSPACE.items():
        if method != "GET":
            continue
        headers = (mine.key if (method, path) in API else mine.owner).headers
        for more in ({}, {"HX-Request": "true", "HX-Request-Type": "partial"}):
            answer = await ask(client, "GET", path, call, mine.ids, headers | more)
            assert answer.status_code == 200, (path, answer.text)
            seen += 1
        for other in ("HEAD", "OPTIONS"):
            answer = await ask(client, other, path, call, mine.ids, headers)
            assert answer.status_code == {"HEAD": 200, "OPTIONS": 204}[other], (other, path)
    for method, path in ACCOUNT.keys() | PUBLIC.keys():
        if method == "GET":
            url = filled(
                path,
                mine.ids | {"token": "t", "build": "x", "path": "css/base.css", "code": "gone"},
            )
            answer = await client.get(url, headers=mine.owner.headers)
            assert answer.status_code in (200, 303, 404, 410), (path, answer.text)
            seen += 1
    assert seen > 50
    assert dump(database) == before


async def test_what_somebody_signed_in_sees_is_kept_nowhere(client: Any, mine: World) -> None:
    """No cache may give one person's page to another (S30)."""
    pages = 0
    for (method, path), call in IN_WORKSPACE.items():
        if method == "GET":
            headers = (mine.owner if (method, path) in PAGES else mine.key).headers
            answer = await ask(client, method, path, call, mine.ids, headers)
            kept = answer.headers.get("cache-control", "")
            assert "no-store" in kept or kept == "private, no-cache", (path, kept)
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert "HX-Request" in answer.headers["vary"], path
                pages += 1
    assert pages > 15


def test_every_page_has_a_call() -> None:
    assert all(isinstance(call, Call) for call in PAGES.values())
