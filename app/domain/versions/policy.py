"""Rules about versions and labels that need neither database nor clock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from app.access.permissions import Permission, Role
from app.access.principal import Principal
from app.domain.prompts.settings import MUSTACHE, Settings
from app.domain.versions.errors import LabelRefused
from app.kit.diff import Row, summary

LATEST = "latest"
DRAFT = "draft"
PRODUCTION = "production"
STAGING = "staging"
USUAL_LABELS = (PRODUCTION, STAGING)
MESSAGE_LONGEST = 500
LABEL_LONGEST = 64

KEEP_ALL = timedelta(days=7)  # of checkpoints; then one a day,
KEEP_DAILY = timedelta(days=90)  # and after that one a week

# `draft` and `archived` are places, not labels; in lists and addresses they stand beside labels.
_RESERVED = frozenset({DRAFT, "archived"})
_LABEL = re.compile(r"[a-z][a-z0-9._-]*")
_NUMBER_LIKE = re.compile(r"v?[0-9]+")
LABEL_PATTERN = rf"^(?!(?:latest|draft|archived|v?[0-9]+)$){_LABEL.pattern}$"  # all of it in one


def label_problem(name: str) -> str:
    """What is wrong with a label's name, "" when nothing is."""
    if name == LATEST:
        return "latest moves by itself: it is always on the newest version."
    if name in _RESERVED:
        return f"{name} has a meaning of its own."
    if len(name) > LABEL_LONGEST:
        return f"Use at most {LABEL_LONGEST} characters."
    if not _LABEL.fullmatch(name) or _NUMBER_LIKE.fullmatch(name):
        return (
            "Begin with a lower-case letter, then lower-case letters, digits, dots, hyphens and "
            "underscores, such as eu-pilot. A version's number is no label."
        )
    return ""


def check_label(name: str) -> None:
    """Raises `LabelRefused`."""
    if problem := label_problem(name):
        raise LabelRefused({"label": problem})


PROTECTING = (Role.REVIEWER, Role.ADMIN, Role.OWNER)  # what a label can be kept to


def may_move(caller: Principal, name: str, roles: Mapping[str, Role]) -> bool:
    """Whether someone who may move labels may move this one.

    A key has no role: one with the scope `admin` counts as an owner, others as an editor.
    """
    if name not in roles or caller.can(Permission.OWNERS_MANAGE):
        return True
    if caller.role is None:
        return caller.can(Permission.WORKSPACE_MANAGE)
    ranks = list(Role)
    return ranks.index(caller.role) <= ranks.index(roles[name])


def protection(name: str, roles: Mapping[str, Role]) -> str:
    """Who may, in words: "protected, needs a reviewer"."""
    article = "an" if roles[name] in (Role.ADMIN, Role.OWNER) else "a"
    return f"protected, needs {article} {roles[name]}"


def content_sha256(text: str, settings: Settings) -> str:
    """One hash for everything a version is made of.

    In which order settings were made does not matter; the order within one does, since a model
    answers in the order of its response schema.
    """
    content: list[Any] = [
        text,
        dict(sorted(settings.config.items())),
        [dict(sorted(one.items())) for one in settings.variables],
    ]
    if settings.template_format != MUSTACHE:  # what is older than the choice keeps its hash
        content.append(settings.template_format)
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def contributors(units: dict[str, int]) -> list[Any]:
    """Who wrote how much, the busiest first, as versions keep it."""
    ranked = sorted(units.items(), key=lambda item: (-item[1], item[0]))
    return [{"actor": actor, "units": number} for actor, number in ranked if number > 0]


def restored(written: dict[str, int], brought_back: dict[str, int], actor: str) -> dict[str, int]:
    """Who contributed to a restoring: what came back counts for the one who brought it back.

    Those who wrote it first may be long gone; the text's own blame still names them.
    """
    if not brought_back:
        return written
    left = {who: units - brought_back.get(who, 0) for who, units in written.items()}
    return left | {actor: max(0, left.get(actor, 0)) + sum(brought_back.values())}


def surplus(taken: Iterable[tuple[UUID, datetime]], now: datetime) -> list[UUID]:
    """Which of a room's checkpoints, the newest first, thinning drops: all but a period's last."""
    kept: set[tuple[str, int]] = set()
    dropped = []
    for checkpoint_id, at in taken:
        age, day = now - at, at.date().toordinal()
        if age <= KEEP_ALL:
            continue
        period = ("day", day) if age <= KEEP_DAILY else ("week", (day - 1) // 7)  # from Monday
        if period in kept:
            dropped.append(checkpoint_id)
        kept.add(period)
    return dropped


def suggested_message(rows: Sequence[Row], fields: Iterable[str]) -> str:
    """What a publication may say, made from what changed; "" when nothing did."""
    about_text = _about_text(rows)
    about_settings = _about_settings(fields)
    if about_text and about_settings:
        return f"{about_text}; {about_settings[0].lower()}{about_settings[1:]}"
    return about_text or about_settings


def _about_text(rows: Sequence[Row]) -> str:
    runs = _runs(rows)
    if not runs:
        return ""
    if len(runs) > 1:
        counted = summary(rows)
        return (
            f"Change {len(runs)} passages ({counted.words_added} words added, "
            f"{counted.words_removed} removed)"
        )
    removed = _first_words(row.old.text for row in runs[0] if row.old)
    added = _first_words(row.new.text for row in runs[0] if row.new)
    if not removed or not added:
        verb = "Add" if added else "Remove"
        return f"{verb} “{added or removed}”" if added or removed else "Change the spacing"
    return f"Change “{removed}”"


def _runs(rows: Sequence[Row]) -> list[list[Row]]:
    """Changed rows that stand together."""
    runs: list[list[Row]] = []
    was_changed = False
    for row in rows:
        if row.changed and was_changed:
            runs[-1].append(row)
        elif row.changed:
            runs.append([row])
        was_changed = row.changed
    return runs


def _first_words(lines: Iterable[str]) -> str:
    text = next((line.strip() for line in lines if line.strip()), "")
    return text if len(text) <= 60 else f"{text[:60].rsplit(' ', 1)[0]}…"


def _about_settings(fields: Iterable[str]) -> str:
    names = [field.partition(".")[2] or field for field in fields]
    if not names:
        return ""
    if len(names) > 3:
        return f"Change {', '.join(names[:2])} and {len(names) - 2} more settings"
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"Change {listed}"
