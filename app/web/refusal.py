"""A refusal before any route is looked up, by what stands around the application."""

from __future__ import annotations

from typing import Any

import msgspec


async def refuse(scope: Any, receive: Any, send: Any, **problem: Any) -> None:
    """Answer with the problem document `problem` (status, code, title, detail)."""
    is_socket = scope["type"] == "websocket"
    kind = "websocket.http.response" if is_socket else "http.response"
    if is_socket:
        await receive()  # websocket.connect
    request_id = scope.get("state", {}).get("request_id", "")
    # Relative, as RFC 9457 allows: what names the server may be the very thing that is refused.
    kind_of_problem = f"/api/docs/errors/{problem['code']}"
    document = {"type": kind_of_problem, **problem, "request_id": request_id}
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    await send({"type": f"{kind}.start", "status": problem["status"], "headers": headers})
    await send({"type": f"{kind}.body", "body": msgspec.json.encode(document), "more_body": False})
