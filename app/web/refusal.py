"""A refusal before any route is looked up, by what stands around the application."""

from __future__ import annotations

from typing import Any

import msgspec

from app.web.links import address_of


async def refuse(
    scope: Any, receive: Any, send: Any, *, trusts_host: bool = True, **problem: Any
) -> None:
    """Answer with the problem document `problem` (status, code, title, detail).

    Without `trusts_host`, and with no public address set, its `type` is relative, as RFC 9457
    allows: what the caller says of the server's name is the very thing that is refused.
    """
    is_socket = scope["type"] == "websocket"
    kind = "websocket.http.response" if is_socket else "http.response"
    if is_socket:
        await receive()  # websocket.connect
    request_id = scope.get("state", {}).get("request_id", "")
    page = address_of(scope, f"/api/docs/errors/{problem['code']}", trusts_host=trusts_host)
    document = {"type": page, **problem, "request_id": request_id}
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    await send({"type": f"{kind}.start", "status": problem["status"], "headers": headers})
    await send({"type": f"{kind}.body", "body": msgspec.json.encode(document), "more_body": False})
