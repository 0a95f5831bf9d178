"""Sessions: renewed at sign-in, out of scripts' reach, dead after signing out (S21)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from litestar.testing import AsyncTestClient

from app.db.engine import Database
from app.server.core import build
from app.settings import Settings
from tests.support.builders import PASSWORD, Somebody, a_person, a_workspace

pytestmark = pytest.mark.anyio


def cookie_of(answer: Any) -> tuple[str, str, str]:
    """Name, value and attributes of the one cookie that an answer sets."""
    [line] = [one for one in answer.headers.get_list("set-cookie") if "session" in one]
    pair, _, attributes = line.partition(";")
    name, _, value = pair.partition("=")
    return name, value.strip('"'), attributes.lower()


async def sign_in(client: Any, person: Somebody, **headers: str) -> Any:
    form = {"email": person.email, "password": PASSWORD}
    return await client.post("/sign-in", data=form, headers=headers)


async def is_in(client: Any, secret: str) -> bool:
    headers = {"Cookie": f"session={secret}"}
    return (await client.get("/account/profile", headers=headers)).status_code == 200


async def test_signing_in_gives_a_new_secret_and_ends_the_old(
    client: Any, database: Database
) -> None:
    person = await a_person(database)
    for planted in (person.secret, "planted-by-somebody", ""):
        client.cookies.clear()
        answer = await sign_in(client, person, Cookie=f"session={planted}")
        _, secret, _ = cookie_of(answer)
        assert answer.status_code == 303
        assert secret != planted
        assert re.fullmatch(r"[\w-]{43}", secret)  # 256 bits
        assert await is_in(client, secret)
        assert not await is_in(client, planted)


async def test_a_stranger_gets_no_cookie(client: Any, database: Database) -> None:
    await a_person(database)
    for path in ("/sign-in", "/", "/nothing", "/join/x", "/api/docs"):
        assert "set-cookie" not in (await client.get(path)).headers, path


async def test_signing_out_kills_the_secret(client: Any, database: Database) -> None:
    person = await a_person(database)
    answer = await client.post("/sign-out", headers=person.headers)
    name, value, attributes = cookie_of(answer)
    assert (name, value) == ("session", "")
    assert "max-age=0" in attributes
    assert not await is_in(client, person.secret)


async def test_a_new_password_changes_the_secret_and_ends_the_others(
    client: Any, database: Database
) -> None:
    person = await a_person(database)
    _, other, _ = cookie_of(await sign_in(client, person))
    client.cookies.clear()
    form = {"current": PASSWORD, "new": "another long pass phrase"}
    answer = await client.post("/account/password", data=form, headers=person.headers)
    _, secret, _ = cookie_of(answer)
    assert [await is_in(client, one) for one in (secret, other, person.secret)] == [
        True,
        False,
        False,
    ]


async def test_the_cookie_over_http(client: Any, database: Database) -> None:
    _, _, attributes = cookie_of(await sign_in(client, await a_person(database)))
    parts = {part.strip().partition("=")[0] for part in attributes.split(";")}
    assert {"httponly", "samesite", "path", "max-age"} <= parts
    assert "samesite=lax" in attributes
    assert "domain" not in parts


@pytest.fixture
async def tls(settings: Settings) -> AsyncIterator[Any]:
    secure = msgspec.structs.replace(settings, public_url="https://promptroom.test")
    async with AsyncTestClient(build(secure), base_url="https://promptroom.test") as client:
        client.follow_redirects = False
        yield client


async def test_the_cookie_over_tls(tls: Any, database: Database) -> None:
    person = await a_person(database)
    answer = await sign_in(tls, person)
    name, secret, attributes = cookie_of(answer)
    assert name == "__Host-session"
    parts = {part.strip() for part in attributes.split(";")}
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= parts
    assert not any(part.startswith("domain") for part in parts)
    assert "max-age=31536000" in answer.headers["strict-transport-security"]
    tls.cookies.clear()
    plain = await tls.get("/account/profile", headers={"Cookie": f"session={secret}"})
    assert plain.status_code == 303, "a cookie that a sister domain could plant"


async def test_no_page_shows_the_secret(client: Any, database: Database) -> None:
    place = await a_workspace(database)
    owner = replace(place.owner)
    for path in ("/account/sessions", "/account/profile", f"/w/{place.slug}/"):
        answer = await client.get(path, headers=owner.headers)
        assert answer.status_code == 200
        assert owner.secret not in answer.text
