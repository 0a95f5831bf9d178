"""A page of the timeline: versions by day, and between them the checkpoints, folded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.domain.versions import policy, views
from app.domain.versions.history import History, actors_of
from app.domain.versions.models import Checkpoint, Label, Version
from app.domain.versions.views import Address
from app.kit import clock
from app.kit.rollouts import BUCKETS
from app.web.paging import DEFAULT_LIMIT

MOST_CHECKPOINTS = 300  # folded into one page; all of them are on the page of checkpoints


@dataclass(frozen=True, slots=True)
class Leaf:
    days: list[dict[str, Any]]
    next_cursor: str | None
    options: list[tuple[str, str]]  # what can be compared

    def context(self, address: Address) -> dict[str, Any]:
        """The context of versions/_days.html beside workspace and prompt."""
        more = {"cursor": self.next_cursor or "", "day": self.days[-1]["key"] if self.days else ""}
        days = self.days
        if days and address.day == days[0]["key"]:  # goes on with the day the page before ended in
            days = [{**days[0], "title": ""}, *days[1:]]
        return {
            "days": days,
            "older_href": address.href(**more) if self.next_cursor else "",
            "older_fragment": address.timeline(**more) if self.next_cursor else "",
        }


async def leaf(history: History, prompt_id: UUID, address: Address) -> Leaf:
    is_published = address.show == "published"
    cursor = address.cursor or None
    versions = await history.page(prompt_id, DEFAULT_LIMIT, cursor if is_published else None)
    labels = await history.label_names(prompt_id)
    chips = shares(await history.labels(prompt_id))
    options = [
        (policy.DRAFT, "draft"),
        *((str(one.number), views.named(one.number, labels[one.number])) for one in versions.items),
    ]
    if not is_published:
        found = await history.checkpoints(prompt_id, DEFAULT_LIMIT, cursor)
        who = await history.named(_writers(found.items))
        entries = [views.checkpoint_entry(one, who, address) for one in found.items]
        return Leaf(views.days(entries, clock.utc_now()), found.next_cursor, options)
    kept = await history.checkpoints_among(prompt_id, versions.items, cursor, MOST_CHECKPOINTS)
    who = await history.named({*actors_of(versions.items), *_writers(kept)})
    entries = []
    for one, after in _grouped(versions.items, kept):
        if after:
            entries.append(views.fold([views.checkpoint_entry(c, who, address) for c in after]))
        entries.append(views.entry(one, who, chips.get(one.number, ()), address))
    return Leaf(views.days(entries, clock.utc_now()), versions.next_cursor, options)


def shares(labels: Iterable[Label]) -> dict[int, list[tuple[str, str]]]:
    """Of each version the labels that give it, and to how many percent; "" = to everybody."""
    found: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for label in labels:
        split = label.rollout
        rest = (BUCKETS - split.share) * 100 / BUCKETS if split else 0
        found[label.number].append((label.name, f"{rest:.10g}" if split else ""))
        if split is not None:
            found[split.version].append((label.name, f"{split.percent:.10g}"))
    return found


def _grouped(
    versions: Sequence[Version], kept: Sequence[Checkpoint]
) -> list[tuple[Version, list[Checkpoint]]]:
    """Each version with the checkpoints between it and the next one; both newest first."""
    found, at = [], 0
    for version in versions:
        after = at
        while after < len(kept) and kept[after].created_at >= version.created_at:
            after += 1
        found.append((version, list(kept[at:after])))
        at = after
    return found


def _writers(checkpoints: Sequence[Checkpoint]) -> set[str]:
    return {one["actor"] for checkpoint in checkpoints for one in checkpoint.contributors}
