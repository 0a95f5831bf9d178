"""Who is told of what, in the transaction that makes it happen: on both databases."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.access.permissions import Role
from app.db.engine import Database
from app.domain.inbox.audience import InboxAudience
from app.domain.inbox.models import Follow, Notice
from app.domain.inbox.policy import Wishes
from app.domain.inbox.service import Inbox
from app.domain.prompts.models import Activity
from app.domain.versions.service import Versions
from app.domain.workspaces.service import Members
from app.kit.bus_memory import MemoryBus
from tests.support.builders import (
    MadePrompt,
    Place,
    Somebody,
    a_member,
    a_prompt,
    a_workspace,
    as_member,
)
from tests.support.counting import statements
from tests.support.inboxes import MadeThread, a_thread, happens
from tests.support.rooms import FakeRooms

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(either: Database) -> Place:
    return await a_workspace(either)


@pytest.fixture
async def prompt(either: Database, place: Place) -> MadePrompt:
    return await a_prompt(either, place, text="the words of it")


@pytest.fixture
async def thread(either: Database, place: Place, prompt: MadePrompt) -> MadeThread:
    return await a_thread(either, place, prompt)


async def told(database: Database) -> dict[UUID, str]:
    """Who has which kind of notice; a person has one here at most."""
    async with database.everywhere().transaction(write=False) as tx:
        notices = (await tx.execute(select(Notice))).scalars().all()
    assert len({one.user_id for one in notices}) == len(notices)
    return {one.user_id: one.kind for one in notices}


async def inbox(database: Database, place: Place, who: Somebody, tx: Any) -> Inbox:
    return Inbox(tx, await as_member(database, place, who), MemoryBus())


async def stands(database: Database, place: Place, who: Somebody, **wish: Any) -> None:
    """Have them mute, follow or want something."""
    caller = await as_member(database, place, who)
    async with database.within(caller).transaction() as tx:
        mine = Inbox(tx, caller, MemoryBus())
        if "follow" in wish:
            await mine.follow(wish["follow"], is_following=wish.get("yes", True))
        if "mute" in wish:
            await mine.mute(*wish["mute"], is_muted=True)
        if "wishes" in wish:
            await mine.wish(wish["wishes"])


class TestWhoIsTold:
    async def test_of_a_new_thread_its_prompts_followers_and_whom_it_names(
        self, either: Database, place: Place, prompt: MadePrompt, thread: MadeThread
    ) -> None:
        follower = await a_member(either, place)
        named = await a_member(either, place)
        await a_member(either, place)  # who has nothing to do with it
        await stands(either, place, follower, follow=prompt.id)
        author = await a_member(either, place, Role.COMMENTER)
        await happens(
            either, thread, "thread.started", author, body="Hm", mentioned=[named, follower]
        )
        assert await told(either) == {
            place.owner.id: "thread",  # whoever owns a prompt follows it
            follower.id: "mention",
            named.id: "mention",
        }

    async def test_of_a_reply_who_wrote_there(
        self, either: Database, place: Place, thread: MadeThread
    ) -> None:
        first, second = await a_member(either, place), await a_member(either, place)
        await happens(
            either, thread, "comment.added", second, body="Yes", participants=[first, second]
        )
        assert await told(either) == {first.id: "reply"}

    async def test_of_an_end_who_wrote_there(
        self, either: Database, place: Place, thread: MadeThread
    ) -> None:
        first, second = await a_member(either, place), await a_member(either, place)
        await happens(either, thread, "thread.resolved", first, participants=[first, second])
        assert await told(either) == {second.id: "resolved"}

    async def test_nobody_without_access_any_more(
        self, either: Database, place: Place, thread: MadeThread
    ) -> None:
        gone = await a_member(either, place)
        owner = await as_member(either, place, place.owner)
        async with either.everywhere().transaction() as tx:
            await Members(tx, owner).remove(gone.id)
        author = await a_member(either, place)
        await happens(
            either,
            thread,
            "comment.added",
            author,
            body="?",
            mentioned=[gone],
            participants=[gone, author],
        )
        assert await told(either) == {}

    async def test_one_notice_for_one_comment(
        self, either: Database, place: Place, thread: MadeThread
    ) -> None:
        first, second = await a_member(either, place), await a_member(either, place)
        comment = await happens(
            either, thread, "comment.added", second, body="Yes", participants=[first, second]
        )
        await happens(
            either,
            thread,
            "comment.edited",
            second,
            mentioned=[first],
            participants=[first, second],
            comment_id=comment,
        )
        assert await told(either) == {first.id: "reply"}

    async def test_a_key_may_speak(
        self, either: Database, place: Place, thread: MadeThread
    ) -> None:
        await happens(either, thread, "thread.started", f"key:{thread.id}", body="From a program")
        assert await told(either) == {place.owner.id: "thread"}


class TestWhatPeopleWant:
    async def test_what_is_muted_is_quiet_but_for_mentions(
        self, either: Database, place: Place, prompt: MadePrompt, thread: MadeThread
    ) -> None:
        quiet, named = await a_member(either, place), await a_member(either, place)
        author = await a_member(either, place)
        await stands(either, place, quiet, mute=(prompt.id, thread.id))
        await stands(either, place, named, mute=(prompt.id, prompt.id))
        await happens(
            either,
            thread,
            "comment.added",
            author,
            body="So",
            mentioned=[named],
            participants=[quiet, named],
        )
        assert await told(either) == {named.id: "mention"}

    async def test_what_is_off_is_not_told(
        self, either: Database, place: Place, thread: MadeThread
    ) -> None:
        deaf, other = await a_member(either, place), await a_member(either, place)
        await stands(either, place, deaf, wishes=Wishes({"reply": "off"}))
        await happens(either, thread, "comment.added", other, body="So", participants=[deaf, other])
        assert await told(either) == {}

    async def test_who_unfollowed_does_not_follow_by_writing(
        self, either: Database, place: Place, prompt: MadePrompt, thread: MadeThread
    ) -> None:
        writes, asked = await a_member(either, place), await a_member(either, place)
        await stands(either, place, asked, follow=prompt.id, yes=False)
        for who in (writes, asked):
            await happens(either, thread, "comment.added", who, body="So", participants=[who])
        async with either.everywhere().transaction(write=False) as tx:
            rows = (await tx.execute(select(Follow))).scalars().all()
        assert {row.user_id: row.is_following for row in rows} == {
            writes.id: True,
            asked.id: False,
        }


class TestItGoesWithTheRest:
    async def test_a_change_that_fails_tells_nobody(
        self, either: Database, place: Place, prompt: MadePrompt
    ) -> None:
        bus, heard = MemoryBus(), []
        bus.subscribe("inbox.changed", heard.append)
        owner = await as_member(either, place, await a_member(either, place))

        class Failing(InboxAudience):
            async def published(self, tx: Any, version: Any) -> None:
                await super().published(tx, version)
                raise RuntimeError("planted")

        rooms = FakeRooms()
        rooms.open(prompt.room_id, "another text")
        with pytest.raises(RuntimeError, match="planted"):
            await Versions(either, owner, rooms, Failing(bus)).publish(prompt.id, "x")
        assert (await told(either), heard) == ({}, [])
        await Versions(either, owner, rooms, InboxAudience(bus)).publish(prompt.id, "x")
        assert await told(either) == {place.owner.id: "published"}
        await asyncio.sleep(0)  # the bus delivers on the next turn
        assert len(heard) == 1

    async def test_deleting_takes_back_what_was_told(
        self, either: Database, place: Place, thread: MadeThread
    ) -> None:
        first, second = await a_member(either, place), await a_member(either, place)
        comment = await happens(
            either, thread, "comment.added", second, body="Oops", participants=[first, second]
        )
        await happens(either, thread, "thread.resolved", second, participants=[first, second])
        await happens(either, thread, "comment.deleted", second, comment_id=comment)
        assert await told(either) == {first.id: "resolved"}
        await happens(either, thread, "thread.deleted", second)
        assert await told(either) == {}

    async def test_writing_reads(self, either: Database, place: Place, thread: MadeThread) -> None:
        first, second = await a_member(either, place), await a_member(either, place)
        both = [first, second]
        await happens(either, thread, "comment.added", second, body="A?", participants=both)
        await happens(either, thread, "comment.added", first, body="B!", participants=both)
        async with either.everywhere().transaction(write=False) as tx:
            rows = (await tx.execute(select(Notice))).scalars().all()
        assert {row.user_id: row.read_at is None for row in rows} == {
            first.id: False,
            second.id: True,
        }

    async def test_what_happened_is_kept_once(
        self, either: Database, place: Place, thread: MadeThread
    ) -> None:
        author = await a_member(either, place)
        for kind, body in (
            ("thread.started", "a"),
            ("comment.added", "b"),
            ("comment.edited", ""),
            ("reaction.changed", ""),
            ("thread.resolved", ""),
        ):
            await happens(either, thread, kind, author, body=body)
        async with either.everywhere().transaction(write=False) as tx:
            rows = await tx.execute(select(Activity.kind).order_by(Activity.id))
        assert rows.scalars().all() == ["commented", "replied", "resolved"]

    async def test_many_people_cost_as_many_statements_as_few(
        self, either: Database, place: Place, thread: MadeThread
    ) -> None:
        author = await a_member(either, place)
        costs = []
        for crowd in (1, 12):
            people = [await a_member(either, place) for _ in range(crowd)]
            with statements(either) as seen:
                await happens(
                    either,
                    thread,
                    "comment.added",
                    author,
                    body="All",
                    mentioned=people[:1],
                    participants=[author, *people],
                )
            costs.append(len(seen))
        assert costs[0] == costs[1]
