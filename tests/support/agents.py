"""The official MCP client, with a key: what an agent's program does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client


@asynccontextmanager
async def an_agent(url: str, key: str, mode: str = "auto", **options: Any) -> AsyncIterator[Client]:
    """`mode="legacy"` is the handshake of 2025."""
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=20) as http,
        Client(
            streamable_http_client(f"{url}/mcp", http_client=http), mode=mode, **options
        ) as client,
    ):
        yield client
