"""REST edits while people type in the same message: nothing lost, everybody's words their own."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.support.server import KEY, Server
from tests.support.yclient import YClient

pytestmark = pytest.mark.contract

EDITS = 40
SYSTEM = "You are kind."
STORY = (
    "Read the ticket below, then answer the customer in two short sentences.\n"
    "Say what happens next and when. Never promise money that we have not sent."
)


@dataclass
class Typist:
    """Writes on where they wrote last; every character of theirs is one of a kind."""

    client: YClient
    first: int
    count: int = 0
    is_done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def typed(self) -> str:
        return "".join(chr(self.first + number) for number in range(self.count))

    async def type(self, near: str) -> None:
        """Begin in the middle of the word `near`."""
        at = self.client.content.index(near) + 2
        while not self.is_done.is_set():
            character = chr(self.first + self.count)
            await self.client.edit(len(self.client.content[:at].encode()), character)
            self.count += 1
            await asyncio.sleep(0.004)
            at = self.client.content.index(character) + 1
        await self.client.durable(30)


class Program:
    """Reads, lets people type, and writes what it has made of what it had read."""

    def __init__(self, http: httpx.AsyncClient, prompt_id: str) -> None:
        self._http, self._prompt = http, f"/api/v1/prompts/{prompt_id}"
        self.refused = 0
        self.words: list[str] = []

    async def edit_message(self, number: int) -> None:
        """Whoever else has typed between the reading and the writing."""
        await self._edit(f"{self._prompt}/messages/1", "content", number)

    async def edit_text(self, number: int) -> None:
        await self._edit(self._prompt, "text", number)

    async def _edit(self, path: str, key: str, number: int) -> None:
        while True:
            base = (await self._http.get(path)).json()[key]
            await asyncio.sleep(random.uniform(0, 0.03))
            answer = await self._http.patch(
                path, json={key: self._revised(base, number), "base": base}
            )
            if answer.status_code == 200:
                self.words.append(_word(number))
                return
            assert answer.json()["code"] == "prompt_base_gone", answer.text
            self.refused += 1

    def _revised(self, base: str, number: int) -> str:
        """One more word at a known place, and one of our own words gone."""
        place = "sentences" if number % 2 else "Never"
        gone = _word(number - 4)
        if gone in base:
            base = base.replace(gone, "")
            self.words = [one for one in self.words if one != gone]
        return base.replace(place, f"{_word(number)}{place}", 1)


def _word(number: int) -> str:
    return f"[{number}] "


async def test_no_character_is_lost_and_everyone_is_credited_with_their_own(server: Server) -> None:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(_as(server, KEY))
        keys = [await _key(http, name) for name in ("Ann", "Bob", "Cid", "Agent")]
        text = f'{{{{role "system"}}}}\n{SYSTEM}\n\n{{{{role "user"}}}}\n{STORY}'
        made = (await http.post("/api/v1/prompts", json={"name": "c/typed", "text": text})).json()
        url = f"{server.socket_url}/rooms/{made['room']['id']}?ack=1"
        typists = [
            Typist(await stack.enter_async_context(YClient(url, key["key"])), 0x4E00 + 0x1000 * at)
            for at, key in enumerate(keys[:3])
        ]
        agent = await stack.enter_async_context(_as(server, keys[3]["key"]))
        program = Program(agent, made["id"])
        async with asyncio.TaskGroup() as tasks:
            for typist, near in zip(typists, ("below", "customer", "promise"), strict=True):
                tasks.create_task(typist.type(near))
            for number in range(EDITS):
                await (program.edit_text if number % 3 else program.edit_message)(number)
            for typist in typists:
                typist.is_done.set()
        version = await http.post(
            f"/api/v1/prompts/{made['id']}/versions", json={"message": "After all"}
        )
        result: str = version.json()["text"]
        blame = (await http.get(f"/api/v1/prompts/{made['id']}/blame?of=1")).json()
    owners = {typist.typed: key["id"] for typist, key in zip(typists, keys[:3], strict=True)}
    for typed in owners:
        assert len(typed) > EDITS
        assert "".join(one for one in result if one in typed) == typed
    for word in program.words:
        assert result.count(word) == 1
    assert program.refused <= EDITS / 4
    rest = "".join(one for one in result if one < "\u4e00")
    for word in program.words:
        rest = rest.replace(word, "", 1)
    assert rest == text
    _check_blame(blame, owners, f"key:{keys[3]['id']}", program.words)


def _check_blame(blame: Any, owners: dict[str, str], agent: str, words: list[str]) -> None:
    by_actor: dict[str, str] = {}
    for span in blame["spans"]:
        actor = span["author"]["id"] if span["author"] else ""
        by_actor[actor] = by_actor.get(actor, "") + span["text"]
    for typed, key_id in owners.items():
        assert by_actor.pop(f"key:{key_id}") == typed
    assert sorted(by_actor.pop(agent)) == sorted("".join(words))
    assert len(by_actor) == 1, "the rest is of who made the prompt"


def _as(server: Server, key: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30)


async def _key(http: httpx.AsyncClient, name: str) -> Any:
    body = {"name": name, "scopes": ["read", "write"]}
    return (await http.post("/api/v1/keys", json=body)).json()
