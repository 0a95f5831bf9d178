"""What the pages of imports and exports are drawn with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.domain.exchange import detecting
from app.domain.exchange.bounds import MOST_FILES, PAGE_BYTES
from app.domain.exchange.imports import uploads
from app.domain.exchange.imports.previewing import ARCHIVE, MOST_SHOWN
from app.domain.exchange.models import Import

OUT = "out"
READABLE = [(one.name, one.title) for one in detecting.FORMATS.values() if one.read]
_WORDS = {
    "skip": ("Leave mine as it is", "skip it"),
    "rename": ("Bring it in under another name", "rename it"),
    "update": ("Update mine with an edit in its live room", "update mine"),
}

_MADE = {"created": "create", "updated": "update", "skipped": "skip", "unchanged": "unchanged"}


def begin(mine: Sequence[Import]) -> dict[str, Any]:
    return {
        "known": [title for _, title in READABLE],
        "most_mib": PAGE_BYTES // (1024 * 1024),
        "most_files": MOST_FILES,
        "open_imports": [_line(one) for one in mine if one.state != uploads.COMING],
    }


def show(kept: Import, workspace: str, ids: Mapping[str, UUID]) -> dict[str, Any]:
    """The context of exchange/show.html beside the shell."""
    state = _state(kept)
    told = kept.preview
    counts = told.get("counts", {"new": 0, "clash": 0, "unchanged": 0})
    found = kept.result.get("counts", {})
    shown = {"id": str(kept.id), "state": state, "done": kept.done, "total": kept.total}
    return {
        "base": f"/w/{workspace}/import/{kept.id}",
        "import": shown | {"percent": min(100, 100 * kept.done // max(1, kept.total))},
        "files": _files(told.get("files", ())),
        "items": told.get("items", ()),
        "counts": counts,
        "left_off": max(0, sum(counts.values()) - len(told.get("items", ()))),
        "most_shown": MOST_SHOWN,
        "missing": _missing(told),
        "left_out": _missing(kept.result),
        "is_broken": any(one["error"] for one in told.get("files", ())),
        "is_pasted": any(one["name"] == uploads.PASTED for one in kept.files),
        "formats": READABLE,
        "conflict": kept.conflict,
        "conflicts": [(name, *words) for name, words in _WORDS.items()],
        "problem": kept.result.get("problem", ""),
        "made": {name: found.get(action, 0) for name, action in _MADE.items()},
        "results": [
            one | {"href": f"/w/{workspace}/prompts/{ids[one['name']]}"}
            for one in kept.result.get("items", ())
            if one["name"] in ids
        ],
    }


def _missing(told: Mapping[str, Any]) -> dict[str, Any]:
    """{count, words, more}; what was kept before there was such a thing says nothing."""
    found = told.get("missing") or {"count": 0, "words": []}
    return {**found, "more": found["count"] - len(found["words"])}


def chosen_formats(files: Sequence[Any], form: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`files` with what the form says of each: a format, "" = find it out, or that it is out."""
    made = []
    for number, one in enumerate(files):
        if "passed" in one:  # a ZIP, whose files are lines of their own
            made.append(dict(one))
            continue
        value = str(form.get(f"format-{number}", one["format"]))
        known = value if value in dict(READABLE) else ""
        made.append({**one, "format": known, "is_out": value == OUT})
    return made


def _state(kept: Import) -> str:
    """What its page says: a process that has gone silent is taken for dead."""
    if kept.state == uploads.RUNNING and not uploads.is_alive(kept):
        return uploads.STOPPED
    return kept.state


def _line(kept: Import) -> dict[str, Any]:
    names = [str(one["name"]) for one in kept.files]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    state = _state(kept)
    return {"id": str(kept.id), "title": (names or ["?"])[0] + more, "state": state} | {
        "done": kept.done,
        "total": kept.total,
        "created_at": kept.created_at,
    }


def _files(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a format does not say is said once of all the files in a ZIP."""
    files = [_file(one) for one in given]
    said: set[str] = set()
    for one in files:
        if one["is_packed"]:
            one["unsaid"] = "" if one["title"] in said else one.get("unsaid", "")
            said.add(one["title"])
    return files


def _file(one: Mapping[str, Any]) -> dict[str, Any]:
    chosen = OUT if one["is_out"] else one["format"]
    kind = {"is_archive": one["format"] == ARCHIVE, "is_zip": "passed" in one}
    return {"passed": (), "others": 0, "is_packed": False, **one, "chosen": chosen} | kind
