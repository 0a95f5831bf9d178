"""A call that writes is tried again under one key, so that it is done once."""

from __future__ import annotations

import httpx
import pytest

from app.sdk import api, wire
from app.sdk.transport import Transport

pytestmark = pytest.mark.anyio


async def test_every_try_has_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "pause", lambda *_, **__: 0.0)
    heard: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.headers.get("idempotency-key"))
        if len(heard) == 1:
            raise httpx.ReadError("the server died")
        if len(heard) == 2:
            problem = {"code": "idempotency_in_progress", "detail": "wait"}
            return httpx.Response(409, json=problem, headers={"Retry-After": "0"})
        return httpx.Response(201, json={"id": "made"})

    transport = Transport("http://server", "key", timeout=1)
    await transport.close()
    transport._http = httpx.AsyncClient(
        base_url="http://server", transport=httpx.MockTransport(answer)
    )
    made = await transport.call(api.create_prompt("a/b", text="x"))
    assert made["id"] == "made"
    assert len(heard) == 3
    assert len(set(heard)) == 1
    assert heard[0]
    await transport.call(api.get_prompt("made"))
    assert heard[3] is None
    await transport.close()
