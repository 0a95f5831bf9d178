"""Remembers what happened for those it concerns, in the transaction that made it happen."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.db.after import after_commit
from app.domain.composition.ports import IncludedMoved
from app.domain.inbox import policy, queries
from app.domain.inbox.policy import Cause, Someone
from app.domain.prompts import activity
from app.domain.threads.events import Happening
from app.domain.versions.models import Version
from app.kit import clock
from app.kit.bus import Bus
from app.kit.ids import new_id

TOPIC = "inbox.changed"  # ids of the people whose inbox is not what it was

_ACTIVITIES = {
    "thread.started": activity.COMMENTED,
    "comment.added": activity.REPLIED,
    "thread.resolved": activity.RESOLVED,
    "thread.reopened": activity.REOPENED,
}


@dataclass(frozen=True, slots=True)
class _Inside:
    workspace_id: UUID


def announce(tx: AsyncSession, bus: Bus, users: Iterable[UUID]) -> None:
    """Have the open pages of these people look again, once `tx` is committed."""
    if ids := sorted(set(users)):
        payload = msgspec.json.encode(ids)
        after_commit(tx, lambda: bus.publish(TOPIC, payload))


class InboxAudience:
    """Implements `threads.ports.Audience`, `versions.ports.Readers`, `composition.ports.Told`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def thread_changed(self, tx: AsyncSession, happening: Happening) -> None:
        where = _Inside(happening.workspace_id)
        if happening.kind in ("comment.deleted", "thread.deleted"):
            await self._forget(tx, where, happening)
            return
        if (kind := _ACTIVITIES.get(happening.kind)) is not None:
            detail = {"thread": str(happening.thread_id), "comment": _text(happening.comment_id)}
            activity.note(tx, where, happening.prompt_id, kind, happening.actor, **detail)
            await self._took_part(tx, where, happening)
        cause = _cause(happening)
        if cause is not None:
            about = {"thread_id": happening.thread_id, "comment_id": happening.comment_id}
            await self._tell(tx, where, cause, happening.at, about)

    async def thread_read(
        self, tx: AsyncSession, where: InWorkspace, user_id: UUID, thread_id: UUID
    ) -> None:
        if await queries.mark_read(tx, where, user_id, [thread_id], clock.utc_now()):
            announce(tx, self._bus, [user_id])

    async def published(self, tx: AsyncSession, version: Version) -> None:
        where = _Inside(version.workspace_id)
        if (user_id := _person(version.author)) is not None:
            pair = (version.workspace_id, user_id, version.prompt_id)
            await queries.follow_by_itself(tx, [pair], clock.utc_now())
        cause = Cause(version.author, version.prompt_id, for_followers=policy.PUBLISHED)
        about = {"number": version.number, "cause_id": version.id}
        await self._tell(tx, where, cause, version.created_at, about)

    async def included_moved(self, tx: AsyncSession, moved: IncludedMoved) -> None:
        """Once for each move, however many prompts of a person's include it."""
        where = _Inside(moved.workspace_id)
        cause = Cause(
            moved.actor,
            moved.prompt_id,
            by_way_of=moved.dependants,
            for_followers=policy.INCLUDED,
        )
        about: dict[str, Any] = {"number": moved.number, "cause_id": moved.move_id or new_id()}
        await self._tell(tx, where, cause, clock.utc_now(), about)

    async def _took_part(self, tx: AsyncSession, where: InWorkspace, happening: Happening) -> None:
        """Who writes in a thread has seen what is in it, and follows the prompt from then on."""
        user_id = _person(happening.actor)
        if user_id is None:
            return
        await self.thread_read(tx, where, user_id, happening.thread_id)
        if happening.comment_id is not None:
            pair = (where.workspace_id, user_id, happening.prompt_id)
            await queries.follow_by_itself(tx, [pair], clock.utc_now())

    async def _forget(self, tx: AsyncSession, where: InWorkspace, happening: Happening) -> None:
        comment_id = happening.comment_id if happening.kind == "comment.deleted" else None
        users = await queries.people_told(tx, where, happening.thread_id, comment_id)
        if comment_id is not None:
            await queries.forget_comment(tx, where, comment_id)
        else:
            await queries.forget_thread(tx, where, happening.thread_id)
        announce(tx, self._bus, users)

    async def _tell(
        self,
        tx: AsyncSession,
        where: InWorkspace,
        cause: Cause,
        at: datetime,
        about: dict[str, Any],
    ) -> None:
        people = await _people(tx, where, cause)
        common = {
            "workspace_id": where.workspace_id,
            "prompt_id": cause.prompt_id,
            "thread_id": cause.thread_id,
            "comment_id": None,
            "number": None,
            "subject_id": cause.thread_id or cause.prompt_id,
            "cause_id": about.get("comment_id") or new_id(),
            "actor": cause.actor,
            "at": at,
        }
        tellings = list(policy.told(cause, people, at))
        rows = [
            common
            | about
            | {
                "id": new_id(),
                "user_id": one.user_id,
                "kind": one.kind,
                "mail_at": one.mail_at,
            }
            for one in tellings
        ]
        await queries.add_notices(tx, rows)
        announce(tx, self._bus, (one.user_id for one in tellings))


def _cause(happening: Happening) -> Cause | None:
    """None for what nobody is told of."""
    followers = involved = ""
    if happening.kind == "thread.started":
        followers = policy.THREAD
    elif happening.kind == "comment.added":
        involved = policy.REPLY
    elif happening.kind == "thread.resolved":
        involved = policy.RESOLVED
    elif happening.kind == "thread.reopened":
        # By a reply, which is announced beside it, it is no news of its own.
        involved = policy.REOPENED if happening.comment_id is None else ""
    elif not happening.mentioned:
        return None
    return Cause(
        happening.actor,
        happening.prompt_id,
        happening.thread_id,
        happening.mentioned,
        happening.participants,
        for_involved=involved,
        for_followers=followers,
    )


async def _people(tx: AsyncSession, where: InWorkspace, cause: Cause) -> list[Someone]:
    """Members who may be told; in three statements, however many they are."""
    named: Collection[UUID] = {*cause.mentioned, *cause.involved}
    found = await queries.concerned(tx, where, cause.by_way_of or [cause.prompt_id], named)
    if not found:
        return []
    subjects = [cause.prompt_id, *([cause.thread_id] if cause.thread_id else [])]
    muted = await queries.muted(tx, where, found.keys(), subjects)
    settings = await queries.settings_of(tx, where, found.keys())
    return [
        Someone(
            user_id,
            follows,
            muted.get(user_id, ()),
            queries.wishes(settings.get(user_id)),
        )
        for user_id, follows in found.items()
    ]


def _person(actor: str) -> UUID | None:
    kind, _, found = actor.partition(":")
    return UUID(found) if kind == "user" else None


def _text(value: UUID | None) -> str | None:
    return str(value) if value is not None else None
