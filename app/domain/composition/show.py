"""What the pages about composition say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.composition import renaming
from app.domain.composition.checking import REFUSED, Found, unresolved
from app.domain.composition.policy import Dependant, Outdated, among
from app.domain.composition.recording import references as references_in
from app.domain.composition.service import Composition, Included, News, Target
from app.domain.prompts import views as prompt_views
from app.domain.prompts.deps import Desk
from app.domain.prompts.ports import Filters
from app.domain.prompts.service import Opened, Prompts
from app.domain.releases.composing import Piece, composed
from app.domain.releases.selector import LATEST, PRODUCTION, Selector, referred
from app.kit.rollouts import told
from app.web.paging import Page

DRAFT = "draft"
PAGE = 50
BESIDE = 5  # dependants in the side panel
MOST_REFERENCES = 100  # pills of one text that are explained
OFFERED = 20  # prompts, for completion
SHOWN = 1200  # characters of an included text in a bubble


async def everything(desk: Desk, base: str, prompt_id: UUID, cursor: str) -> dict[str, Any]:
    """The context of composition/show.html beside the shell."""
    async with desk.database.transaction(write=False) as tx:
        opened = await Prompts(tx, desk.caller, desk.rooms).open(prompt_id)
        reading = Composition(tx, desk.caller, desk.rooms)
        found = await reading.dependants(prompt_id, PAGE, cursor or None)
        count = await reading.count(prompt_id)
        included = await reading.included(prompt_id)
        news = await reading.news(prompt_id, included)
        late = await renaming.outdated(tx, desk.caller, prompt_id, renaming.AT_ONCE)
    text = (await desk.rooms.read(opened.branch.id)).text
    async with desk.database.transaction(write=False) as tx:
        standing = await desk.releases.standing(tx, desk.caller, opened.branch, text)
    more = found.next_cursor
    return {
        "prompt": prompt_views.prompt(opened),
        **prompt_views.rights(desk.caller),
        **standing.head,
        "here": desk.rooms.people([opened.branch.id]).get(opened.branch.id, ()),
        "dependants": [_dependant(one) for one in found.items],
        "count": count,
        "included": [_included(one) for one in included],
        "moves": [_news(one) for one in news],
        **_outdated(desk, late),
        "base": base,
        "cursor": cursor,
        "older_href": f"{base}/composition?{urlencode({'cursor': more})}" if more else "",
    }


async def outdated(desk: Desk, base: str, prompt_id: UUID) -> dict[str, Any]:
    """The context of composition/_outdated.html beside the workspace."""
    async with desk.database.transaction(write=False) as tx:
        opened = await Prompts(tx, desk.caller, desk.rooms).open(prompt_id)
        found = await renaming.outdated(tx, desk.caller, prompt_id, renaming.AT_ONCE)
    return {"prompt": prompt_views.prompt(opened), "base": base} | _outdated(desk, found)


def _outdated(desk: Desk, found: Page[Outdated]) -> dict[str, Any]:
    return {
        "outdated": [
            {"id": str(one.id), "name": one.name, "title": one.title, "written": one.written}
            for one in found.items
        ],
        "more_outdated": found.next_cursor is not None,
        "can_write": prompt_views.rights(desk.caller)["can_write"],
    }


async def beside(desk: Desk, base: str, prompt_id: UUID) -> dict[str, Any]:
    """The context of composition/_beside.html beside the workspace."""
    async with desk.database.transaction(write=False) as tx:
        reading = Composition(tx, desk.caller, desk.rooms)
        found = await reading.dependants(prompt_id, BESIDE, None)
        count = await reading.count(prompt_id) if found.next_cursor else len(found.items)
        included = await reading.included(prompt_id)
        news = await reading.news(prompt_id, included)
    return {
        "base": base,
        "dependants": [_dependant(one) for one in found.items],
        "count": count,
        "included": [_included(one) for one in included],
        "moves": [_news(one) for one in news],
        "can_write": prompt_views.rights(desk.caller)["can_write"],
    }


async def before(desk: Desk, prompt_id: UUID) -> dict[str, Any]:
    """The context of composition/_before.html beside the workspace."""
    async with desk.database.transaction(write=False) as tx:
        opened = await Prompts(tx, desk.caller, desk.rooms).open(prompt_id)
        reading = Composition(tx, desk.caller, desk.rooms)
        under = await reading.under(prompt_id)
    text = (await desk.rooms.read(opened.branch.id)).text
    missing: list[str] = []
    if wanted := references_in(text):
        async with desk.database.transaction(write=False) as tx:
            reading = Composition(tx, desk.caller, desk.rooms)
            targets = await reading.targets([name for name, _ in wanted])
        there = {name: tuple(one.labels) for name, one in targets.items()}
        missing = unresolved(text, PRODUCTION, there)
    return {
        "under": [
            {"label": label, "count": len(some), "names": among([one.name for one in some])}
            for label, some in under.items()
        ],
        "missing": missing,
    }


async def resolved(desk: Desk, base: str, prompt_id: UUID, of: str) -> dict[str, Any]:
    """The context of composition/resolved.html beside the shell."""
    async with desk.database.transaction(write=False) as tx:
        opened = await Prompts(tx, desk.caller, desk.rooms).open(prompt_id)
        reading = Composition(tx, desk.caller, desk.rooms)
        [target] = (await reading.targets([opened.prompt.name])).values()
    live = (await desk.rooms.read(opened.branch.id)).text if of == DRAFT else ""
    async with desk.database.transaction(write=False) as tx:
        made = await _made(tx, desk, opened, of, live)
    choices = [DRAFT, *target.labels, *([LATEST] if target.newest else [])]
    return {
        "prompt": prompt_views.prompt(opened),
        "of": of,
        "choices": [
            {"name": one, "href": f"{base}/composition/resolved?{urlencode({'of': one})}"}
            for one in choices
        ],
        **made,
    }


async def _made(tx: AsyncSession, desk: Desk, opened: Opened, of: str, live: str) -> dict[str, Any]:
    """`text` and what is in it, or `problem`, why there is none."""
    found = Found(tx, desk.caller)
    selector = Selector(PRODUCTION if of == DRAFT else of)
    if of == DRAFT:
        root: Piece | None = Piece(
            opened.prompt.id,
            opened.prompt.name,
            0,
            PRODUCTION,
            live,
            opened.branch.variables,
            opened.branch.template_format,
        )
    else:
        wanted = opened.prompt.name, (selector,)
        root = (await found([wanted])).get(wanted)
    if root is None:
        return {"text": "", "problem": f"No version has the label {of}.", "parts": []}
    try:
        made = await composed(root, selector, found)
    except REFUSED as error:
        return {"text": "", "problem": error.detail, "parts": []}
    parts = [{"name": one.name, "number": one.number, "label": one.label} for one in made.includes]
    return {"text": made.text, "problem": "", "parts": parts}


async def meanings(desk: Desk, root: str, prompt_id: UUID, asked: Sequence[str]) -> dict[str, Any]:
    """By the reference as it is written, `name@label`: what it means in production."""
    wanted = [_reference(one) for one in dict.fromkeys(asked[:MOST_REFERENCES])]
    async with desk.database.transaction(write=False) as tx:
        opened = await Prompts(tx, desk.caller, desk.rooms).open(prompt_id)
        reading = Composition(tx, desk.caller, desk.rooms)
        targets = await reading.targets([name for name, _ in wanted])
        asking = Selector(PRODUCTION)
        pairs = {one: (one[0], referred(one[1] or None, asking)) for one in wanted}
        found = Found(tx, desk.caller)
        there = await found(pairs.values())
        answer = {}
        for one in wanted:
            piece = there.get(pairs[one])
            target = targets.get(one[0])
            answer["@".join(filter(None, one))] = await _meaning(
                found, root, opened, (one[1], target, piece)
            )
    return {"references": answer}


async def _meaning(
    found: Found, root: str, opened: Opened, what: tuple[str, Target | None, Piece | None]
) -> dict[str, Any]:
    label, target, piece = what
    if target is None:
        return {"problem": "There is no prompt of this name."}
    said: dict[str, Any] = {
        "title": target.title,
        "name": target.name,
        "href": f"{root}/prompts/{target.id}",
        "labels": [*target.labels, *([LATEST] if target.newest else [])],
    }
    if piece is None:
        place = f"under {label}" if label else "in production"
        return {**said, "problem": f"Nothing of it is released {place}."}
    if target.id == opened.prompt.id:
        return {**said, "problem": "This prompt cannot include itself."}
    said |= {"version": piece.number, "label": piece.label}
    try:
        made = await composed(piece, Selector(PRODUCTION), found)
    except REFUSED as error:
        return {**said, "problem": error.detail}
    if any(one.prompt_id == opened.prompt.id for one in made.includes):
        return {**said, "problem": "It includes this prompt: that would be a circle."}
    cut = made.text[:SHOWN]
    return {**said, "text": cut + ("…" if len(made.text) > len(cut) else "")}


async def names(desk: Desk, prompt_id: UUID, q: str) -> dict[str, Any]:
    """What completion offers after `{{>`: the best of a search, or what was edited last."""
    words = " ".join(q.replace("/", " ").replace("-", " ").split())[:200]
    async with desk.library.find(Filters(q=words)) as looking:
        await Prompts(looking.tx, desk.caller, desk.rooms).open(prompt_id)
        rows = (await looking.page(OFFERED, sort="best")).items
    return {
        "prompts": [
            {
                "name": row.name,
                "title": row.title,
                "labels": [*row.release.labels, *([LATEST] if row.release.newest else [])],
            }
            for row in rows
            if row.id != prompt_id
        ]
    }


def _reference(written: str) -> tuple[str, str]:
    name, _, label = written[:320].partition("@")
    return name, label


def _dependant(one: Dependant) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "name": one.name,
        "title": one.title,
        "archived": one.archived_at is not None,
        "uses": _uses(one),
    }


def _uses(one: Dependant | Included) -> list[dict[str, Any]]:
    """As chips: in which text by which label."""
    return [
        {
            "label": use.label,
            "name": use.name,
            "number": use.number or None,
            "labels": list(use.labels) or ([DRAFT] if not use.number else []),
            "candidate_of": list(use.candidate_of),
        }
        for use in one.uses
    ]


def _included(one: Included) -> dict[str, Any]:
    target = one.target
    return {
        "name": one.name,
        "id": str(target.id) if target else "",
        "title": target.title if target else "",
        "was": one.name if target and target.name != one.name else "",
        "now": target.name if target else "",
        "archived": False,
        "uses": _uses(one),
    }


def _news(one: News) -> dict[str, Any]:
    return {
        "id": str(one.target.id),
        "name": one.target.name,
        "title": one.target.title,
        "label": one.label,
        "number": one.number,
        "at": one.at,
        "candidate": one.rollout.version if one.rollout else None,
        "share": told(one.rollout.percent) if one.rollout else "",
    }
