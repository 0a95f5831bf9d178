"""What the page of a prompt's activity says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote

from app.domain.activity.service import (
    CHANGES,
    COMMENTS,
    CREATED,
    LABELLED,
    LABELS,
    PUBLISHED,
    VERSIONS,
    Event,
    Narrowed,
)
from app.domain.prompts import activity
from app.domain.prompts.people import Shown

_KINDS = {
    "": "Everything",
    VERSIONS: "Versions",
    LABELS: "Labels",
    COMMENTS: "Comments",
    CHANGES: "Names and places",
}
_ICONS = {
    CREATED: "plus",
    PUBLISHED: "git-branch",
    LABELLED: "tag",
    activity.COMMENTED: "message-square",
    activity.REPLIED: "message-square",
    activity.RESOLVED: "circle-check",
    activity.REOPENED: "rotate-ccw",
    activity.RENAMED: "pencil",
    activity.RETITLED: "pencil",
    activity.MOVED: "folder",
    activity.ARCHIVED: "archive",
    activity.UNARCHIVED: "archive-restore",
}
_WORDS = {
    CREATED: "created the prompt",
    activity.COMMENTED: "started a thread",
    activity.REPLIED: "replied in a thread",
    activity.RESOLVED: "resolved a thread",
    activity.REOPENED: "reopened a thread",
    activity.ARCHIVED: "archived the prompt",
    activity.UNARCHIVED: "brought the prompt back from the archive",
}


def stream(base: str, events: Sequence[Event], who: Mapping[str, Shown]) -> dict[str, Any]:
    """`days` of activity/_stream.html."""
    days = groupby(events, key=lambda event: event.at.date())
    return {
        "days": [
            {"at": day, "events": [_event(base, one, who[one.actor]) for one in of_it]}
            for day, of_it in days
        ]
    }


def filters(base: str, narrowed: Narrowed, people: Sequence[Shown]) -> dict[str, Any]:
    return {
        "base": base,
        "kind": narrowed.kind,
        "by": narrowed.by,
        "kinds": list(_KINDS.items()),
        "people": people,
    }


def _event(base: str, event: Event, who: Shown) -> dict[str, Any]:
    text, href, link = _said(base, event)
    return {
        "id": str(event.id),
        "icon": _ICONS[event.kind],
        "who": who,
        "at": event.at,
        "text": text,
        "href": href,
        "link": link,
        "note": event.detail.get("message") or "",
    }


def _said(base: str, event: Event) -> tuple[str, str, str]:
    """What was done, an address, and the words that lead there."""
    detail = event.detail
    if event.kind == PUBLISHED:
        number, before = detail["version"], detail["restored_from"]
        words = f"brought v{before} back as" if before else "published"
        return words, f"{base}/versions/{number}", f"v{number}"
    if event.kind == LABELLED:
        return _labelled(base, detail)
    if event.kind in _WORDS:
        thread = detail.get("thread")
        href = f"{base}?thread={thread}#thread-{thread}" if thread else ""
        return _WORDS[event.kind], href, "Show it" if thread else ""
    return _changed(event), "", ""


def _labelled(base: str, detail: Mapping[str, Any]) -> tuple[str, str, str]:
    return detail["said"], f"{base}/labels/{quote(detail['label'], safe='')}", "Where it was"


def _changed(event: Event) -> str:
    before, after = event.detail["before"], event.detail["after"]
    if event.kind == activity.RENAMED:
        return f"renamed it from {before} to {after}"
    if event.kind == activity.RETITLED:
        return f"changed the title from “{before}” to “{after}”"
    if not after:
        return f"took it out of the folder {before}"
    return f"moved it from {before} to {after}" if before else f"moved it to {after}"
