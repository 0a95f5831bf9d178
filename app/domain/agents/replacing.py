"""Finding the one place that an edit means, and what the text is after it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.domain.agents.errors import EditInvalid, PassageAmbiguous, PassageNotFound
from app.domain.prompts.policy import normal_text
from app.domain.rooms.visiting import Change

MOST_EDITS = 50


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words of the live text, and what comes in their place."""

    old_text: str
    new_text: str


def replaced(text: str, edits: Sequence[Edit]) -> Change:
    """All edits in their order, each in what the ones before have left; or none.

    Every `old_text` stands exactly once, so that no edit lands where nobody meant it; an empty one
    means an empty prompt. Raises `EditInvalid`, `PassageNotFound`, `PassageAmbiguous`, and
    `TextInvalid`.
    """
    if not 0 < len(edits) <= MOST_EDITS:
        raise EditInvalid(f"Give from 1 to {MOST_EDITS} edits.")
    at = end = 0
    for number, edit in enumerate(edits, 1):
        old, new = normal_text(edit.old_text), normal_text(edit.new_text)
        at = _only(text, old, number)
        text = text[:at] + new + text[at + len(old) :]
        end = at + len(new)
    return Change(text, at, end)


def _only(text: str, old: str, number: int) -> int:
    if not old and text:
        raise EditInvalid(
            f"Edit {number}: old_text is empty. Quote words of the text, and repeat them in "
            "new_text to add something beside them.",
            edit=number,
        )
    at = text.find(old)
    if at < 0:
        raise PassageNotFound(
            f"Edit {number}: the live text does not hold old_text, letter for letter. "
            "Read the prompt again; somebody may have changed it.",
            edit=number,
        )
    if old and text.find(old, at + 1) >= 0:
        raise PassageAmbiguous(
            f"Edit {number}: the live text holds old_text more than once. Quote more of what "
            "stands around it.",
            edit=number,
        )
    return at
