"""Absolute addresses, for links that leave the page: invitations, room addresses."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Request


def absolute(request: Request[Any, Any, Any], path: str) -> str:
    """`path` on the configured public address, or on the one the caller used."""
    base: str = request.app.state.get("public_url") or str(request.base_url)
    return base.rstrip("/") + path


def address_of(scope: Any, path: str, *, trusts_host: bool = True) -> str:
    """The same for what has no request yet; as it is where the server has no name to be trusted."""
    public: str = scope["litestar_app"].state.get("public_url")
    if public:
        return public.rstrip("/") + path
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1 or not trusts_host:
        return path
    scheme = "https" if scope["scheme"] in ("https", "wss") else "http"
    return f"{scheme}://{hosts[0].decode('latin-1')}{path}"


def host(request: Request[Any, Any, Any]) -> str:
    """Where people think they are: promptroom.example.com."""
    return urlsplit(absolute(request, "/")).netloc


def origin(request: Request[Any, Any, Any]) -> str:
    """The same as a browser says it: https://promptroom.example.com."""
    parts = urlsplit(absolute(request, "/"))
    return f"{parts.scheme}://{parts.netloc}"


def is_for_programs(path: str) -> bool:
    """Whether an API key alone opens it, and errors are problem documents."""
    return path.startswith(("/api/", "/mcp/")) or path == "/mcp"
