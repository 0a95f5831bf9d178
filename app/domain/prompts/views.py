"""Prompts as their templates want them: plain values in, plain values out."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.prompts import typed
from app.domain.prompts.library import DRAFT, Facets, Listed
from app.domain.prompts.models import OldName
from app.domain.prompts.ports import Filters, Here, Selection, Sort, Suggestion
from app.domain.prompts.service import Opened
from app.domain.prompts.template import variables_in

_FIRST = ("production", "staging")  # of a row's labels, the one that says most stands first


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


def variable(one: Mapping[str, Any], used: Sequence[str], error: str = "") -> dict[str, Any]:
    return {
        **one,
        "default": typed.shown(one["default"], as_json=one["type"] == "json"),
        "error": error,
        "unused": one["name"] not in used,
    }


def variables(opened: Opened, text: str, add_error: str = "", add_name: str = "") -> dict[str, Any]:
    used = variables_in(text)
    return {
        "variables": [variable(one, used) for one in opened.branch.variables],
        "add_error": add_error,
        "add_name": add_name,
    }


def settings(opened: Opened, text: str) -> dict[str, Any]:
    return {
        **variables(opened, text),
        "fields": [field(opened, one.key) for one in FIELDS],
    }


def seen(found: Selection, here: Mapping[UUID, Sequence[Here]]) -> str:
    """Differs when anything in the workspace has changed, or somebody came or went."""
    shown = found.stamp, sorted((str(room), [who.id for who in here[room]]) for room in here)
    return f"{zlib.crc32(repr(shown).encode()):x}"


def ordered_labels(labels: Mapping[str, int]) -> list[str]:
    return sorted(labels, key=lambda name: (name not in _FIRST, name))


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


def rows(
    listed: Iterable[Listed], root: str, here: Mapping[UUID, Sequence[Here]], found: Selection
) -> list[Row]:
    return [_row(one, root, here.get(one.room_id, ()), found) for one in listed]


def _row(one: Listed, root: str, here: Sequence[Here], found: Selection) -> Row:
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
        sum=_sum(one, here),
        is_archived=one.archived_at is not None,
        title_pieces=found.marked(one.title),
        excerpt=one.excerpt.pieces if one.excerpt else (),
        line=one.excerpt.line if one.excerpt else 0,
    )


def _sum(row: Listed, here: Sequence[Here]) -> str:
    """Differs when anything that the row shows does."""
    shown = (
        *(row.title, row.name, row.description, row.archived_at, row.edited_at),
        *(row.release, row.config.get("model"), row.owner, row.excerpt),
        [who.id for who in here],
    )
    return f"{zlib.crc32(repr(shown).encode()):x}"


@dataclass(frozen=True, slots=True)
class Query:
    """The library's address: its filters and order, and how to change one of them."""

    root: str  # /w/acme
    filters: Filters
    sort: Sort

    def href(self, **changed: str) -> str:
        """The same page with some filters put to other values ("" takes one off)."""
        pairs = [(k, v) for k, v in {**self.current(), **changed}.items() if v]
        return f"{self.root}/" + (f"?{urlencode(pairs)}" if pairs else "")

    def cleared(self) -> str:
        """Without any filter; folder and order stay, being places rather than filters."""
        gone = {name: "" for name in self.current() if name not in ("folder", "sort")}
        return self.href(**gone)

    def hidden(self) -> list[tuple[str, str]]:
        return [(k, v) for k, v in self.current().items() if v and k != "q"]

    def current(self) -> dict[str, str]:
        one = self.filters
        return {
            "q": one.q,
            "folder": one.folder,
            "tag": one.tag,
            "label": one.label,
            "model": one.model,
            "owner": str(one.owner) if one.owner else "",
            "archived": "true" if one.archived else "",
            "sort": self.sort if self.sort != ("best" if one.q else "edited") else "",
        }


def facets(query: Query, counted: Facets) -> list[dict[str, Any]]:
    now = query.filters
    # The usual ones always stand there: a column that comes and goes with the search would jump.
    labels = dict.fromkeys(_FIRST, 0) | dict(counted.labels)
    status = [
        _option(query, ("label", name), name.capitalize(), labels[name])
        for name in sorted(labels, key=lambda name: name not in _FIRST)
    ]
    status.append(_option(query, ("label", DRAFT), "Draft", counted.drafts))
    if counted.archived or now.archived:
        status.append(_option(query, ("archived", "true"), "Archived", counted.archived))
    tags = [_option(query, ("tag", tag), tag, count) for tag, count in counted.tags]
    owners = [
        _option(query, ("owner", who.id.removeprefix("user:")), who.name, count, person=who)
        for who, count in counted.owners
    ]
    models = [_option(query, ("model", name), name, count) for name, count in counted.models]
    return [
        {"key": "status", "title": "Status", "options": status, "more": 0},
        {"key": "tags", "title": "Tags", "options": tags, "more": counted.more_tags},
        {"key": "model", "title": "Model", "options": models, "more": 0},
        {"key": "owner", "title": "Owner", "options": owners, "more": 0},
    ]


def _option(
    query: Query, filter_: tuple[str, str], label: str, count: int, *, person: Any = None
) -> dict[str, Any]:
    name, value = filter_
    active = query.current()[name] == value
    return {
        "label": label,
        "count": count,
        "active": active,
        "href": query.href(**{name: "" if active else value}),
        "person": person,
    }


def active_filters(query: Query, owners: Mapping[str, str]) -> list[dict[str, str]]:
    now = query.filters
    owner = str(now.owner) if now.owner else ""
    shown = [
        ("label", now.label),
        ("tag", f"#{now.tag}" if now.tag else ""),
        ("model", now.model),
        ("owner", owners.get(owner, "Owner") if owner else ""),
        ("archived", "Archived" if now.archived else ""),
    ]
    return [{"text": text, "href": query.href(**{name: ""})} for name, text in shown if text]


def sorts(query: Query) -> list[dict[str, Any]]:
    """Only a search has a best match, and it comes first unless something else is asked for."""
    usual = "best" if query.filters.q else "edited"
    shown = [("best", "Best match")] if query.filters.q else []
    shown += [("edited", "Last edited"), ("title", "Title")]
    return [
        {
            "text": text,
            "href": query.href(sort="" if sort == usual else sort),
            "active": query.sort == sort,
        }
        for sort, text in shown
    ]


def suggestion(query: Query, found: Suggestion | None) -> dict[str, Any] | None:
    """What may have been meant, as a link to it."""
    if found is None:
        return None
    return {"q": found.q, "count": found.count, "href": query.href(q=found.q)}
