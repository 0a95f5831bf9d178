"""What differs between two texts and their settings, in bounded time and beside the loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from app.domain.prompts.settings import changed_fields, settings_of
from app.domain.versions import blame, messages
from app.domain.versions.history import Side
from app.kit import diff

_SMALL = 16_384  # characters of both; comparing them takes 10 ms at the very worst


@dataclass(frozen=True, slots=True)
class Comparison:
    old: Side
    new: Side
    rows: list[diff.Row]
    counted: diff.Summary
    fields: list[str]  # settings that differ, as config.<key> and variables.<name>
    messages: list[messages.Change]
    authors: blame.Lines  # of the new text

    @property
    def is_empty(self) -> bool:
        return not self.fields and self.old.text == self.new.text

    def author_of(self, row: diff.Row) -> blame.Span | None:
        """Who wrote most of what is new in a row."""
        if not row.changed or row.new is None:
            return None
        ranges, at = [], 0
        for text, changed in row.new.spans:
            if changed:
                ranges.append((at, at + len(text)))
            at += len(text)
        return self.authors.whose(row.new.number, ranges)


async def compared(old: Side, new: Side) -> Comparison:
    """The comparison; of texts that may take long in a thread, so that rooms go on meanwhile."""
    if len(old.text) + len(new.text) <= _SMALL:
        return compare(old, new)
    return await asyncio.to_thread(compare, old, new)


def compare(old: Side, new: Side) -> Comparison:
    rows = diff.rows(old.text, new.text)
    return Comparison(
        old,
        new,
        rows,
        diff.summary(rows),
        changed_fields(settings_of(old), settings_of(new)),
        messages.changes(old.text, new.text),
        blame.Lines(new.text, new.blame),
    )
