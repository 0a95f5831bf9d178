"""Forms as they are typed, checked and shown again."""

from __future__ import annotations

from typing import Any

import pytest
from litestar import Request, post

from app.web.forms import again, chosen, typed
from tests.web.support import serve

pytestmark = pytest.mark.anyio


@post("/typed")
async def read(request: Request[Any, Any, Any]) -> dict[str, str]:
    return await typed(request, "name", "password")


@post("/chosen")
async def read_many(request: Request[Any, Any, Any]) -> list[str]:
    return await chosen(request, "scopes")


class TestTyped:
    async def test_space_around_is_dropped_but_not_in_passwords(self) -> None:
        async with serve(read) as client:
            answer = await client.post("/typed", data={"name": "  Ada ", "password": " x y "})
        assert answer.json() == {"name": "Ada", "password": " x y "}

    async def test_what_is_missing_is_empty_and_what_is_not_asked_for_is_left(self) -> None:
        async with serve(read) as client:
            answer = await client.post("/typed", data={"role": "owner"})
        assert answer.json() == {"name": "", "password": ""}

    async def test_a_file_is_no_text(self) -> None:
        async with serve(read) as client:
            answer = await client.post("/typed", files={"name": ("x.txt", b"content")})
        assert answer.json()["name"] == ""

    async def test_another_body_is_an_empty_form(self) -> None:
        async with serve(read) as client:
            answer = await client.post(
                "/typed", content=b"\xff\x00", headers={"Content-Type": "x/y"}
            )
        assert answer.json() == {"name": "", "password": ""}

    @pytest.mark.parametrize(
        ("path", "form"), [("/typed", {"password": "a\0"}), ("/chosen", {"scopes": ["a", "\0"]})]
    )
    async def test_nul_is_refused(self, path: str, form: Any) -> None:
        async with serve(read, read_many) as client:
            answer = await client.post(path, data=form)
        assert (answer.status_code, "character NUL" in answer.text) == (422, True)


class TestChosen:
    async def test_every_tick_counts(self) -> None:
        async with serve(read_many) as client:
            answer = await client.post("/chosen", data={"scopes": ["read", " write"]})
            none = await client.post("/chosen", data={"x": "y"})
        assert answer.json() == ["read", "write"]
        assert none.json() == []


def test_secrets_are_not_shown_again() -> None:
    shown = again({"name": "Ada", "password": "x", "current": "y", "new": "z"})
    assert shown == {"name": "Ada", "password": "", "current": "", "new": ""}
