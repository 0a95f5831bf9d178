"""Sends what is due, and tidies up.

A mail is a row before it is a message (ADR 0028). Making it and naming the notices it is about is
one transaction, so no notice is in two mails and none is forgotten. A try moves the row's time
first: a process that dies while it sends leaves a mail that is tried again later, under the same
Message-ID. Between the mail server's "taken" and our note of it lies a commit; only who dies there
sends one twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from jinja2 import Environment
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.batches import in_batches
from app.db.engine import Database
from app.domain.inbox import policy as inbox
from app.domain.inbox import views
from app.domain.inbox.service import items_of, wishes_of
from app.domain.mail import letter, policy, queries
from app.domain.mail.letter import Contents, House
from app.domain.mail.models import Mail
from app.domain.mail.policy import DUE, MOOT, REFUSED, SENT, Unsubscribing
from app.kit import clock
from app.kit.ids import new_id
from app.kit.smtp import Busy, Mailer, Refused

log = structlog.get_logger(__name__)

MAILS = Counter("promptroom_mails", "E-mails by what became of a try", ["outcome"])

AT_ONCE = 100  # mails in one run: another follows a minute later
BATCH = 500


@dataclass(frozen=True, slots=True)
class Post:
    """Everything that sending takes beside the database."""

    mailer: Mailer
    house: House
    links: Unsubscribing
    templates: Environment

    async def deliver(self, database: Database) -> int:
        """Make the mails that are due and try them; how many were taken."""
        database = database.everywhere()  # everywhere: one post for all workspaces
        async with database.transaction() as tx:
            await gather(tx)
        async with database.transaction(write=False) as tx:
            mails = await queries.due(tx, clock.utc_now(), AT_ONCE)
        sent = 0
        for mail in mails:
            sent += await self._try(database, mail)
        return sent

    async def _try(self, database: Database, mail: Mail) -> bool:
        now = clock.utc_now()
        async with database.transaction() as tx:
            if not await queries.claim(tx, mail, now, now + policy.LEASE):
                return False
        outcome = await self._send(database, mail)
        MAILS.labels(outcome).inc()
        if outcome == DUE:
            await self._put_off(database, mail)
            return False
        async with database.transaction() as tx:
            await queries.change(tx, mail, state=outcome)
        return outcome == SENT

    async def _send(self, database: Database, mail: Mail) -> str:
        """What becomes of it. No transaction is open while the mail server is waited for."""
        async with database.transaction(write=False) as tx:
            contents = await self._contents(tx, mail)
        if contents is None:
            return MOOT
        try:
            await self.mailer.send(letter.write(self.templates, self.house, mail, contents))
        except Refused as error:
            log.warning("mail.refused", mail=str(mail.id), cause=str(error))
            return REFUSED
        except Busy as error:
            log.warning("mail.not_now", mail=str(mail.id), tries=mail.tries + 1, cause=str(error))
            return DUE
        return SENT

    async def _put_off(self, database: Database, mail: Mail) -> None:
        now = clock.utc_now()
        async with database.transaction() as tx:
            if policy.is_over(mail.made_at, now):
                await queries.change(tx, mail, state=REFUSED)
            else:
                await queries.change(tx, mail, try_at=policy.next_try(mail.tries, now))

    async def _contents(self, tx: AsyncSession, mail: Mail) -> Contents | None:
        """As it is now: read, muted or deleted meanwhile, or no member any more = not sent."""
        found = await queries.recipient(tx, mail, mail.user_id)
        wishes = await wishes_of(tx, mail, mail.user_id)
        notices = [one for one in await queries.unread_of(tx, mail) if wishes.wants_mail(one.kind)]
        if found is None or not notices:
            return None
        user, workspace = found
        items = await items_of(tx, mail, mail.user_id, notices)
        shown = [views.item(workspace.slug, one) for one in items[: policy.MOST_ITEMS]]
        if not shown:
            return None
        return Contents(
            name=user.name,
            email=user.email,
            workspace=workspace.name,
            slug=workspace.slug,
            items=[letter.for_mail(self.house, one) for one in shown],
            more=len(items) - len(shown),
            unsubscribe=self.links.token(workspace.id, user.id),
        )


async def gather(tx: AsyncSession) -> int:
    """Mails for what has been unread long enough, one for each person; how many.

    As soon as one notice is due, the younger ones of that person go along.
    """
    now = clock.utc_now()
    since = now - inbox.MAIL_UP_TO
    turns = await queries.whose_turn(tx, since, now, AT_ONCE)
    for workspace_id, user_id in turns:
        mail = Mail(
            id=new_id(),
            workspace_id=workspace_id,
            user_id=user_id,
            state=DUE,
            made_at=now,
            try_at=now,
            tries=0,
        )
        await queries.put_into(tx, mail, await queries.untold(tx, mail, user_id, since))
    return len(turns)


async def drop_old_mails(database: Database) -> int:
    """What is over for a month; how many."""

    async def step(tx: AsyncSession) -> int:
        return await queries.drop_old(tx, clock.utc_now() - policy.KEEP, BATCH)

    return await in_batches(database.everywhere(), step)  # everywhere: mails of all grow old
