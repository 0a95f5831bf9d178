"""Changing one message of a text that people are writing in: which edits do it.  Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.prompts.errors import BaseGone, MessageNotFound, PromptInvalid
from app.domain.prompts.template import (
    Message,
    Place,
    Role,
    escaped,
    messages_of,
    places_of,
    role_line,
)
from app.kit.edits import Edit, applied
from app.kit.merge import merged

_WORD = re.compile(r"\w+")
_ALIKE = 0.5  # of the words of what was read are in a message that may be the same one
_CLEARLY = 0.25  # so much more alike has another message to be than the one at the index
_GONE = "Others have changed these words. Read the message again and change what it is now."
_GONE_FROM_TEXT = "Others have changed these words. Read the text again and change what it is now."


@dataclass(frozen=True, slots=True)
class Change:
    """What a caller wants of the message `index`, which was `base` when it was read."""

    index: int
    content: str
    base: str
    role: Role | None = None  # None = as it is


@dataclass(frozen=True, slots=True)
class Changed:
    """The edits, and what they make of the message."""

    edits: list[Edit]
    index: int
    message: Message


def message_at(text: str, index: int) -> Message:
    """Raises `MessageNotFound`."""
    messages = messages_of(text)
    if not 0 <= index < len(messages):
        raise MessageNotFound(f"The prompt has {len(messages)} messages; the first has index 0.")
    return messages[index]


def changed(text: str, change: Change) -> Changed:
    """The edits of `text`, in which others may have written since `change.base` was read.

    What they wrote stays. Raises `BaseGone`, `PromptInvalid`.
    """
    places = places_of(text)
    index = _index(places, change)
    if index is None:
        raise BaseGone(_GONE, message=None)
    place = places[index]
    if place.message.role == "history":
        raise PromptInvalid({"content": "A history mark has no content."})
    was = text[place.start : place.end]
    inner = merged(escaped(change.base), escaped(change.content), was)
    if inner is None:
        message = place.message
        present = {"index": index, "role": message.role, "content": message.content}
        raise BaseGone(_GONE, message=present)
    body = applied(was, inner)
    edits = [
        *_role_edit(text, place, change.role, is_blank=not body.strip()),
        *_lead(text, place, body),
        *((place.start + start, place.start + end, added) for start, end, added in inner),
        *_gap(place, body),
    ]
    return Changed(edits, index, messages_of(applied(text, edits))[index])


def merged_text(live: str, base: str, text: str) -> list[Edit]:
    """The same for a whole text that was `base` when it was read. Raises `BaseGone`."""
    edits = merged(base, text, live)
    if edits is None:
        raise BaseGone(_GONE_FROM_TEXT, text=live)
    return edits


def _index(places: Sequence[Place], change: Change) -> int | None:
    """Which message was read as `base`: the nearest that is that, else the one most like it."""
    near = sorted(range(len(places)), key=lambda index: abs(index - change.index))
    contents = [place.message.content for place in places]
    if (same := next((one for one in near if contents[one] == change.base), None)) is not None:
        return same
    words = Counter(_WORD.findall(change.base))
    total = words.total()
    alike = {one: _likeness(words, total, contents[one]) for one in near}
    best = max(near, key=alike.__getitem__, default=None)
    here = change.index
    if best is None or alike[best] < _ALIKE:
        # Words may all have been typed into. A blank message that is not there is any or none.
        return here if words and here in alike else None
    is_likely = alike.get(here, 0) >= max(_ALIKE, alike[best] - _CLEARLY)
    return here if is_likely else best


def _likeness(words: Mapping[str, int], total: int, content: str) -> float:
    """How much of `words`, `total` in all, is in `content`.

    The content alone is walked: it is one of many, and the words are as many again.
    """
    there = Counter(_WORD.findall(content)).items()
    same = sum(min(count, words.get(word, 0)) for word, count in there)
    return same / total if total else 0.0


def _role_edit(text: str, place: Place, role: Role | None, *, is_blank: bool) -> list[Edit]:
    start, end = place.mark
    if start < end:
        if role is None or role == place.message.role:
            return []
        return [(start, end, role_line(role))]
    # A user message needs no role line of its own, unless there is nothing else of it.
    if is_blank or role not in (None, "user"):
        return [(place.start, place.start, role_line(role or "user") + "\n")]
    return []


def _lead(text: str, place: Place, body: str) -> list[Edit]:
    """A role line that ends the text has no line under it yet."""
    start, end = place.mark
    is_missing = body and start < end == place.start
    return [(end, end, "\n")] if is_missing else []


def _gap(place: Place, body: str) -> list[Edit]:
    """Content that ends with an empty line needs another one before the next role line."""
    if place.gap == "" and body:
        return [(place.end, place.end, "\n\n")]
    if place.gap == "\n" and body.endswith("\n"):
        return [(place.end, place.end, "\n")]
    return []
