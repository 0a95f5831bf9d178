"""Versions as their templates want them: plain values in, plain values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from app.domain.prompts import typed
from app.domain.prompts.people import Shown
from app.domain.prompts.settings import MUSTACHE
from app.domain.versions import drawing, policy
from app.domain.versions.comparing import Comparison
from app.domain.versions.drawing import Drawing, Unfold
from app.domain.versions.messages import Change
from app.domain.versions.models import Checkpoint, Version
from app.domain.versions.prompts_port import people_of
from app.domain.versions.schemas import setting_at
from app.web.templates import day_title

REASONS = {
    "idle": "Writing paused",
    "active": "While writing",
    "leave": "Everyone left",
    "restore": "Before a version was restored",
}


@dataclass(frozen=True, slots=True)
class Address:
    """The versions page's address: what is compared, and how it is laid out."""

    base: str  # /w/acme/prompts/<id>/versions
    old: str = ""
    new: str = ""
    mode: str = "split"
    show: str = "published"
    start: int = 0  # the row of the comparison that the page begins with
    unfold: Unfold | None = None
    cursor: str = ""
    day: str = ""  # with which the timeline's page above ends
    moved: UUID | None = None  # a label's move that was just made

    def href(self, **changed: str) -> str:
        pairs = {
            "from": self.old,
            "to": self.new,
            "mode": "" if self.mode == "split" else self.mode,
            "show": "" if self.show == "published" else self.show,
            "cursor": self.cursor,
        } | changed
        query = urlencode([(key, value) for key, value in pairs.items() if value])
        return self.base + (f"?{query}" if query else "")

    def timeline(self, **changed: str) -> str:
        """The same, of a page of the timeline alone."""
        return self.href(**changed).replace(self.base, f"{self.base}/timeline", 1)


def entry(
    version: Version,
    who: Mapping[str, Shown],
    labels: Sequence[tuple[str, str]],
    address: Address,
) -> dict[str, Any]:
    """`labels` are of name and percent, "" = everybody's."""
    number = str(version.number)
    return {
        "kind": "version",
        "number": version.number,
        "message": version.message,
        "author": who[version.author],
        "people": people_of(version, dict(who)),
        "at": version.created_at,
        "labels": [{"name": name, "share": share} for name, share in labels],
        "href": address.href(to=number, **{"from": ""}),
        "from_href": address.href(**{"from": number}),
        "picked": _picked(number, address),
    }


def checkpoint_entry(
    checkpoint: Checkpoint, who: Mapping[str, Shown], address: Address
) -> dict[str, Any]:
    ref = str(checkpoint.id)
    return {
        "kind": "checkpoint",
        "number": None,
        "message": REASONS[checkpoint.reason],
        "author": None,
        "people": [who[one["actor"]] for one in checkpoint.contributors],
        "at": checkpoint.created_at,
        "labels": [],
        "href": address.href(to=ref, **{"from": ""}),
        "from_href": address.href(**{"from": ref}),
        "picked": _picked(ref, address),
    }


