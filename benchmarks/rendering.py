"""Filling in variables over HTTP: Mustache, and the same prompt in Jinja with what Jinja is for.

One worker, one client on a kept connection, then four for the rate. Raw sockets, as in `fetching`.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from benchmarks.fetching import Client
from benchmarks.figures import Figures, Goal, lines, percentile
from tests.support.server import HEADLESS, KEY, Server

_ALONE = 1000  # requests of the one client
_CLIENTS = 4
GOALS = {"jinja p50, ms": Goal(3)}
_RULES = "\n".join(f"- Rule {n}: be brief, be kind, promise nothing." for n in range(40))
TEXTS = {
    "mustache": f'{{{{role "system"}}}}\nYou help {{{{shop}}}}.\n{_RULES}\n\n{{{{history}}}}\n'
    '{{role "user"}}\n{{ticket}}\n{{order}}',
    "jinja": f'{{{{role "system"}}}}\nYou help {{{{ shop|upper }}}}.\n{_RULES}\n'
    "{% if vip %}\nOffer to call back.\n{% endif %}\n\n{{history}}\n"
    '{% for one in examples %}\n{{role "user"}}\n{{ one.q }}\n\n'
    '{{role "assistant"}}\n{{ one.a }}\n\n'
    '{% endfor %}\n{{role "user"}}\n{{ ticket }}\n{{ order }}',
}
VALUES = {
    "shop": "Larkspur",
    "ticket": "My train was cancelled and I would like my money back. " * 8,
    "order": {"id": 7, "legs": [{"from": "BER", "to": "MUC"}] * 4},
    "vip": True,
    "examples": [{"q": "When?", "a": "Tomorrow."}] * 4,
}


def _publish(url: str) -> None:
    with httpx.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {KEY}"}) as api:
        for name, text in TEXTS.items():
            body = {"name": f"bench/{name}", "text": text, "template_format": name}
            made = api.post("/prompts", json=body).raise_for_status().json()
            versions = f"/prompts/{made['id']}/versions"
            told = {"message": "First", "labels": ["production"]}
            api.post(versions, json=told).raise_for_status()


def _request(name: str) -> bytes:
    body = json.dumps({"variables": VALUES}).encode()
    return (
        f"POST /api/v1/fetch/bench/{name}/render HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def _asked(port: int, request: bytes, times: int) -> list[float]:
    client = await Client.to(port)
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        status, head = await client.ask(request)
        took.append((time.perf_counter() - begun) * 1000)
        assert status == 200, head
    client.close()
    return took


async def measured(port: int) -> Figures:
    found: dict[str, float] = {}
    for name in TEXTS:
        request = _request(name)
        [first] = await _asked(port, request, 1)
        took = await _asked(port, request, _ALONE)
        found[f"{name} first, ms"] = first
        found[f"{name} p50, ms"] = percentile(took, 0.50)
        found[f"{name} p99, ms"] = percentile(took, 0.99)
        begun = time.perf_counter()
        some = await asyncio.gather(*(_asked(port, request, _ALONE) for _ in range(_CLIENTS)))
        found[f"{name} per second, "] = sum(map(len, some)) / (time.perf_counter() - begun)
    return found


async def run_all(only: str, repeat: int) -> None:
    if only not in "render":
        return
    print("\nRendering over HTTP, SQLite, one worker", flush=True)
    found: list[Figures] = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as folder, Server(Path(folder), HEADLESS) as server:
            _publish(server.url)
            found.append(await measured(urlsplit(server.url).port or 80))
    print(lines(found, [], GOALS), flush=True)
