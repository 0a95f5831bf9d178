"""The inbox as people use it: in order, in few statements, marked, muted, followed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.db.engine import Database
from app.domain.inbox.jobs import drop_read_notices
from app.domain.inbox.models import Notice
from app.domain.inbox.reactions import WritersFollow
from app.domain.inbox.service import PAGE, standing
from app.kit import clock
from app.kit.ids import new_id
from tests.support.builders import (
    MadePrompt,
    Place,
    Somebody,
    a_member,
    a_prompt,
    a_workspace,
    use,
)
from tests.support.clocks import HeldClock
from tests.support.counting import statements
from tests.support.inboxes import a_thread, happens

pytestmark = pytest.mark.anyio

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
async def place(database: Database) -> Place:
    return await a_workspace(database)


@pytest.fixture
async def prompt(database: Database, place: Place) -> MadePrompt:
    return await a_prompt(database, place, title="Refund triage")


@pytest.fixture
async def author(database: Database, place: Place) -> Somebody:
    return await a_member(database, place, name="Kenji Watanabe")


@pytest.fixture
async def me(client: Any, place: Place) -> Any:
    return use(client, place.owner)


def url(place: Place, rest: str = "") -> str:
    return f"/w/{place.slug}/inbox{rest}"


def subjects(html: str) -> list[str]:
    return re.findall(r'id="about-([0-9a-f-]+)"', html)


def badge(html: str) -> int:
    return int(re.findall(r"data-news-count>(\d+)", html)[0])


async def threads(
    database: Database, place: Place, prompt: MadePrompt, author: Somebody, count: int, **more: Any
) -> list[str]:
    """Each with a reply to the owner, the newest first."""
    made = []
    for number in range(count):
        thread = await a_thread(database, place, prompt, f"quote {number}")
        people = [place.owner, author]
        await happens(
            database,
            thread,
            "comment.added",
            author,
            body=f"reply {number}",
            participants=people,
            **more,
        )
        made.append(str(thread.id))
    return made[::-1]


class TestReading:
    async def test_the_latest_first_put_together_by_thread(
        self, me: Any, database: Database, place: Place, prompt: MadePrompt, author: Somebody
    ) -> None:
        thread = await a_thread(database, place, prompt, "If two rules conflict")
        other = await a_member(database, place, name="Priya Raman")
        for who in (author, other, author):
            await happens(
                database,
                thread,
                "comment.added",
                who,
                body=f"by {who.name}",
                participants=[place.owner, who],
            )
        [newer] = await threads(database, place, prompt, author, 1)
        html = (await me.get(url(place))).text
        assert subjects(html) == [newer, str(thread.id)]
        assert "Kenji Watanabe and one other replied" in html
        assert "If two rules conflict" in html
        assert f'href="/w/{place.slug}/prompts/{prompt.id}?thread={thread.id}#thread-' in html
        assert badge(html) == 2

    async def test_a_page_costs_the_same_however_full_it_is(
        self, me: Any, app: Any, database: Database, place: Place, prompt: Any, author: Any
    ) -> None:
        await me.get(url(place))  # the first visit has the search index made
        costs = []
        for count in (2, 10):
            await threads(database, place, prompt, author, count)
            with statements(app.state.database, of_requests=True) as seen:
                assert (await me.get(url(place))).status_code == 200
            costs.append(len(seen))
        assert costs[0] == costs[1]

    async def test_older_ones_are_on_further_pages_once_each(
        self, me: Any, database: Database, place: Place, prompt: MadePrompt, author: Somebody
    ) -> None:
        made = await threads(database, place, prompt, author, 2 * PAGE + 1)
        found, href = [], url(place)
        for _ in range(3):
            html = (await me.get(href)).text
            found += subjects(html)
            older = re.search(r'href="([^"]+)">Older', html)
            href = older[1].replace("&amp;", "&") if older else ""
        assert found == made
        assert href == ""
        assert (await me.get(url(place, "?cursor=nonsense"))).status_code == 422

    async def test_what_people_write_stays_text(
        self, me: Any, database: Database, place: Place, prompt: MadePrompt
    ) -> None:
        evil = '<script>alert(1)</script>"><img src=x>'
        bad = await a_member(database, place, name=evil)
        thread = await a_thread(database, place, prompt, evil)
        await happens(
            database, thread, "comment.added", bad, body=evil, participants=[place.owner, bad]
        )
        for path in (url(place), url(place, "?show=all"), f"/w/{place.slug}/prompts/{prompt.id}"):
            html = (await me.get(path)).text
            assert "<script>alert" not in html
            assert "<img src=x" not in html
        assert (await me.get(url(place))).text.count("&lt;script&gt;") >= 3

    async def test_a_thread_that_was_deleted_has_no_words(
        self, me: Any, database: Database, place: Place, prompt: MadePrompt, author: Somebody
    ) -> None:
        thread = await a_thread(database, place, prompt)
        comment = await happens(
            database,
            thread,
            "comment.added",
            author,
            body="Secret words",
            participants=[place.owner],
        )
        await happens(database, thread, "comment.deleted", author, comment_id=comment)
        html = (await me.get(url(place, "?show=all"))).text
        assert "Secret words" not in html
        assert subjects(html) == []


class TestPuttingInOrder:
    async def test_marked_as_read_and_back(
        self, me: Any, database: Database, place: Place, prompt: MadePrompt, author: Somebody
    ) -> None:
        first, second = await threads(database, place, prompt, author, 2)
        form = {"subject": first, "as": "read", "show": "unread"}
        html = (await me.post(url(place, "/mark"), data=form, headers=HTMX)).text
        assert subjects(html) == [second]
        assert (await me.post(url(place, "/mark"), data=form)).headers["location"] == url(place)
        assert badge((await me.get(url(place, "?show=all"))).text) == 1
        await me.post(url(place, "/mark"), data=form | {"as": "unread"})
        assert subjects((await me.get(url(place))).text) == [first, second]

    async def test_all_at_once_but_not_what_came_since(
        self, me: Any, database: Database, place: Place, prompt: MadePrompt, author: Somebody
    ) -> None:
        await threads(database, place, prompt, author, 3)
        seen = re.findall(r'name="upto" value="([^"]+)"', (await me.get(url(place))).text)[0]
        [late] = await threads(database, place, prompt, author, 1)
        form = {"upto": seen.replace("&#43;", "+"), "show": "unread"}
        html = (await me.post(url(place, "/mark-all"), data=form, headers=HTMX)).text
        assert subjects(html) == [late]

    async def test_nobody_marks_what_is_somebody_elses(
        self, client: Any, database: Database, place: Place, prompt: MadePrompt, author: Somebody
    ) -> None:
        [mine] = await threads(database, place, prompt, author, 1)
        use(client, await a_member(database, place))
        await client.post(url(place, "/mark"), data={"subject": mine, "as": "read"})
        await client.post(url(place, "/mark-all"))
        html = (await use(client, place.owner).get(url(place))).text
        assert subjects(html) == [mine]

    async def test_a_muted_thread_is_quiet_and_read(
        self, me: Any, database: Database, place: Place, prompt: MadePrompt, author: Somebody
    ) -> None:
        thread = await a_thread(database, place, prompt)
        people = [place.owner, author]
        await happens(database, thread, "comment.added", author, body="a", participants=people)
        mute = f"/w/{place.slug}/prompts/{prompt.id}/mute"
        form = {"thread": str(thread.id), "mute": "yes", "show": "all"}
        html = (await me.post(mute, data=form, headers=HTMX)).text
        assert 'aria-pressed="true"' in html
        await happens(database, thread, "comment.added", author, body="b", participants=people)
        assert badge((await me.get(url(place))).text) == 0
        assert (await me.post(mute, data=form | {"thread": str(new_id())})).status_code == 404
        await me.post(mute, data=form | {"mute": "no"})
        await happens(database, thread, "comment.added", author, body="c", participants=people)
        assert badge((await me.get(url(place))).text) == 1

    async def test_following_by_a_button(
        self, client: Any, database: Database, place: Place, prompt: MadePrompt, author: Somebody
    ) -> None:
        me = use(client, author)
        follow = f"/w/{place.slug}/prompts/{prompt.id}/follow"
        answer = await me.post(follow, data={"follow": "yes"}, headers=HTMX)
        assert 'aria-pressed="true"' in answer.text
        started = await a_thread(database, place, prompt)
        await happens(database, started, "thread.started", place.owner, body="So")
        assert badge((await me.get(url(place))).text) == 1
        answer = await me.post(follow, data={"follow": "no"})
        assert answer.headers["location"] == follow.replace("/follow", "/activity")
        await happens(database, started, "thread.started", place.owner, body="So")
        assert badge((await me.get(url(place))).text) == 1

    async def test_wishes_are_kept(self, me: Any, place: Place) -> None:
        page = f"/w/{place.slug}/settings/notifications"
        form = {"mention": "inbox", "reply": "off", "delay": "60", "thread": "nonsense"}
        answer = await me.post(page, data=form)
        assert answer.headers["location"] == f"{page}?saved=1"
        html = (await me.get(page)).text
        chosen = re.findall(r'<option value="(\w+)" selected>', html)
        assert chosen == ["inbox", "off", "inbox", "inbox", "inbox", "inbox", "60"]
        assert 'name="by_mail" value="true">' in html  # and not ticked
        assert "sends no e-mail" in html


class TestMany:
    async def test_ten_thousand_are_counted_and_listed_in_few_statements(
        self, me: Any, app: Any, database: Database, place: Place, prompt: MadePrompt
    ) -> None:
        """How long it takes stands in docs/adr/0027-notices-and-streams.md; here, that nothing is read in bulk."""
        now = clock.utc_now()
        async with database.everywhere().transaction() as tx:
            await (await tx.connection()).execute(
                Notice.__table__.insert(),
                [
                    {
                        "id": new_id(),
                        "workspace_id": place.id,
                        "user_id": place.owner.id,
                        "kind": "reply",
                        "prompt_id": prompt.id,
                        "subject_id": prompt.id if n % 3 else new_id(),
                        "cause_id": new_id(),
                        "actor": "server",
                        "number": 1,
                        "at": now - timedelta(seconds=n),
                        "read_at": now - timedelta(days=n % 120) if n % 2 else None,
                    }
                    for n in range(10_000)
                ],
            )
        with statements(app.state.database, of_requests=True) as seen:
            html = (await me.get(url(place))).text
        assert len(subjects(html)) == PAGE
        assert "99+" in html
        assert len(seen) < 40
        async with database.everywhere().transaction(write=False) as tx:
            before = (await tx.execute(select(func.count()).select_from(Notice))).scalar_one()
        dropped = await drop_read_notices(database)
        async with database.everywhere().transaction(write=False) as tx:
            after = (await tx.execute(select(func.count()).select_from(Notice))).scalar_one()
            oldest = (await tx.execute(select(func.min(Notice.read_at)))).scalar_one()
        assert before - after == dropped > 1000
        assert oldest > now - timedelta(days=91)


async def test_who_writes_follows(
    client: Any, app: Any, database: Database, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what the live engine says, and once only, however much is typed."""
    HeldClock(monkeypatch)
    made = await a_prompt(database, place)
    writer = await a_member(database, place)
    follow = WritersFollow(database)
    for _ in range(3):
        follow.note(made.room_id, writer.actor)
    follow.note(made.room_id, "key:x")
    with statements(database) as seen:
        await follow.flush()
        first = len(seen)
        follow.note(made.room_id, writer.actor)
        await follow.flush()
    assert len(seen) == first > 0
    async with database.everywhere().transaction(write=False) as tx:
        assert (await standing(tx, _At(place.id), writer.id, made.id)).is_following


class _At:
    def __init__(self, workspace_id: Any) -> None:
        self.workspace_id = workspace_id
