"""What people do with their inbox: read it, put it in order, and say what they want to be told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.domain.inbox import queries, words
from app.domain.inbox.audience import announce
from app.domain.inbox.errors import NothingToTell
from app.domain.inbox.models import Notice
from app.domain.inbox.policy import Wishes, wishes_from
from app.domain.inbox.queries import Group
from app.domain.inbox.words import Said
from app.domain.prompts import people
from app.domain.prompts.people import Shown
from app.kit import clock, cursor
from app.kit.bus import Bus
from app.web.paging import Page, cut

PAGE = 30  # threads and prompts on a page
LATEST = 6  # notices of each that are looked at for who said what
MOST_COUNTED = 100  # "99+" is what a badge says then
MOST_AT_ONCE = 200  # subjects that one form may name


@dataclass(frozen=True, slots=True)
class Item:
    """What is new about one thread or prompt."""

    group: Group
    latest: Notice
    title: str  # of the prompt
    people: list[Shown]  # who did it, the last one first, each once
    said: Said | None  # words of the thread and of its newest comment; None = they are gone
    step: str  # of a rollout, in words; "" = it is about something else
    is_muted: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands to a prompt."""

    is_following: bool
    is_muted: bool


async def unread(tx: AsyncSession, where: InWorkspace, user_id: UUID) -> int:
    """How many threads and prompts have something new, `MOST_COUNTED` at most."""
    return await queries.count_unread(tx, where, user_id, MOST_COUNTED)


async def standing(
    tx: AsyncSession, where: InWorkspace, user_id: UUID, prompt_id: UUID
) -> Standing:
    follows = (await queries.concerned(tx, where, [prompt_id], [user_id])).get(user_id, False)
    muted = await queries.muted(tx, where, [user_id], [prompt_id])
    return Standing(follows, bool(muted))


class Inbox:
    """The caller's own, in one workspace. A key is nobody, so it has none."""

    def __init__(self, tx: AsyncSession, caller: Principal, bus: Bus) -> None:
        self._tx = tx
        self._caller = caller
        self._bus = bus

    @property
    def _me(self) -> UUID:
        self._caller.require(Permission.PROMPTS_READ)
        if self._caller.user_id is None:
            raise NothingToTell
        return self._caller.user_id

    async def unread(self) -> int:
        return await unread(self._tx, self._caller, self._me)

    async def page(self, show: str, after: str | None = None) -> Page[Item]:
        """The latest news first; in six statements. Raises `InvalidCursor`."""
        start = cursor.decode(after, tuple[datetime, UUID]) if after else None
        rows = await queries.groups(self._tx, self._caller, self._me, show, (start, PAGE + 1))
        found = cut(rows, PAGE, lambda group: (group.at, group.subject_id))
        return Page(await self._items(found.items), found.next_cursor)

    async def _items(self, groups: Sequence[Group]) -> list[Item]:
        subjects = [one.subject_id for one in groups]
        latest = await queries.newest_of(self._tx, self._caller, self._me, subjects, LATEST)
        return await _items(self._tx, self._caller, self._me, (groups, latest))

    async def mark(self, subjects: Collection[UUID], *, is_read: bool) -> None:
        """What is not there is as it should be."""
        chosen = list(subjects)[:MOST_AT_ONCE]
        if is_read:
            now = clock.utc_now()
            changed = await queries.mark_read(self._tx, self._caller, self._me, chosen, now)
        else:
            changed = await queries.mark_unread(self._tx, self._caller, self._me, chosen)
        if changed:
            announce(self._tx, self._bus, [self._me])

    async def mark_all_read(self, upto: datetime) -> None:
        """All that had come by then; what came since has not been looked at."""
        now = clock.utc_now()
        await queries.mark_all_read(self._tx, self._caller, self._me, upto, now)
        announce(self._tx, self._bus, [self._me])

    async def mute(self, prompt_id: UUID, subject_id: UUID, *, is_muted: bool) -> None:
        """A thread of a prompt, or the prompt itself. Raises `NothingToTell`."""
        await self._require(prompt_id)
        if subject_id != prompt_id and not await words.is_of(
            self._tx, self._caller, subject_id, prompt_id
        ):
            raise NothingToTell
        if is_muted:
            now = clock.utc_now()
            subject = (subject_id, prompt_id)
            await queries.mute(self._tx, self._caller, self._me, subject, now)
            await self.mark([subject_id], is_read=True)
        else:
            await queries.unmute(self._tx, self._caller, self._me, subject_id)

    async def follow(self, prompt_id: UUID, *, is_following: bool) -> None:
        """Raises `NothingToTell`."""
        await self._require(prompt_id)
        values = {"is_following": is_following, "since": clock.utc_now()}
        await queries.follow(self._tx, self._caller, self._me, prompt_id, values)
        if is_following:
            await queries.unmute(self._tx, self._caller, self._me, prompt_id)

    async def standing(self, prompt_id: UUID) -> Standing:
        """Raises `NothingToTell`."""
        await self._require(prompt_id)
        return await standing(self._tx, self._caller, self._me, prompt_id)

    async def wishes(self) -> Wishes:
        return await wishes_of(self._tx, self._caller, self._me)

    async def wish(self, wishes: Wishes) -> None:
        """What nobody can choose counts as the default."""
        checked = wishes_from(
            wishes.ways, by_mail=wishes.by_mail, mail_after_minutes=wishes.mail_after_minutes
        )
        values: dict[str, Any] = {
            "ways": dict(checked.ways),
            "by_mail": checked.by_mail,
            "mail_after_minutes": checked.mail_after_minutes,
        }
        await queries.save_settings(self._tx, self._caller, self._me, values)

    async def _require(self, prompt_id: UUID) -> None:
        if not await queries.titles(self._tx, self._caller, [prompt_id]):
            raise NothingToTell


