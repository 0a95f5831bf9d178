"""A prompt as the API shows it at this moment, its ETag, and calls that expect one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

import msgspec
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.prompts.deps import AppRequest, Desk
from app.domain.prompts.ports import Release
from app.domain.prompts.schemas import PromptPatch, PromptView, plan_from, view
from app.domain.prompts.service import Opened
from app.domain.rooms.room.document import Plan
from app.web.conditional import Conditions, tag_of
from app.web.links import absolute


def room_url(request: AppRequest, room_id: UUID) -> str:
    """The scheme http becomes ws, https becomes wss."""
    return "ws" + absolute(request, f"/rooms/{room_id}").removeprefix("http")


def etag_of(content: PromptView, revision: int) -> str:
    """Without `edited_at`, which follows an edit some seconds later, and where the room is.

    `revision` rises with every text that a program sends, before the text is there: of two that
    have read the same, one is late.
    """
    covered = msgspec.structs.asdict(content)
    del covered["edited_at"], covered["room"]
    return tag_of(revision, covered)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a conditional call has to find. The room was asked before the transaction began."""

    request: AppRequest
    desk: Desk
    prompt_id: UUID
    conditions: Conditions
    text: str

    def plan(self, data: PromptPatch, plan: Plan | None) -> Plan | None:
        """A text that comes with a condition is an edit of the text that the condition is about.

        So what somebody types while this call is under way stays, and where they typed over the
        very words that this edit changes, the call is refused.
        """
        if plan is None or not self.conditions.are_given or data.base is not UNSET:
            return plan
        return plan_from(PromptPatch(text=data.text, messages=data.messages, base=self.text))

    async def check(self, tx: AsyncSession) -> None:
        """Raises `PreconditionFailed`. Whoever passes holds the prompt until the commit."""
        if self.conditions.are_given:
            await self.desk.prompts(tx).locked(self.prompt_id)
            self.conditions.check(await self._etag(tx))

    async def now(self, tx: AsyncSession) -> Expected:
        """To find it later as it is in this transaction."""
        return replace(self, conditions=Conditions(if_match=await self._etag(tx)))

    async def _etag(self, tx: AsyncSession) -> str:
        opened, release = await _rows(tx, self.desk, self.prompt_id)
        return shown(self.request, opened, release, self.text)[1]


async def expected(
    request: AppRequest, desk: Desk, prompt_id: UUID, conditions: Conditions
) -> Expected:
    text = ""
    if conditions.are_given:
        async with desk.database.transaction(write=False) as tx:
            branch = (await desk.prompts(tx).open(prompt_id)).branch
        text = (await desk.rooms.read(branch.id)).text
    return Expected(request, desk, prompt_id, conditions, text)


async def _rows(tx: AsyncSession, desk: Desk, prompt_id: UUID) -> tuple[Opened, Release]:
    opened = await desk.prompts(tx).open(prompt_id)
    return opened, (await desk.releases.of(tx, desk.caller, [prompt_id]))[prompt_id]


def shown(
    request: AppRequest, opened: Opened, release: Release, text: str
) -> tuple[PromptView, str]:
    """With its ETag."""
    content = view(opened, release, text, room_url(request, opened.branch.id))
    return content, etag_of(content, opened.branch.settings_revision)


async def current(request: AppRequest, desk: Desk, prompt_id: UUID) -> tuple[PromptView, str]:
    async with desk.database.transaction(write=False) as tx:
        opened, release = await _rows(tx, desk, prompt_id)
    text = (await desk.rooms.read(opened.branch.id)).text
    return shown(request, opened, release, text)
