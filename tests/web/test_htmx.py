"""Pages, fragments, redirects and announcements."""

from __future__ import annotations

import json
from typing import Any

import pytest
from litestar import Request, Response, get

from app.web.htmx import announce, page, see_other
from tests.web.support import serve

pytestmark = pytest.mark.anyio


@get("/show")
async def show(request: Request[Any, Any, Any]) -> Response[Any]:
    return page(request, "whole.html", "_piece.html", word="<hi>")


@get("/go")
async def go(request: Request[Any, Any, Any]) -> Response[Any]:
    return see_other(request, "/there")


@get("/say")
async def say(request: Request[Any, Any, Any]) -> Response[Any]:
    response = page(request, "whole.html", word="")
    return announce(announce(response, "one", {"name": "Zoë 😀"}), "two")


class TestPage:
    async def test_a_browser_gets_the_whole(self) -> None:
        async with serve(show) as client:
            answer = await client.get("/show")
        assert answer.text == "<html>&lt;hi&gt;</html>"
        assert answer.headers["vary"] == "HX-Request, HX-Request-Type"
        assert answer.headers["cache-control"] == "private, no-store"

    async def test_htmx_gets_the_piece_it_asks_for(self) -> None:
        partial = {"HX-Request": "true", "HX-Request-Type": "partial"}
        async with serve(show) as client:
            assert (await client.get("/show", headers=partial)).text == "<p>&lt;hi&gt;</p>"
            full = await client.get("/show", headers=partial | {"HX-Request-Type": "full"})
        assert full.text.startswith("<html>")


class TestSeeOther:
    async def test_a_browser_is_redirected_and_htmx_told(self) -> None:
        async with serve(go) as client:
            plain = await client.get("/go")
            told = await client.get("/go", headers={"HX-Request": "true"})
        assert (plain.status_code, plain.headers["location"]) == (303, "/there")
        assert (told.status_code, told.headers["hx-redirect"]) == (200, "/there")
        assert told.content == b""


class TestAnnounce:
    async def test_events_add_up_in_plain_ascii(self) -> None:
        async with serve(say) as client:
            header = (await client.get("/say")).headers["hx-trigger"]
        assert header.isascii()
        assert json.loads(header) == {"one": {"name": "Zoë 😀"}, "two": {}}