async def items_of(
    tx: AsyncSession, where: InWorkspace, user_id: UUID, notices: Sequence[Notice]
) -> list[Item]:
    """What these notices of a person are about; they come newest first."""
    latest: dict[UUID, list[Notice]] = {}
    for notice in notices:
        latest.setdefault(notice.subject_id, []).append(notice)
    groups = [
        Group(subject_id, of_it[0].at, len(of_it), sum(one.read_at is None for one in of_it))
        for subject_id, of_it in latest.items()
    ]
    return await _items(tx, where, user_id, (groups, latest))


async def _items(
    tx: AsyncSession,
    where: InWorkspace,
    user_id: UUID,
    found: tuple[Sequence[Group], Mapping[UUID, Sequence[Notice]]],
) -> list[Item]:
    groups, latest = found
    notices = [notice for listed in latest.values() for notice in listed]
    prompts = {notice.prompt_id for notice in notices}
    titles = await queries.titles(tx, where, prompts)
    who = await people.named(tx, where, {one.actor for one in notices})
    newest_of_each = [listed[0] for listed in latest.values()]
    said = await words.of(tx, where, newest_of_each)
    steps = await words.steps(tx, where, newest_of_each)
    muted = await queries.muted(tx, where, [user_id], {*latest, *prompts})
    mine = muted.get(user_id, set())

    def item(group: Group, listed: Sequence[Notice]) -> Item:
        newest = listed[0]
        return Item(
            group,
            newest,
            titles[newest.prompt_id],
            [who[actor] for actor in dict.fromkeys(one.actor for one in listed)],
            said.get(newest.id),
            steps.get(newest.id, ""),
            group.subject_id in mine or newest.prompt_id in mine,
        )

    return [
        item(group, latest[group.subject_id]) for group in groups if latest.get(group.subject_id)
    ]


async def wishes_of(tx: AsyncSession, where: InWorkspace, user_id: UUID) -> Wishes:
    return queries.wishes((await queries.settings_of(tx, where, [user_id])).get(user_id))


async def no_more_mail(tx: AsyncSession, workspace_id: UUID, user_id: UUID) -> None:
    """From a workspace, until they say otherwise; the other wishes stay."""
    where = _Inside(workspace_id)
    if not await queries.is_member(tx, where, user_id):
        return  # they get none any more
    wishes = await wishes_of(tx, where, user_id)
    values: dict[str, Any] = {
        "ways": dict(wishes.ways),
        "by_mail": False,
        "mail_after_minutes": wishes.mail_after_minutes,
    }
    await queries.save_settings(tx, where, user_id, values)


@dataclass(frozen=True, slots=True)
class _Inside:
    workspace_id: UUID
