"""A server that a program set up: prompts by REST, rooms by API key."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.support.server import KEY, Server

_HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


@dataclass(frozen=True)
class Prompt:
    id: str
    room: str

    def url(self, server: Server) -> str:
        return f"{server.socket_url}/rooms/{self.room}?ack=1"


def a_prompt(server: Server, name: str = "support/triage", text: str = "") -> Prompt:
    made = _ask(server, "POST", "/api/v1/prompts", {"name": name, "text": text})
    return Prompt(made["id"], made["room"]["id"])


def text_of(server: Server, prompt: Prompt) -> str:
    text: str = _ask(server, "GET", f"/api/v1/prompts/{prompt.id}")["text"]
    return text


def _ask(server: Server, method: str, path: str, body: Any = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(server.url + path, data, _HEADERS, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
