"""Prompts as their templates want them: plain values in, plain values out."""

from __future__ import annotations

import zlib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.prompts import typed
from app.domain.prompts.library.listing import Listed
from app.domain.prompts.models import OldName
from app.domain.prompts.ports import Here, Selection
from app.domain.prompts.service import Opened
from app.domain.prompts.usage import Usage

FIRST = ("production", "staging")  # of a row's labels, the one that says most stands first


@dataclass(frozen=True, slots=True)
class Field:
    """A setting with a form of its own."""

    key: str
    label: str
    kind: str
    hint: str


FIELDS = (
    Field("config.model", "Model", "text", "such as gpt-5.2-mini"),
    Field("config.temperature", "Temperature", "number", "0 to 2"),
    Field("config.max_tokens", "Max tokens", "number", "no limit"),
    Field("config.tools", "Tools", "json", "[ ] a JSON list"),
    Field("config.response_schema", "Response schema", "json", "{ } a JSON object"),
    Field("config.*", "Further parameters", "json", '{"top_p": 0.9, "stop": ["END"]}'),
)


def prompt(opened: Opened) -> dict[str, Any]:
    row = opened.prompt
    return {
        "id": str(row.id),
        "name": row.name,
        "title": row.title,
        "description": row.description,
        "folder": row.folder,
        "tags": opened.tags,
        "owner": opened.owner,
        "archived": row.archived_at is not None,
    }


def rights(caller: Principal) -> dict[str, bool]:
    return {
        "can_write": caller.can(Permission.PROMPTS_WRITE),
        "can_publish": caller.can(Permission.VERSIONS_PUBLISH),
        "can_archive": caller.can(Permission.PROMPTS_ARCHIVE),
        "can_invite": caller.can(Permission.MEMBERS_MANAGE),
    }


def heading(
    opened: Opened, old_names: Iterable[OldName], errors: Mapping[str, str] | None = None
) -> dict[str, Any]:
    was = [{"name": one.name, "until": one.renamed_at} for one in old_names]
    return {
        "prompt": {**prompt(opened), "old_names": was},
        "model": opened.branch.config.get("model", ""),
        "errors": errors or {},
    }


def details_form(
    opened: Opened,
    folder_names: Sequence[str],
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    row = opened.prompt
    now = {"name": row.name, "folder": row.folder, "tags": ", ".join(opened.tags)}
    return {
        "prompt": prompt(opened),
        "folder_names": folder_names,
        "details_values": values or now,
        "details_errors": errors or {},
    }


def field(
    opened: Opened, key: str, *, value: str | None = None, error: str = "", saved: bool = False
) -> dict[str, Any] | None:
    """One setting; `value` = what was typed, else what is stored. None without such a field."""
    found = next((one for one in FIELDS if one.key == key), None)
    if found is None:
        return None
    return {
        "key": key,
        "label": found.label,
        "kind": found.kind,
        "hint": found.hint,
        "value": _stored(opened.branch.config, key) if value is None else value,
        "error": error,
        "saved": saved,
        "step": "",
        "suggestions": [],
    }


def _stored(config: dict[str, Any], key: str) -> str:
    name = key.removeprefix("config.")
    if name != typed.REST:
        return typed.shown(config.get(name))
    rest = {k: v for k, v in config.items() if k not in typed.OWN_FIELDS}
    return typed.shown(rest or None, as_json=True)


def variable(one: Mapping[str, Any], used: Usage, error: str = "") -> dict[str, Any]:
    return {
        **one,
        "default": typed.shown(one["default"], as_json=one["type"] == "json"),
        "error": error,
        "unused": used.lacks(one["name"]),
    }


def variables(
    opened: Opened, used: Usage, add_error: str = "", add_name: str = ""
) -> dict[str, Any]:
    return {
        "variables": [variable(one, used) for one in opened.branch.variables],
        "add_error": add_error,
        "add_name": add_name,
    }


def language(
    opened: Opened, used: Usage, *, error: str = "", saved: bool = False
) -> dict[str, Any]:
    """The `language` of templates/prompts/_language.html."""
    return {
        "format": opened.branch.template_format,
        "used": used.names or (),
        "is_read": used.names is not None,
        "problem": error or used.problem,
        "saved": saved,
    }


def settings(opened: Opened, used: Usage) -> dict[str, Any]:
    return {
        **variables(opened, used),
        "language": language(opened, used),
        "fields": [field(opened, one.key) for one in FIELDS],
    }


def seen(found: Selection, here: Mapping[UUID, Sequence[Here]]) -> str:
    """Differs when anything in the workspace has changed, or somebody came or went."""
    shown = found.stamp, sorted((str(room), [who.id for who in here[room]]) for room in here)
    return f"{zlib.crc32(repr(shown).encode()):x}"


def inside(here: Mapping[UUID, Sequence[Here]]) -> list[Here]:
    """Everybody who is in some room, once."""
    people = {who.id: who for room in here.values() for who in room}
    return sorted(people.values(), key=lambda who: who.name)


def ordered_labels(labels: Mapping[str, int]) -> list[str]:
    return sorted(labels, key=lambda name: (name not in FIRST, name))


@dataclass(slots=True)  # not a dictionary: a template reads an attribute in half the time
class Row:
    """As templates/prompts/_rows.html takes it, where each is told."""

    id: str
    title: str
    summary: str
    href: str
    here: Sequence[Here]
    labels: list[str]
    version: int | None
    version_href: str
    model: str
    owner: Here | None
    edited_at: datetime
    sum: str
    is_archived: bool
    title_pieces: Sequence[Any]
    excerpt: Sequence[Any]
    line: int
    is_starred: bool


def rows(
    listed: Iterable[Listed],
    root: str,
    here: Mapping[UUID, Sequence[Here]],
    found: Selection,
    starred: Container[UUID],
) -> list[Row]:
    return [
        _row(one, root, here.get(one.room_id, ()), found, is_starred=one.id in starred)
        for one in listed
    ]


def _row(
    one: Listed, root: str, here: Sequence[Here], found: Selection, *, is_starred: bool
) -> Row:
    labels = ordered_labels(one.release.labels)
    number = one.release.labels[labels[0]] if labels else one.release.newest
    href = f"{root}/prompts/{one.id}"
    return Row(
        id=str(one.id),
        title=one.title,
        summary=one.description or one.name,
        href=href,
        here=here,
        labels=labels,
        version=number,
        version_href=f"{href}/versions/{number}",
        model=one.config.get("model", ""),
        owner=one.owner,
        edited_at=one.edited_at,
        sum=_sum(one, here, is_starred=is_starred),
        is_archived=one.archived_at is not None,
        title_pieces=found.marked(one.title),
        excerpt=one.excerpt.pieces if one.excerpt else (),
        line=one.excerpt.line if one.excerpt else 0,
        is_starred=is_starred,
    )


def _sum(row: Listed, here: Sequence[Here], *, is_starred: bool) -> str:
    """Differs when anything that the row shows does."""
    shown = (
        *(row.title, row.name, row.description, row.archived_at, row.edited_at),
        *(row.release, row.config.get("model"), row.owner, row.excerpt),
        [who.id for who in here],
        is_starred,
    )
    return f"{zlib.crc32(repr(shown).encode()):x}"
