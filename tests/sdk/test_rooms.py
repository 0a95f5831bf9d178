"""A program in a live room: others see it, a killed server loses nothing, a refusal says why."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdk import (
    AsyncPromptroom,
    Options,
    RoomError,
    RoomNotFound,
    RoomReadOnly,
    RoomSignedOut,
    Unreachable,
    api,
)
from app.sdk.api import Call
from app.sdk.replica import Replica, moved
from app.sdk.rooms import Room
from tests.support.server import HEADLESS, KEY, Server

TEXTS = st.text("abc 語👋\n", max_size=20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("rooms"), HEADLESS) as server:
        yield server


@asynccontextmanager
async def a_client(server: Server, key: str = KEY) -> AsyncIterator[AsyncPromptroom]:
    async with AsyncPromptroom(server.url, key, Options(timeout=10, poll_seconds=600)) as client:
        yield client


async def a_key(client: AsyncPromptroom, name: str, scope: str) -> dict[str, Any]:
    body = {"name": name, "scopes": ["read", scope] if scope != "read" else ["read"]}
    made: dict[str, Any] = await client.call(Call("POST", "/api/v1/keys", body=body))
    return made


def edited(text: str, changes: list[tuple[int, int, str]]) -> str:
    for start, end, added in reversed(changes):
        text = text[:start] + added + text[end:]
    return text


@given(TEXTS, TEXTS)
def test_edits_move_to_the_same_text_as_they_are(base: str, mine: str) -> None:
    assert edited(base, moved(base, mine, base)) == mine


@given(TEXTS, st.lists(st.tuples(st.integers(0, 20), st.text("xyz", min_size=1, max_size=3))))
def test_edits_move_past_what_others_wrote_and_take_none_of_it(
    base: str, theirs: list[tuple[int, str]]
) -> None:
    live = base
    for at, added in theirs:
        live = live[:at] + added + live[at:]
    done = edited(live, moved(base, f"Ω{base[3:]}Ψ", live))
    assert [one for one in done if one in "xyz"] == [one for one in live if one in "xyz"]
    assert (done.count("Ω"), done.count("Ψ")) == (1, 1)


def test_a_new_epoch_takes_over_what_is_not_saved() -> None:
    old, new, author = Replica("one"), Replica("two"), Replica("one")
    author.edit(1, 0, 0, "Hello 👋 world")
    old.receive(author.since(Replica().state))
    old.edit(1, 0, 0, "> ")
    old.saved(1)
    old.edit(2, 10, 15, "moon")
    author.edit(1, 0, 13, "> Hello 👋 dear world")
    new.receive(author.since(Replica().state))
    new.take_over(old, 2)
    assert new.text == "> Hello 👋 dear moon"


async def test_two_programs_see_each_other_and_each_others_words(server: Server) -> None:
    async with a_client(server) as client:
        made = await client.call(api.create_prompt("rooms/two", text="Hello 👋 world"))
        other = await a_key(client, "Other", "write")
        room_id = made["room"]["id"]

        async def ticket() -> str:
            async with a_client(server, other["key"]) as guest:
                call: Call[Any] = Call("POST", f"/api/v1/rooms/{room_id}/tickets")
                return str((await guest.call(call))["ticket"])

        async with (
            await client.room("rooms/two") as room,
            Room(server.url, "", room_id, ticket=ticket) as second,
        ):
            changes = aiter(second)
            await room.replace(8, 13, "moon")
            await room.saved()
            change = await asyncio.wait_for(anext(changes), 5)
            assert (change.text, change.added) == ("Hello 👋 moon", "moon")
            await second.insert(0, "Oh, ")
            await second.saved()
            assert (await client.call(api.get_prompt(made["id"])))["text"] == "Oh, Hello 👋 moon"
            await room.until(lambda one: one.text == "Oh, Hello 👋 moon")
            await second.point(4, 9)
            await room.until(lambda one: one.people and one.people[0].state.get("cursor"))
            [person] = room.people
            assert (person.id, person.name) == (f"key:{other['id']}", "Other")
            assert person.state["cursor"]["anchor"]["item"]
            for number in range(300):  # more than the server takes of one client in a second
                await room.insert(0, f"{number} ")
            await room.insert(0, "x" * 300_000)  # more than one frame holds
            await room.saved()
            await second.until(lambda one: one.text == room.text)


async def test_a_killed_server_has_everything_once_when_it_is_back(tmp_path: Any) -> None:
    with Server(tmp_path, HEADLESS) as server:
        async with a_client(server) as client:
            made = await client.call(api.create_prompt("rooms/killed", text="."))
            async with await client.room(made["id"]) as room:
                for number in range(40):
                    await room.insert(0, f"<{number}>")
                    await asyncio.sleep(0.002)
                server.kill_everything()
                await room.until(lambda one: not one.is_connected)
                await room.insert(0, "<offline>")
                waiting = asyncio.create_task(room.saved())
                assert not (await asyncio.wait([waiting], timeout=0.1))[0]
                await asyncio.to_thread(server.start)
                await asyncio.wait_for(waiting, 20)
                text = room.text
            written = (await client.call(api.get_prompt(made["id"])))["text"]
        assert written == text
        assert all(text.count(f"<{number}>") == 1 for number in [*range(40), "offline"])


async def test_who_may_not_is_told_why(server: Server) -> None:
    async with a_client(server) as client:
        made = await client.call(api.create_prompt("rooms/refused", text="Hello"))
        reader, guest = [await a_key(client, name, name) for name in ("read", "write")]
        async with Room(server.url, reader["key"], made["room"]["id"]) as room:
            assert room.text == "Hello"
            with pytest.raises(RoomReadOnly):
                await room.insert(0, "x")
            with pytest.raises(IndexError):
                room._check(3, 9, "")
        async with Room(server.url, guest["key"], made["room"]["id"]) as room:
            with pytest.raises(ValueError, match="NUL"):
                await room.insert(0, "\0")
            with pytest.raises(ValueError, match="UTF-16"):
                await room.insert(0, "x" * 3_000_000)
            await client.call(Call("DELETE", f"/api/v1/keys/{guest['id']}"))
            with pytest.raises(RoomSignedOut) as told:
                await room.until(lambda _: False)
            assert told.value.code == 4401
            with pytest.raises(RoomSignedOut):
                await room.insert(0, "x")
    with pytest.raises(RoomSignedOut):
        await Room(server.url, "pr_wrong", made["room"]["id"]).open()
    with pytest.raises(RoomNotFound):
        await Room(server.url, KEY, made["id"]).open()
    with pytest.raises(Unreachable):
        await Room("http://127.0.0.1:9", KEY, made["id"], timeout=0.2).open()
    assert issubclass(RoomNotFound, RoomError)
