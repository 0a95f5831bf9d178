"""Threads as a service: many at once on both databases, who is told what, how much it costs."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.access.permissions import GRANTS, Permission, Role
from app.access.principal import Principal
from app.db.engine import Database
from app.domain.threads.anchoring import Anchor
from app.domain.threads.errors import CommentIdTaken, ThreadNotFound
from app.domain.threads.events import Happening
from app.domain.threads.models import Comment, Thread
from app.domain.threads.policy import mention
from app.domain.threads.reading import Conversations
from app.domain.threads.service import Threads
from app.errors import Forbidden, NotFound
from app.kit.clock import utc_now
from app.kit.ids import new_id
from tests.support.builders import Place, a_member, a_prompt, a_workspace, as_member
from tests.support.counting import statements
from tests.support.rooms import FakeRooms

pytestmark = pytest.mark.anyio
WHOLE = Anchor()


class Diary:
    """An audience that notes what it is told, in the transaction in which it is."""

    def __init__(self) -> None:
        self.heard: list[Happening] = []
        self.read: list[tuple[UUID, UUID]] = []

    async def thread_changed(self, tx: Any, happening: Happening) -> None:
        assert tx.in_transaction()
        self.heard.append(happening)

    async def thread_read(self, tx: Any, where: Any, user_id: UUID, thread_id: UUID) -> None:
        self.read.append((user_id, thread_id))

    @property
    def kinds(self) -> list[str]:
        return [one.kind for one in self.heard]


class Desk:
    """One person at work, each call a transaction of its own, as requests are."""

    def __init__(self, database: Database, caller: Principal, rooms: Any, diary: Diary) -> None:
        self.database, self.caller = database.within(caller), caller
        self.rooms, self.diary = rooms, diary

    async def do(self, what: str, *given: Any) -> Any:
        async with self.database.transaction() as tx:
            threads = Threads(tx, self.caller, self.rooms, self.diary)
            return await getattr(threads, what)(*given)

    async def read(self, what: str, *given: Any) -> Any:
        async with self.database.transaction(write=False) as tx:
            return await getattr(Conversations(tx, self.caller, self.rooms), what)(*given)


class Office:
    def __init__(self, database: Database, place: Place) -> None:
        self.database, self.place = database, place
        self.rooms, self.diary = FakeRooms(), Diary()

    async def desk(self, role: Role = Role.COMMENTER, name: str = "Kenji Watanabe") -> Desk:
        person = await a_member(self.database, self.place, role, name)
        caller = await as_member(self.database, self.place, person)
        return Desk(self.database, caller, self.rooms, self.diary)


@pytest.fixture
async def office(either: Database) -> Office:
    return Office(either, await a_workspace(either))


@pytest.fixture
async def prompt(either: Database, office: Office) -> Any:
    return await a_prompt(either, office.place, text="One two three.")


async def test_ten_at_once_lose_nothing(either: Database, office: Office, prompt: Any) -> None:
    """Starting, replying, resolving and taking back, in an order that nobody chose."""
    desks = [await office.desk(name=f"Person {n}") for n in range(10)]
    shared = (await desks[0].do("start", prompt.id, WHOLE, "Shared")).thread_id
    rng = random.Random(11)
    replies: list[UUID] = []

    async def work(desk: Desk) -> None:
        own = (await desk.do("start", prompt.id, WHOLE, "Mine")).thread_id
        for _ in range(3):
            sent = uuid4()
            for _ in range(rng.choice([1, 2])):  # sometimes the answer is lost
                await desk.do("reply", shared, "Yes", sent)
            replies.append(sent)
            await desk.do(rng.choice(["resolve", "reopen"]), shared)
        gone = replies[rng.randrange(len(replies) - 2, len(replies))]
        if (await desk.read("comment", gone)).author == desk.caller.actor:
            await desk.do("delete", gone)
            replies.remove(gone)
        await desk.do("resolve", own)

    await asyncio.gather(*map(work, desks))
    found = await desks[0].read("open", shared)
    there = [one for one in found.comments if not one.is_deleted]
    assert [one.number for one in found.comments] == list(range(1, found.row.last_number + 1))
    assert {one.id for one in there[1:]} == set(replies)
    assert Counter(one.author.name for one in found.comments[1:]) == {
        f"Person {n}": 3 for n in range(10)
    }
    assert found.row.comment_count == len(there)
    everyone = {desk.caller.user_id for desk in desks}
    assert set(office.diary.heard[-1].participants) <= everyone
    page = await desks[0].read("page", prompt.id, "all")
    assert [one.row.number for one in page.items] == list(range(11, 0, -1))
    counts = await desks[0].read("counts", prompt.id)
    is_open = found.row.state == "open"
    assert (counts.open, counts.resolved) == (is_open, 11 - is_open)
    assert office.rooms.news[-1][1]["open"] == is_open


async def test_two_who_choose_one_id(either: Database, office: Office, prompt: Any) -> None:
    """On two prompts, so that no lock keeps them apart; and in two workspaces."""
    other = await a_prompt(either, office.place, text="x")
    elsewhere = Office(either, await a_workspace(either, "Elsewhere"))
    foreign = await a_prompt(either, elsewhere.place, text="x")
    one, two, three = await office.desk(), await office.desk(), await elsewhere.desk()
    sent = uuid4()
    ended = await asyncio.gather(
        one.do("start", prompt.id, WHOLE, "a", sent),
        two.do("start", other.id, WHOLE, "b", sent),
        three.do("start", foreign.id, WHOLE, "c", sent),
        return_exceptions=True,
    )
    refused = [one for one in ended if isinstance(one, Exception)]
    assert [type(one) for one in refused] == [CommentIdTaken] * 2
    async with either.everywhere().transaction(write=False) as tx:
        assert len((await tx.execute(select(Comment))).all()) == 1
        assert len((await tx.execute(select(Thread))).all()) == 1


async def test_who_hears_what(either: Database, office: Office, prompt: Any) -> None:
    maya, kenji = await office.desk(name="Maya Olsen"), await office.desk()
    at_all = mention(kenji.caller.user_id, "Kenji"), mention(maya.caller.user_id, "me")
    started = await maya.do("start", prompt.id, WHOLE, " ".join(at_all))
    thread, first = started.thread_id, started.comment_id
    reply = (await kenji.do("reply", thread, "Hm")).comment_id
    await kenji.do("edit", reply, f"Hm, {mention(maya.caller.user_id, 'Maya')}")
    await maya.do("edit", first, f"{at_all[0]}!")
    await maya.do("react", reply, "agree")
    await maya.do("react", reply, "agree")
    await maya.do("resolve", thread)
    await maya.do("resolve", thread)
    await kenji.do("reply", thread, "Wait")
    await kenji.do("re_anchor", thread, Anchor("two", "One ", " three.", 4, 7))
    await kenji.do("delete", reply)
    await maya.do("mark_read", thread)
    diary = office.diary
    assert diary.kinds == [
        "thread.started",
        "comment.added",
        "comment.edited",
        "comment.edited",
        "reaction.changed",
        "thread.resolved",
        "comment.added",
        "thread.reopened",
        "thread.anchored",
        "comment.deleted",
    ]
    people = (maya.caller.user_id, kenji.caller.user_id)
    assert diary.read[-1] == (people[0], thread)
    assert diary.heard[0].mentioned == (people[1],)  # not oneself
    assert (diary.heard[2].mentioned, diary.heard[3].mentioned) == ((people[0],), ())
    assert {one.participants for one in diary.heard[1:]} == {people}
    assert [kind for kind, _ in office.rooms.news] == diary.kinds
    for _, data in office.rooms.news:
        assert data.keys() == {"prompt", "thread", "number", "state", "comments", "comment", "open"}
        assert "Hm" not in str(data)
    await maya.do("delete", first)
    await kenji.do("delete", UUID(office.rooms.news[6][1]["comment"]))
    assert diary.kinds[-1] == "thread.deleted"
    assert office.rooms.news[-1][1] | {"state": ""} == {
        "prompt": str(prompt.id), "thread": str(thread), "number": 1, "state": "", "comment": None, "comments": 0, "open": 0
    }  # fmt: skip
    with pytest.raises(ThreadNotFound):
        await maya.read("open", thread)


async def test_what_is_rolled_back_is_told_to_nobody(
    either: Database, office: Office, prompt: Any
) -> None:
    desk = await office.desk()

    class Failing(Diary):
        async def thread_changed(self, tx: Any, happening: Happening) -> None:
            raise OSError("the inbox is full")

    desk.diary = Failing()
    with pytest.raises(OSError, match="full"):
        await desk.do("start", prompt.id, WHOLE, "Lost")
    assert office.rooms.news == []
    assert (await desk.read("page", prompt.id)).items == []


def actions(prompt: Any, made: Any) -> dict[str, tuple[Any, ...]]:
    """Everything that can be done about a thread that somebody else has started."""
    return {
        "mark_read": (made.thread_id,),
        "start": (prompt.id, WHOLE, "Mine"),
        "reply": (made.thread_id, "Me too"),
        "resolve": (made.thread_id,),
        "reopen": (made.thread_id,),
        "re_anchor": (made.thread_id, WHOLE),
        "react": (made.comment_id, "agree"),
        "unreact": (made.comment_id, "agree"),
        "edit": (made.comment_id, "Hacked"),
        "delete": (made.comment_id,),
        "delete_thread": (made.thread_id,),
    }


@pytest.mark.parametrize("role", list(Role))
async def test_roles(either: Database, office: Office, prompt: Any, role: Role) -> None:
    """Reading is everybody's, writing is from commenters on; others' words are for admins only."""
    somebody, desk = await office.desk(Role.EDITOR), await office.desk(role, "Someone Else")
    made = await somebody.do("start", prompt.id, WHOLE, "Hello")
    allowed = {"mark_read": True, "edit": False} | dict.fromkeys(
        ("delete", "delete_thread"), Permission.WORKSPACE_MANAGE in GRANTS[role]
    )
    for what, given in actions(prompt, made).items():
        if allowed.get(what, Permission.COMMENTS_WRITE in GRANTS[role]):
            await desk.do(what, *given)
        else:
            with pytest.raises(Forbidden):
                await desk.do(what, *given)
    shown = await desk.read("page", prompt.id, "all")
    mine = [one for one in shown.items if one.row.id != made.thread_id]
    expected = [(True, True)] if Permission.COMMENTS_WRITE in GRANTS[role] else []
    assert [(one.can_comment, one.comments[0].can_edit) for one in mine] == expected


async def test_nothing_is_there_for_another_workspace(
    either: Database, office: Office, prompt: Any
) -> None:
    """Not even for its owner, and nobody hears of the attempt."""
    made = await (await office.desk()).do("start", prompt.id, WHOLE, "Hello")
    elsewhere = Office(either, await a_workspace(either, "Elsewhere"))
    owner = await elsewhere.desk(Role.OWNER)
    for what, given in actions(prompt, made).items():
        with pytest.raises(NotFound):
            await owner.do(what, *given)
    for what in ("page", "anchors", "people_to_mention"):
        with pytest.raises(NotFound):
            await owner.read(what, prompt.id)
    assert (await owner.read("counts", prompt.id)).all == 0
    for what, given in (("open", made.thread_id), ("said", made.comment_id)):
        with pytest.raises(NotFound):
            await owner.read(what, given)
    assert (elsewhere.rooms.news, elsewhere.diary.heard) == ([], [])


async def test_people_in_the_room_are_offered_first(
    either: Database, office: Office, prompt: Any
) -> None:
    names = ["Anna Berg", "Anton Cole", "Berta Ann", "Zoë Anders"]
    desks = {name: await office.desk(name=name) for name in names}
    here = desks["Zoë Anders"].caller

    class Somebody:
        id = here.actor

    office.rooms.people = lambda ids: {one: [Somebody()] for one in ids}
    found = await desks["Anna Berg"].read("people_to_mention", prompt.id, "an")
    assert [one.person.name for one in found] == [
        "Zoë Anders",
        "Anna Berg",
        "Anton Cole",
        "Berta Ann",
    ]
    assert [one.is_here for one in found] == [True, False, False, False]
    assert [one.person.name for one in await desks["Anna Berg"].read("people_to_mention", prompt.id, "an co")] == ["Anton Cole"]  # fmt: skip
    assert await desks["Anna Berg"].read("people_to_mention", prompt.id, "%") == []


async def many(office: Office, prompt: Any, desk: Desk, count: int) -> None:
    """Threads with two comments each, past the service, which would take a while."""
    now, place = utc_now(), office.place
    async with office.database.within(desk.caller).transaction() as tx:
        rows = []
        for number in range(1, count + 1):
            thread = Thread(id=new_id(), workspace_id=place.id, prompt_id=prompt.id, room_id=prompt.room_id, number=number, state="open", quote="two", prefix="One ", suffix=" three.", start=4, end=7, epoch="", anchored_at=now, comment_count=2, last_number=2, created_by=place.owner.actor, created_at=now, updated_at=now)  # fmt: skip
            rows.append(thread)
            comments = [Comment(id=new_id(), workspace_id=place.id, thread_id=thread.id, number=n, author=place.owner.actor, body=f"№ {n}", created_at=now) for n in (1, 2)]  # fmt: skip
            rows += comments
        tx.add_all([one for one in rows if isinstance(one, Thread)])
        await tx.flush()
        tx.add_all(rows)


async def test_a_list_costs_the_same_however_long(
    either: Database, office: Office, prompt: Any
) -> None:
    desk = await office.desk()
    await many(office, prompt, desk, 2_000)
    cost, took = [], []
    for limit in (1, 50):
        await desk.read("page", prompt.id, "open", limit)
        with statements(desk.database) as seen:
            begun = time.perf_counter()
            page = await desk.read("page", prompt.id, "open", limit)
            took.append(time.perf_counter() - begun)
        cost.append(len(seen))
        assert len(page.items) == limit
    assert cost[0] == cost[1] <= 10
    assert took[1] < 0.25  # about 8 ms on a quiet machine
    numbers, after = [], None
    while True:
        page = await desk.read("page", prompt.id, "open", 200, after)
        numbers += [one.row.number for one in page.items]
        if (after := page.next_cursor) is None:
            break
    assert numbers == list(range(2_000, 0, -1))
    assert (await desk.read("counts", prompt.id)).open == 2_000
    assert len(await desk.read("anchors", prompt.id)) == 2_000
