"""The open threads on the words of any text of a prompt: beside versions and comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from app.domain.threads import rendering
from app.domain.threads.anchoring import Span
from app.domain.threads.deps import Table
from app.domain.threads.placing import placed
from app.domain.threads.views import Conversation
from app.domain.versions.policy import DRAFT

MOST = 100  # that are listed; the page of comments has the rest
_SHORT = 160  # characters of a quote or a comment


async def beside(table: Table, prompt_id: UUID, ref: str) -> dict[str, Any]:
    """The context of threads/_beside.html, in the order of the text.

    `ref` is a version, a label, a checkpoint or the draft. Raises `PromptNotFound`,
    `VersionNotFound`.
    """
    async with table.reading() as conversations:
        room_id = await conversations.room(prompt_id)
        rows = await conversations.anchors(prompt_id)
        text = "" if ref == DRAFT else await conversations.text_of(prompt_id, ref)
    if ref == DRAFT and rows:
        text = (await table.rooms.read(room_id)).text
    spans = await placed(text, rows)
    there = sorted(
        ((span, row.id) for span, row in zip(spans, rows, strict=True) if span),
        key=lambda pair: pair[0],
    )
    shown = there[:MOST]
    async with table.reading() as conversations:
        found = await conversations.these(prompt_id, [thread_id for _, thread_id in shown])
    cards = {one.row.id: one for one in found}
    lines = lines_of(text, (span for span, _ in shown))
    threads = [
        _entry(cards[thread_id], line)
        for (_, thread_id), line in zip(shown, lines, strict=True)
        if thread_id in cards  # it may have been deleted in between
    ]
    return {"beside": threads, "count": len(there), "left_out": len(there) - len(shown)}


def lines_of(text: str, spans: Iterable[Span]) -> Iterator[int]:
    """The number of the line in which each begins, from 1; spans come in the order of the text."""
    units = text.encode("utf-16-le", "surrogatepass")
    line, at = 1, 0
    for span in spans:
        passed = units[2 * at : 2 * span.start].decode("utf-16-le", "replace")
        line, at = line + passed.count("\n"), span.start
        yield line


def _entry(shown: Conversation, line: int) -> dict[str, Any]:
    first = shown.comments[0] if shown.comments else None
    words = rendering.plain(first.body, first.names) if first else ""
    return {
        "id": str(shown.row.id),
        "line": line,
        "quote": _cut(shown.row.quote),
        "author": shown.started_by,
        "words": _cut(words),
        "count": shown.row.comment_count,
    }


def _cut(words: str) -> str:
    return words if len(words) <= _SHORT else words[:_SHORT] + "…"
