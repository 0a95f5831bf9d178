"""A comparison's rows as the page draws them: a bounded number of them, folds, and authors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.domain.prompts.people import Shown
from app.domain.versions.comparing import Comparison
from app.kit import diff

MOST_CHANGES = 500  # changed rows on a page; the rest is on the next
MOST_FOLDED = 400  # hidden rows that a page carries, so that folds open without a request
UNFOLDED = 500  # rows that a fold opens by at a time when the page does not carry them


class Unfold(NamedTuple):
    """A fold that somebody has opened: by the number of its first line, so many of its rows."""

    line: int
    rows: int

    @property
    def ref(self) -> str:
        return f"{self.line}-{self.rows}"

    @classmethod
    def read(cls, ref: str) -> Unfold | None:
        line, _, rows = ref.partition("-")
        if not all(part.isascii() and part.isdecimal() and len(part) < 8 for part in (line, rows)):
            return None
        return cls(int(line), int(rows))


@dataclass(slots=True)
class Drawing:
    """One page of rows. `href` makes the address of the same page with a fold opened."""

    comparison: Comparison
    people: Mapping[str, Shown]
    mode: str
    href: Callable[[Unfold], str]
    unfold: Unfold | None = None
    _room: int = field(default=MOST_FOLDED, init=False)

    def blocks(self, rows: Sequence[diff.Row]) -> list[dict[str, Any]]:
        """Runs of rows and folds of unchanged ones, as templates/components/diff.html has them."""
        parts = diff.folded(rows)
        if self.mode == "inline":
            parts = diff.inline(parts)
        found: list[dict[str, Any]] = []
        for part in parts:
            if isinstance(part, diff.Fold):
                found.append(self._fold(part))
            elif found and found[-1]["kind"] == "rows":
                found[-1]["rows"].append(self._row(part))
            else:
                found.append({"kind": "rows", "rows": [self._row(part)]})
        return found

    def _fold(self, fold: diff.Fold) -> dict[str, Any]:
        """Carried by the page as long as there is room, else fetched when somebody wants it."""
        first = fold.rows[0].new
        line, size = first.number if first else 0, len(fold.rows)
        opened = self.unfold.rows if self.unfold and self.unfold.line == line else 0
        if not opened and size <= self._room:
            self._room -= size
            rows = [self._row(row) for row in fold.rows]
            return {"kind": "fold", "line": line, "rows": rows, "hidden": size, "href": ""}
        return {
            "kind": "fold",
            "line": line,
            "rows": [self._row(row) for row in fold.rows[:opened]],
            "hidden": max(0, size - opened),
            "href": self.href(Unfold(line, opened + UNFOLDED)),
        }

    def _row(self, row: diff.Row) -> dict[str, Any]:
        return {
            "kind": kind_of(row),
            "left_no": row.old.number if row.old else None,
            "right_no": row.new.number if row.new else None,
            "left": parts_of(row.old, "del"),
            "right": parts_of(row.new, "ins"),
            "author": self._author(row),
        }

    def _author(self, row: diff.Row) -> Shown | None:
        span = self.comparison.author_of(row)
        return self.people.get(span.actor) if span else None


def page(rows: Sequence[diff.Row], start: int) -> tuple[Sequence[diff.Row], int]:
    """The rows from `start` on with at most so many changes, and where the next page starts.

    0 = there is no next page. A later page begins with what is unchanged above its first change.
    """
    changed = 0
    for index in range(start, len(rows)):
        changed += rows[index].changed
        if changed > MOST_CHANGES:
            return rows[_above(rows, start) : index], index
    return rows[_above(rows, start) :], 0


def _above(rows: Sequence[diff.Row], start: int) -> int:
    at = min(start, len(rows))
    while at > 0 and at > start - diff.CONTEXT and not rows[at - 1].changed:
        at -= 1
    return at


def kind_of(row: diff.Row) -> str:
    if not row.changed:
        return "same"
    if row.old and row.new:
        return "changed"
    return "added" if row.new else "removed"


def parts_of(line: diff.Line | None, mark: str) -> list[tuple[str, str]]:
    return [(mark if span.changed else "", span.text) for span in line.spans] if line else []
