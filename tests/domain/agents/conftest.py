"""A workspace with a key, and agents that speak MCP by hand: message in, message out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.builders import Key, a_key, a_workspace

VERSION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass
class Agent:
    """One key's, in this process: what the real client does is shown in tests/browser."""

    client: Any
    key: Key
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def send(self, method: str, **params: Any) -> Any:
        """The whole HTTP answer."""
        named = {"Mcp-Name": params["name"]} if "name" in params else {}
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": VERSION,
            "Mcp-Method": method,
            **named,
            **self.key.headers,
            **self.headers,
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": META, **params}}
        return await self.client.post(f"/mcp{self.query}", headers=headers, json=body)

    async def ask(self, method: str, **params: Any) -> Any:
        answer = await self.send(method, **params)
        return answer.json()["result"]

    async def error(self, method: str, **params: Any) -> Any:
        return (await self.send(method, **params)).json()["error"]

    async def call(self, tool: str, **arguments: Any) -> Any:
        """What a tool answers; of a failure what the problem document says."""
        found = await self.ask("tools/call", name=tool, arguments=arguments)
        return found["structuredContent"]


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def key(database, place):
    return await a_key(database, place, name="Copy agent")


@pytest.fixture
def agent(client, key):
    return Agent(client, key)


@pytest.fixture
async def reader(client, database, place):
    return Agent(client, await a_key(database, place, "read"))


@pytest.fixture
async def stranger(client, database):
    elsewhere = await a_workspace(database, "Foreign")
    return Agent(client, await a_key(database, elsewhere))


@pytest.fixture
def prompt(client, key):
    """Makes a prompt and releases what is given as its first version."""

    async def make(name: str, text: str, label: str = "production", **fields: Any) -> str:
        given = {"name": name, "title": f"Title of {name}", "text": text, **fields}
        made = await client.post("/api/v1/prompts", headers=key.headers, json=given)
        assert made.status_code == 201, made.text
        url = f"/api/v1/prompts/{made.json()['id']}"
        body = {"message": "First", "labels": [label] if label else []}
        published = await client.post(f"{url}/versions", headers=key.headers, json=body)
        assert published.status_code == 201, published.text
        return made.json()["id"]

    return make