def fold(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Checkpoints between two versions; open when one of them is being compared."""
    is_open = any(one["picked"] for one in entries)
    return {"kind": "fold", "at": entries[0]["at"], "entries": entries, "open": is_open}


def _picked(ref: str, address: Address) -> str:
    return "to" if ref == address.new else "from" if ref == address.old else ""


def days(entries: Sequence[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Entries by day, in UTC like every date that a page shows without a script."""
    found: list[dict[str, Any]] = []
    for one in entries:
        title = day_title(one["at"].date(), now.date())
        if not found or found[-1]["title"] != title:
            key = one["at"].date().isoformat()
            found.append({"title": title, "key": key, "entries": []})
        found[-1]["entries"].append(one)
    return found


def compare(
    comparison: Comparison,
    address: Address,
    options: Sequence[tuple[str, str]],
    wrote: int,
    people: Mapping[str, Shown],
) -> dict[str, Any]:
    """The `compare` of templates/versions/_compare.html."""
    shown, following = drawing.page(comparison.rows, address.start)
    start = str(address.start) if address.start else ""
    draw = Drawing(
        comparison,
        people,
        address.mode,
        lambda unfold: address.href(start=start, fold=unfold.ref),
        address.unfold,
    )
    counted = comparison.counted
    return {
        "from_ref": comparison.old.ref,
        "to_ref": comparison.new.ref,
        "from_name": comparison.old.name,
        "to_name": comparison.new.name,
        "from_options": _options(options, comparison.old.ref, comparison.old.name),
        "to_options": _options(options, comparison.new.ref, comparison.new.name),
        "mode": address.mode,
        "split_href": address.href(mode=""),
        "inline_href": address.href(mode="inline"),
        "people": wrote,
        "added": counted.words_added,
        "removed": counted.words_removed,
        "settings": setting_changes(comparison),
        "settings_note": _unchanged_note(comparison),
        "messages": [message_change(one) for one in comparison.messages],
        "identical": comparison.is_empty,
        "blocks": draw.blocks(shown),
        "has_authors": comparison.authors.is_known,
        "start_href": address.href() if address.start else "",
        "more_href": address.href(start=str(following)) if following else "",
    }


def message_change(change: Change) -> dict[str, str]:
    """Such as: user message 3, moved from 1."""
    role = "history" if change.role == "history" else f"{change.role} message"
    told = {
        "added": "added",
        "removed": "removed",
        "moved": f"moved from {change.before}",
        "role": f"was {change.role_before}",
    }
    number = change.after or change.before
    return {"kind": change.kind, "name": f"{role} {number}", "told": told[change.kind]}


def named(number: int, labels: Sequence[str]) -> str:
    """A version as a list of choices says it: v11 production."""
    told = [name for name in labels if name != policy.LATEST]
    return " ".join([f"v{number}", *told[:2]])


def _options(options: Sequence[tuple[str, str]], ref: str, name: str) -> list[dict[str, Any]]:
    """What can be chosen; a side that is not on this page of the timeline stays choosable."""
    known = list(options) if any(value == ref for value, _ in options) else [(ref, name), *options]
    return [{"value": value, "text": text, "selected": value == ref} for value, text in known]


def setting_changes(comparison: Comparison) -> list[dict[str, str]]:
    old, new = comparison.old, comparison.new
    return [
        {
            "name": _setting_name(field),
            "before": _setting_text(field, setting_at(old, field)),
            "after": _setting_text(field, setting_at(new, field)),
        }
        for field in comparison.fields
    ]


def _setting_name(field: str) -> str:
    kind, _, name = field.partition(".")
    if kind in ("config", "template_format"):
        return (name or kind).replace("_", " ")
    return f"variable {name}" if name else "order of variables"


def _setting_text(field: str, value: Any) -> str:
    """A line about a value; long ones are cut, the API gives them whole."""
    if value is None:
        return ""
    if field.startswith("variables.") and isinstance(value, dict):
        notes = [value["type"], "required" if value["required"] else "optional"]
        if value["default"] is not None:
            notes.append(f"default {typed.shown(value['default'])}")
        return ", ".join(notes)
    text = " ".join(typed.shown(value).split())
    return text if len(text) <= 80 else f"{text[:79]}…"


def _unchanged_note(comparison: Comparison) -> str:
    """Such as: model and 5 variables unchanged."""
    same: list[str] = []
    if "config.model" not in comparison.fields and comparison.new.config.get("model"):
        same.append("model")
    names = {one["name"] for one in comparison.new.variables}
    kept = len(names - {field.removeprefix("variables.") for field in comparison.fields})
    if kept:
        same.append(f"{kept} variable{'' if kept == 1 else 's'}")
    return f"{' and '.join(same)} unchanged" if same else ""


def restore(
    number: int | None, labels: Sequence[Mapping[str, Any]], back: Comparison | None
) -> dict[str, Any] | None:
    """What the Restore button says; None for a text that has no number.

    `back` is what changes: from the live text to that version. Very long ones are not compared.
    """
    if number is None:
        return None
    placed = [one for one in labels if one["name"] != policy.LATEST]
    places = [f"{one['name']} stays on v{one['number']}" for one in placed]
    return {
        "number": number,
        "changes": _coming_back(back) if back else "",
        "stays": f"{', '.join(places)}. " if places else "",
    }


def _coming_back(back: Comparison) -> str:
    """Such as: 12 words come back and 5 go; temperature and variable currency change."""
    added, removed = back.counted.words_added, back.counted.words_removed
    parts = []
    if added:
        parts.append(f"{added:,} {'word comes' if added == 1 else 'words come'} back")
    if removed:
        parts.append(f"{removed:,} {'word goes' if removed == 1 else 'words go'}")
    told = " and ".join(parts) or "The words stay as they are"
    names = [_setting_name(field) for field in back.fields]
    if names:
        listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        told += f"; {listed} {'changes' if len(names) == 1 else 'change'}"
    return f"{told}."


def promote(
    number: int | None, labels: Sequence[Mapping[str, Any]], reasons: Mapping[str, str]
) -> dict[str, Any] | None:
    if number is None:
        return None
    return {"number": number, "labels": choosable(labels, reasons), "error": ""}


def choosable(
    labels: Sequence[Mapping[str, Any]], reasons: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The usual labels, then those in use, each with why it may not be moved."""
    now = {one["name"]: one["number"] for one in labels if one["name"] != policy.LATEST}
    names = [*policy.USUAL_LABELS, *(name for name in now if name not in policy.USUAL_LABELS)]
    return [
        {"name": name, "number": now.get(name), "reason": reasons.get(name, "")} for name in names
    ]


def settings_list(config: Mapping[str, Any], template_format: str) -> list[dict[str, str]]:
    """Mustache is not worth a line: it is what there is when nobody chose."""
    chosen = [{"name": "template format", "value": template_format}]
    return ([] if template_format == MUSTACHE else chosen) + [
        {"name": key.replace("_", " "), "value": _setting_text(f"config.{key}", value)}
        for key, value in config.items()
    ]


def variables_list(variables: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "default": typed.shown(one["default"])} for one in variables]


def publish_summary(names: Sequence[str], newest: int | None) -> str:
    """Who edited since when: "Edited by Priya, Kenji and you since v12."."""
    if newest is None:
        return "The first version."
    if not names:
        return f"Settings changed since v{newest}."
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"Edited by {listed} since v{newest}."
