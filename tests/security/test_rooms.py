"""Knocking at rooms (S2): one that is foreign and one that never was give the same answer."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from app.db.engine import Database
from tests.security.world import dump
from tests.support.builders import Key, MadePrompt, Somebody, a_key, a_prompt, a_workspace
from tests.support.server import Server

KNOCKS = 150  # of each kind


@dataclass(frozen=True)
class Street:
    server: Server
    database: Database
    key: Key
    stranger: Somebody
    foreign: list[MadePrompt]


async def built(url: str) -> tuple[Database, Key, Somebody, list[MadePrompt]]:
    database = Database(url)
    mine, foreign = await a_workspace(database), await a_workspace(database, "Foreign")
    prompts = [await a_prompt(database, foreign) for _ in range(20)]
    key = await a_key(database, mine, "admin")
    await database.close()
    return database, key, mine.owner, prompts


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with Server(tmp_path_factory.mktemp("rooms")) as server, ThreadPoolExecutor() as thread:
        url = f"sqlite+aiosqlite:///{server.data_dir / 'promptroom.db'}"
        made = thread.submit(asyncio.run, built(url)).result()
        yield Street(server, *made)


def knock(street: Street, room: str, headers: dict[str, str]) -> tuple[int, str, float]:
    """How the socket was closed, with which first words, and after how long."""
    begun = time.perf_counter()
    url = f"{street.server.socket_url}/rooms/{room}"
    words: list[Any] = []
    with connect(url, additional_headers=headers, origin=street.server.url) as socket:
        try:
            while True:
                words.append(socket.recv(timeout=5))
        except ConnectionClosed as closed:
            seconds = time.perf_counter() - begun
            end = closed.rcvd
    return (end.code, f"{words} {end.reason}", seconds) if end else (1006, "", seconds)


@pytest.mark.parametrize("who", ["a key", "a member of another workspace", "nobody"])
def test_a_foreign_room_is_like_none(street: Street, who: str) -> None:
    headers, expected = {
        "a key": (street.key.headers, 4404),
        "a member of another workspace": (street.stranger.headers, 4404),
        "nobody": ({}, 4401),
    }[who]
    before = dump(street.database)
    answers: dict[str, set[tuple[int, str]]] = {"foreign": set(), "random": set()}
    times: dict[str, list[float]] = {"foreign": [], "random": []}
    for number in range(KNOCKS):
        rooms = {
            "foreign": str(street.foreign[number % len(street.foreign)].room_id),
            "random": str(uuid4()),
        }
        for kind, room in rooms.items():
            code, words, seconds = knock(street, room, headers)
            answers[kind].add((code, words))
            times[kind].append(seconds)
    assert answers["foreign"] == answers["random"]
    assert {code for code, _ in answers["random"]} == {expected}
    apart = abs(statistics.median(times["foreign"]) - statistics.median(times["random"]))
    assert apart <= 0.002
    assert dump(street.database) == before


def test_odd_names_of_rooms(street: Street) -> None:
    before = dump(street.database)
    room = str(street.foreign[0].room_id)
    for name in (
        "x",
        "0" * 32,
        room.upper(),
        f"{{{room}}}",
        f"{room}%00",
        "%ff",
        "..%2f",
        "a" * 900,
    ):
        code, _, _ = knock(street, name, street.key.headers)
        assert code == 4404, name
    assert dump(street.database) == before
    assert not [line for line in street.server.events() if line["level"] == "error"]
