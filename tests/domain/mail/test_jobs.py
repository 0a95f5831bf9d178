"""E-mail about what stays unread, handed to a real SMTP server; rows on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.access.permissions import Role
from app.db.engine import Database
from app.domain.accounts.models import User
from app.domain.inbox.models import Notice
from app.domain.inbox.policy import Wishes
from app.domain.inbox.service import Inbox
from app.domain.mail.jobs import Post, drop_old_mails
from app.domain.mail.letter import House
from app.domain.mail.models import Mail
from app.domain.mail.policy import Unsubscribing
from app.domain.prompts.models import Prompt
from app.domain.workspaces.service import Members
from app.kit.bus_memory import MemoryBus
from app.kit.smtp import Busy, SmtpMailer
from app.server.paths import resource
from app.server.schedule import SCHEDULE, schedule_of
from app.settings import Settings
from app.web.templates import mail_environment
from tests.support.builders import (
    Place,
    Somebody,
    a_member,
    a_prompt,
    a_workspace,
    as_member,
)
from tests.support.clocks import HeldClock
from tests.support.inboxes import MadeThread, a_thread, happens
from tests.support.smtp import PostOffice, post_office

pytestmark = pytest.mark.anyio

KEY = "k" * 48
URL = "https://prompts.example.com"


@pytest.fixture(scope="module")
def _office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


@pytest.fixture
def office(_office: PostOffice) -> PostOffice:
    _office.mails.clear()
    _office.recipients.clear()
    _office.answers.clear()
    return _office


def post_to(office: PostOffice, mailer: Any = None) -> Post:
    return Post(
        mailer or SmtpMailer(office.url),
        House("promptroom@example.com", URL),
        Unsubscribing(KEY),
        mail_environment(resource("templates")),
    )


@pytest.fixture
def post(office: PostOffice) -> Post:
    return post_to(office)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HeldClock:
    return HeldClock(monkeypatch)


@pytest.fixture
async def place(either: Database, clock: HeldClock) -> Place:
    return await a_workspace(either)


@pytest.fixture
async def thread(either: Database, place: Place) -> MadeThread:
    prompt = await a_prompt(either, place, title="Refund triage", text="the words")
    return await a_thread(either, place, prompt, "If two rules conflict")


@pytest.fixture
async def author(either: Database, place: Place) -> Somebody:
    return await a_member(either, place, Role.COMMENTER, "Kenji Watanabe")


async def replied(either: Database, thread: MadeThread, author: Somebody, body: str) -> Any:
    """The owner is told of it, and wants a mail by default."""
    people = [thread.place.owner, author]
    return await happens(either, thread, "comment.added", author, body=body, participants=people)


async def mails(database: Database) -> list[Mail]:
    async with database.everywhere().transaction(write=False) as tx:
        return list((await tx.execute(select(Mail).order_by(Mail.id))).scalars())


def text_of(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content


class TestWhatIsSent:
    async def test_ten_minutes_unread_one_mail_for_all_of_it(
        self,
        either: Database,
        office: PostOffice,
        post: Post,
        clock: HeldClock,
        thread: MadeThread,
        author: Somebody,
    ) -> None:
        await replied(either, thread, author, "First of it")
        clock.forward(minutes=9)
        await replied(either, thread, author, "**Second** of it")
        assert await post.deliver(either) == 0
        clock.forward(minutes=1)
        assert await post.deliver(either) == 1
        clock.forward(minutes=30)
        assert await post.deliver(either) == 0  # the younger one went along
        [mail] = office.mails
        assert office.recipients == [[thread.place.owner.email]]
        assert mail["To"] == f"Maya Olsen <{thread.place.owner.email}>"
        assert mail["From"] == "Promptroom <promptroom@example.com>"
        assert mail["Subject"] == "Kenji Watanabe replied: Refund triage"
        link = f"{URL}/w/{thread.place.slug}/prompts/{thread.prompt.id}?thread={thread.id}"
        for kind in ("plain", "html"):
            said = text_of(mail, kind)
            assert "Second** of it" in said
            assert "If two rules conflict" in said
            assert link in said

    async def test_what_is_read_or_not_wanted_is_not_sent(
        self,
        either: Database,
        office: PostOffice,
        post: Post,
        clock: HeldClock,
        thread: MadeThread,
        author: Somebody,
    ) -> None:
        place = thread.place
        reads, wants_none = place.owner, await a_member(either, place, name="Nora None")
        leaves = await a_member(either, place, name="Lee Leaver")
        people = [reads, wants_none, leaves, author]
        await happens(either, thread, "comment.added", author, body="Hm", participants=people)
        for who in (reads, wants_none):
            caller = await as_member(either, place, who)
            async with either.within(caller).transaction() as tx:
                mine = Inbox(tx, caller, MemoryBus())
                if who is reads:
                    await mine.mark([thread.id], is_read=True)
                else:
                    await mine.wish(Wishes(by_mail=False))
        owner = await as_member(either, place, place.owner)
        async with either.everywhere().transaction() as tx:
            await Members(tx, owner).remove(leaves.id)
        clock.forward(minutes=11)
        assert await post.deliver(either) == 0
        assert office.mails == []
        assert {one.state for one in await mails(either)} == {"moot"}

    async def test_yesterdays_news_are_not_sent(
        self,
        either: Database,
        office: PostOffice,
        post: Post,
        clock: HeldClock,
        thread: MadeThread,
        author: Somebody,
    ) -> None:
        """As when a mail server is configured for the first time."""
        await replied(either, thread, author, "Old")
        clock.forward(hours=25)
        assert await post.deliver(either) == 0
        assert (office.mails, await mails(either)) == ([], [])

    def test_without_a_mail_server_there_is_no_such_job(self) -> None:
        assert schedule_of(Settings(secret_key=KEY)) == SCHEDULE
        configured = Settings(
            secret_key=KEY, smtp_url="smtps://m", mail_from="p@example.com", public_url=URL
        )
        assert [job.name for job in schedule_of(configured)][-1] == "mail.deliver"


class TestOnceAndNotNever:
    async def test_a_server_that_is_busy_is_asked_again_with_the_same_message(
        self,
        either: Database,
        office: PostOffice,
        post: Post,
        clock: HeldClock,
        thread: MadeThread,
        author: Somebody,
    ) -> None:
        await replied(either, thread, author, "So")
        clock.forward(minutes=10)
        office.answers += ["451 later", "421 not now"]
        asked = office.asked
        assert [await post.deliver(either) for _ in range(3)] == [0, 0, 0]
        assert office.asked == asked + 1  # not before the pause is over
        clock.forward(minutes=1)
        assert await post.deliver(either) == 0
        clock.forward(minutes=2)
        assert await post.deliver(either) == 1
        [kept] = await mails(either)
        assert office.mails[0]["Message-ID"] == f"<{kept.id}@example.com>"
        assert (kept.state, kept.tries) == ("sent", 3)

    async def test_a_server_that_is_away_is_asked_for_a_day(
        self,
        either: Database,
        office: PostOffice,
        clock: HeldClock,
        thread: MadeThread,
        author: Any,
    ) -> None:
        nobody = post_to(office, SmtpMailer("smtp+plain://127.0.0.1:1"))
        await replied(either, thread, author, "So")
        clock.forward(minutes=10)
        for _ in range(20):
            await nobody.deliver(either)
            clock.forward(hours=2)
        [kept] = await mails(either)
        assert kept.state == "refused"
        assert kept.tries == 14

    async def test_a_refusal_is_final(
        self,
        either: Database,
        office: PostOffice,
        post: Post,
        clock: HeldClock,
        thread: MadeThread,
        author: Somebody,
    ) -> None:
        await replied(either, thread, author, "So")
        clock.forward(minutes=10)
        office.answers.append("550 no such person")
        await post.deliver(either)
        clock.forward(hours=3)
        assert await post.deliver(either) == 0
        assert [one.state for one in await mails(either)] == ["refused"]

    async def test_who_dies_while_sending_neither_loses_nor_doubles(
        self,
        either: Database,
        office: PostOffice,
        post: Post,
        clock: HeldClock,
        thread: MadeThread,
        author: Somebody,
    ) -> None:
        class Dying:
            async def send(self, message: EmailMessage) -> None:
                raise asyncio.CancelledError

        await replied(either, thread, author, "So")
        clock.forward(minutes=10)
        with pytest.raises(asyncio.CancelledError):
            await post_to(office, Dying()).deliver(either)
        assert await post.deliver(either) == 0  # the other one may be at it still
        clock.forward(minutes=5)
        assert await post.deliver(either) == 1
        assert len(office.mails) == 1

    async def test_two_who_believe_to_lead_send_one(
        self,
        either: Database,
        office: PostOffice,
        post: Post,
        clock: HeldClock,
        thread: MadeThread,
        author: Somebody,
    ) -> None:
        await replied(either, thread, author, "So")
        clock.forward(minutes=10)
        done = await asyncio.gather(
            *(post.deliver(either) for _ in range(4)), return_exceptions=True
        )
        assert sum(one for one in done if isinstance(one, int)) == 1
        clock.forward(minutes=30)
        await post.deliver(either)
        assert len(office.mails) == 1

    async def test_what_is_over_goes(
        self,
        either: Database,
        post: Post,
        clock: HeldClock,
        thread: MadeThread,
        author: Somebody,
    ) -> None:
        await replied(either, thread, author, "So")
        clock.forward(minutes=10)
        await post.deliver(either)
        clock.forward(days=29)
        assert await drop_old_mails(either) == 0
        clock.forward(days=2)
        assert await drop_old_mails(either) == 1
        async with either.everywhere().transaction(write=False) as tx:
            [notice] = (await tx.execute(select(Notice))).scalars()
        assert notice.mail_id is None
        assert await post.deliver(either) == 0  # and is not sent again


class TestHostileTexts:
    async def test_nothing_people_write_is_a_header_or_markup(
        self,
        either: Database,
        office: PostOffice,
        post: Post,
        clock: HeldClock,
        thread: MadeThread,
        author: Somebody,
    ) -> None:
        """Past every form: as rows that an import or a bug may have left."""
        name = "Eve\r\nBcc: all@example.com\r\n\r\n<b>x</b>\u202e \x00".replace("\x00", "")
        async with either.everywhere().transaction() as tx:
            await tx.execute(update(User).values(name=name))
            await tx.execute(update(Prompt).values(title='<img src=x onerror="alert(1)">\r\nX: y'))
        await replied(either, thread, author, "<script>alert(1)</script>\r\n.\r\nRCPT TO:<a@b>")
        clock.forward(minutes=10)
        assert await post.deliver(either) == 1
        [mail] = office.mails
        assert office.recipients == [[thread.place.owner.email]]
        assert (mail["Bcc"], mail["X"]) == (None, None)
        assert "\n" not in mail["Subject"]
        html, plain = text_of(mail, "html"), text_of(mail, "plain")
        assert "<script" not in html
        assert "<img" not in html
        assert "<b>" not in html
        assert "<script>alert(1)</script> . RCPT TO:<a@b>" in plain
        assert "\u202e" not in plain

    async def test_an_address_that_no_header_can_hold_is_given_up(
        self,
        either: Database,
        office: PostOffice,
        post: Post,
        clock: HeldClock,
        thread: MadeThread,
        author: Somebody,
    ) -> None:
        async with either.everywhere().transaction() as tx:
            await tx.execute(
                update(User)
                .where(User.id == thread.place.owner.id)
                .values(email="a@b\r\nTo: c@example.com")
            )
        await replied(either, thread, author, "So")
        clock.forward(minutes=10)
        assert await post.deliver(either) == 0
        assert [one.state for one in await mails(either)] == ["refused"]


class TestTheEndOfIt:
    async def test_one_click_without_signing_in(
        self,
        client: Any,
        database: Database,
        office: PostOffice,
        post: Post,
        clock: HeldClock,
    ) -> None:
        place = await a_workspace(database)
        author = await a_member(database, place)
        thread = await a_thread(database, place, await a_prompt(database, place))
        await replied(database, thread, author, "So")
        clock.forward(minutes=10)
        assert await post.deliver(database) == 1
        [mail] = office.mails
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        path = mail["List-Unsubscribe"].strip("<>").removeprefix(URL)
        assert "Stop e-mail" in (await client.get(path)).text
        await replied(database, thread, author, "More")
        clock.forward(minutes=10)
        assert await post.deliver(database) == 1  # looking has ended nothing
        form = {"List-Unsubscribe": "One-Click"}
        assert (await client.post(path, data=form)).status_code == 200
        await replied(database, thread, author, "And more")
        clock.forward(minutes=10)
        assert await post.deliver(database) == 0
        assert (await client.post(path + "x", data=form)).status_code == 404
        evil = {"Origin": "https://evil.example"}
        assert (await client.post(path, data=form, headers=evil)).status_code == 403

    def test_a_link_is_of_one_key(self) -> None:
        ids = Unsubscribing(KEY), Unsubscribing("z" * 48)
        token = ids[0].token(_ID, _ID)
        assert ids[0].read(token) == (_ID, _ID)
        assert ids[1].read(token) is None
        for forged in ("", "x", token[:-2], f"x{token}", "W10.x"):
            assert ids[0].read(forged) is None


class TestTheMailer:
    async def test_a_server_without_encryption_gets_nothing(self, office: PostOffice) -> None:
        """`smtp://` demands STARTTLS; whoever takes the offer away gets no mail to read."""
        message = EmailMessage()
        message["From"], message["To"] = "a@example.com", "b@example.com"
        asked = office.asked
        with pytest.raises(Busy):
            await SmtpMailer(office.url.replace("smtp+plain", "smtp")).send(message)
        assert office.asked == asked


_ID = UUID(int=7)
