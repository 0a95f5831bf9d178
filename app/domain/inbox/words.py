"""What was said, as an inbox and an e-mail show it: some words of it, as plain text."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.domain.inbox import queries
from app.domain.inbox.models import Notice
from app.domain.inbox.policy import INCLUDED
from app.domain.threads import rendering
from app.domain.versions.history import moves_by_id
from app.domain.versions.labels.rollouts import step

QUOTE_LONGEST = 140  # characters
TEXT_LONGEST = 280


@dataclass(frozen=True, slots=True)
class Said:
    """`quote` is what the thread is about, "" = the whole prompt; `text` "" = no comment."""

    quote: str
    text: str


def plain(body: str, longest: int = TEXT_LONGEST) -> str:
    """A comment's source without the markup of mentions, on one line, cut at a word."""
    words = " ".join(rendering.plain(body).split())
    if len(words) <= longest:
        return words
    cut = words[:longest].rsplit(" ", 1)[0]
    return f"{cut}…"


async def of(tx: AsyncSession, where: InWorkspace, notices: Collection[Notice]) -> dict[UUID, Said]:
    """By the notice's id; nothing for one whose thread is gone. In two statements."""
    threads = {one.thread_id for one in notices if one.thread_id is not None}
    comments = {one.comment_id for one in notices if one.comment_id is not None}
    quotes = await queries.quotes(tx, where, threads)
    bodies = await queries.bodies(tx, where, comments)
    return {
        one.id: Said(
            plain(quotes[one.thread_id][1], QUOTE_LONGEST),
            plain(bodies.get(one.comment_id, "")) if one.comment_id else "",
        )
        for one in notices
        if one.thread_id in quotes
    }


async def steps(
    tx: AsyncSession, where: InWorkspace, notices: Collection[Notice]
) -> dict[UUID, str]:
    """By the notice's id, the step of a rollout that it is about: what moved is the candidate."""
    causes = {one.cause_id for one in notices if one.kind == INCLUDED}
    moves = await moves_by_id(tx, where, causes) if causes else {}
    told = {}
    for one in notices:
        move = moves.get(one.cause_id)
        if move is not None and any(move.rollouts):
            had, has = move.rollouts
            told[one.id] = step(move.label, (move.from_number, had), (move.to_number, has))
    return told


async def is_of(tx: AsyncSession, where: InWorkspace, thread_id: UUID, prompt_id: UUID) -> bool:
    found = await queries.quotes(tx, where, [thread_id])
    return thread_id in found and found[thread_id][0] == prompt_id
