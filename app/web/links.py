"""Absolute addresses, for links that leave the page: invitations, room addresses."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Request


def absolute(request: Request[Any, Any, Any], path: str) -> str:
    """`path` on the configured public address, or on the one the caller used."""
    base: str = request.app.state.get("public_url") or str(request.base_url)
    return base.rstrip("/") + path


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
