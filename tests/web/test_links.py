"""Absolute addresses."""

from __future__ import annotations

from typing import Any

import pytest
from litestar import Request, get
from litestar.datastructures import State

from app.web.links import absolute, host
from tests.web.support import serve

pytestmark = pytest.mark.anyio


@get("/x")
async def handler(request: Request[Any, Any, State]) -> list[str]:
    return [absolute(request, "/join/abc"), host(request)]


class TestAbsolute:
    async def test_a_configured_address_outranks_the_host_header(self) -> None:
        state = State({"public_url": "https://promptroom.example"})
        async with serve(handler, state=state) as client:
            answer = await client.get("/x", headers={"Host": "evil.example"})
        assert answer.json() == ["https://promptroom.example/join/abc", "promptroom.example"]

    async def test_without_one_the_caller_knows(self) -> None:
        async with serve(handler, state=State({"public_url": ""})) as client:
            answer = await client.get("/x")
        assert answer.json() == ["http://promptroom.test/join/abc", "promptroom.test"]
