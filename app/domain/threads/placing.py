"""Where threads are in the live text: the room is asked, and no transaction waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from app.access.principal import Principal
from app.db.engine import Database
from app.domain.prompts.ports import Rooms
from app.domain.threads.anchoring import Anchor, Anchored, Span, Wording, trimmed
from app.domain.threads.errors import AnchorInvalid, QuoteNotFound
from app.domain.threads.reading import Conversations

_LONG = 20_000  # characters from which on a thread of its own does the looking


async def placed(text: str, anchors: Sequence[Anchored]) -> list[Span | None]:
    """The span of each in `text`, be it live or a version's; None when its words are gone."""
    if len(text) < _LONG:
        return Wording(text).spans(anchors)
    return await asyncio.to_thread(lambda: Wording(text).spans(anchors))


class Placing:
    """Asks rooms. Use it before or after a transaction of one's own, never within."""

    def __init__(self, database: Database, caller: Principal, rooms: Rooms) -> None:
        self._database = database  # within the caller's workspace
        self._caller = caller
        self._rooms = rooms

    async def spans(self, room_id: UUID, anchors: Sequence[Anchored]) -> list[Span | None]:
        """Of threads that were found on the room's prompt."""
        if not any(one.quote for one in anchors):
            return [None] * len(anchors)
        return await placed((await self._rooms.read(room_id)).text, anchors)

    async def anchor(self, prompt_id: UUID, wanted: Anchor) -> Anchor:
        """`wanted` with all that can be known of it, from a quote or from a span.

        What comes with positions was chosen in the live text, which may be ahead of what is on
        disk here: it is taken as it is. Raises `PromptNotFound`, `AnchorInvalid`, `QuoteNotFound`.
        """
        async with self._database.transaction(write=False) as tx:
            room_id = await Conversations(tx, self._caller, self._rooms).room(prompt_id)
        if not wanted.quote and wanted.start is None:
            return wanted
        wanted = trimmed(wanted)
        reading = await self._rooms.read(room_id)
        if wanted.positions:
            return replace(wanted, epoch=wanted.epoch or reading.epoch)
        found = await asyncio.to_thread(_in_text, Wording(reading.text), wanted)
        return replace(found, epoch=reading.epoch)


def _in_text(wording: Wording, wanted: Anchor) -> Anchor:
    span = _as_given(wording, wanted) or wording.exact(wanted)
    if span is None:
        raise QuoteNotFound("The text does not hold these words, in this spelling.")
    found = wording.anchor(*span)
    if found is None:
        raise AnchorInvalid({"anchor": "The span is outside of the text, or inside a character."})
    return found


def _as_given(wording: Wording, wanted: Anchor) -> Span | None:
    """A span that was given, if the words there are those that were given, too."""
    if wanted.start is None or wanted.end is None:
        return None
    found = wording.anchor(wanted.start, wanted.end)
    is_it = not wanted.quote or (found is not None and found.quote == wanted.quote)
    return Span(wanted.start, wanted.end) if is_it else None
