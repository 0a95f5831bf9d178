"""What the command palette offers: prompts, text inside them, people, and things to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.prompts import people, queries
from app.domain.prompts.deps import Desk
from app.domain.prompts.library.listing import Listed
from app.domain.prompts.ports import Filters, Selection

PROMPTS = 6
INSIDE = 4
PEOPLE = 4
LOOKED_AT = 24  # hits, to find some with the words in the text alone


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of the palette: where it leads, and how it is drawn."""

    href: str
    icon: str
    pieces: Sequence[Any]  # {text, is_hit}
    note: str = ""
    person: Any = None
    here: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    offers: list[Offer]


async def offered(desk: Desk, root: str, q: str) -> list[Group]:
    """Groups with something in them, for what was typed so far. One look at the index for all."""
    async with desk.library.find(Filters(q=q)) as looking:
        found = looking.selection
        rows = (await looking.page(LOOKED_AT, sort="best")).items
        starred = await desk.stars.of(looking.tx, desk.caller)
        members = await queries.members_named(looking.tx, desk.caller, q, PEOPLE) if q else []
    here = desk.rooms.people([row.room_id for row in rows])
    titled = [row for row in rows if not q or _is_titled(row, found)]
    inside = [row for row in rows if q and row.excerpt and not _is_titled(row, found)]
    groups = [
        Group(
            "Prompts" if q else "Last edited",
            [
                _prompt(row, root, found, here.get(row.room_id, ()), is_starred=row.id in starred)
                for row in titled[:PROMPTS]
            ],
        ),
        Group("Inside prompts", [_inside(row, root) for row in inside[:INSIDE]]),
        Group("People", [_member(people.shown(user), root, found) for user in members]),
        Group("Actions", list(_actions(desk.caller, root, q, found))),
    ]
    return [group for group in groups if group.offers]


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    is_hit: bool = False


def _plain(text: str) -> list[_Piece]:
    return [_Piece(text)]


def _is_titled(row: Listed, found: Selection) -> bool:
    names = f"{row.title} {row.name}"
    return any(piece.is_hit for piece in found.marked(names))


def _prompt(
    row: Listed, root: str, found: Selection, here: Sequence[Any], *, is_starred: bool
) -> Offer:
    note = row.folder or row.name
    href = f"{root}/prompts/{row.id}"
    icon = "star" if is_starred else "file-text"
    return Offer(href, icon, found.marked(row.title), note, here=here)


def _inside(row: Listed, root: str) -> Offer:
    excerpt = row.excerpt
    pieces = excerpt.pieces if excerpt else ()
    note = f"{row.title}, line {excerpt.line if excerpt else 1}"
    return Offer(f"{root}/prompts/{row.id}", "scan-text", pieces, note)


def _member(person: Any, root: str, found: Selection) -> Offer:
    owner = person.id.removeprefix("user:")
    pieces = found.marked(person.name)
    return Offer(f"{root}/?owner={owner}", "user", pieces, "their prompts", person=person)


def _actions(caller: Principal, root: str, q: str, found: Selection) -> list[Offer]:
    """Those whose words begin with what was typed, and a new prompt of that name."""
    known = [
        ("Go to the library", "library", f"{root}/"),
        ("See the starred prompts", "star", f"{root}/?starred=true"),
        ("See where people are now", "radio", f"{root}/?live=true"),
        ("See the saved views", "bookmark", f"{root}/views"),
        ("Go to settings", "settings-2", f"{root}/settings/general"),
        ("See the members", "users", f"{root}/settings/members"),
        ("See the API keys", "key-round", f"{root}/settings/keys"),
        ("Change your profile and colour", "palette", "/account/profile"),
    ]
    offers = [
        Offer(href, icon, found.marked(text))
        for text, icon, href in known
        if not q or any(piece.is_hit for piece in found.marked(text))
    ]
    if q:
        href = f"{root}/?q={quote(q)}"
        offers.insert(0, Offer(href, "search", _plain(f"Search the library for “{q}”")))
    if caller.can(Permission.PROMPTS_WRITE):
        query = f"?{urlencode({'title': q})}" if q else ""
        text = f"New prompt called “{q}”" if q else "New prompt"
        offers.append(Offer(f"{root}/prompts/new{query}", "plus", _plain(text)))
    return offers
