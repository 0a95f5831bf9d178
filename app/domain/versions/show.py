"""What the pages about versions say: read in one transaction, put together for the templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.prompts import views as prompt_views
from app.domain.prompts.deps import Desk
from app.domain.prompts.people import Shown
from app.domain.prompts.ports import Standing
from app.domain.prompts.service import Opened
from app.domain.prompts.settings import settings_of
from app.domain.versions import heading, policy, views, voices
from app.domain.versions.comparing import Comparison, compared
from app.domain.versions.history import History, Side, side_of
from app.domain.versions.labels import show as label_show
from app.domain.versions.models import Version
from app.domain.versions.prompts_port import draft_note, people_of
from app.domain.versions.reading import blame_of, read_since
from app.domain.versions.timeline import leaf
from app.domain.versions.views import Address

SHORT = 200_000  # characters of two texts that are compared just to say what restoring changes


async def timeline(desk: Desk, prompt_id: UUID, address: Address) -> dict[str, Any]:
    """The context of versions/list.html beside the shell."""
    chosen = bool(address.new or address.old)
    async with desk.database.transaction(write=False) as tx:
        history = History(tx, desk.caller, desk.rooms)
        opened = await history.open(prompt_id)
        newest = await history.newest(prompt_id)
        draft = await history.draft(opened, newest)
        note = _note(draft, newest)
        address = _with_sides(address, newest, is_edited=bool(note))
        standing = await desk.releases.standing(tx, desk.caller, opened.branch, draft.text)
        shown = await leaf(history, prompt_id, address)
        sides = await _sides(history, opened, address, draft)
        wrote = await _people(history, prompt_id, *sides) if sides else 0
        writers = await history.named({*draft.contributors, *(_authors(sides[1]) if sides else ())})
        reasons = await label_show.reasons(tx, desk.caller)
        undo = await label_show.undo(tx, desk, prompt_id, address.moved)
    comparison = await compared(*sides) if sides else None
    gone = _gone(sides, standing)
    back = await compared(draft, gone) if gone and _is_short(draft, gone) else None
    restore = views.restore(gone.number if gone else None, standing.labels, back)
    page = Comparing(comparison, wrote, shown.options, writers, reasons)
    return {
        **heading.head(desk, opened, standing),
        "chosen": chosen,
        "undo": undo,
        "show": address.show,
        "draft": None
        if not note
        else {
            "note": note,
            "people": [writers[actor] for actor in draft.contributors],
            "href": address.href(to=policy.DRAFT, **{"from": ""}),
            "picked": address.new == policy.DRAFT,
        },
        **shown.context(address),
        **page.context(address, standing),
        "restore": restore,
    }


async def older(desk: Desk, prompt_id: UUID, address: Address) -> dict[str, Any]:
    """The context of versions/_days.html: the next page of the timeline, by itself."""
    async with desk.database.transaction(write=False) as tx:
        history = History(tx, desk.caller, desk.rooms)
        await history.open(prompt_id)
        shown = await leaf(history, prompt_id, address)
    return {"prompt": {"id": str(prompt_id)}, "show": address.show, **shown.context(address)}


class Comparing:
    """The right-hand side of the page."""

    def __init__(
        self,
        comparison: Comparison | None,
        wrote: int,
        options: Sequence[tuple[str, str]],
        people: dict[str, Shown],
        reasons: dict[str, str],
    ) -> None:
        self._reasons = reasons
        self._comparison = comparison
        self._wrote = wrote
        self._people = people
        self._options = options

    def context(self, address: Address, standing: Standing) -> dict[str, Any]:
        if self._comparison is None:
            return {"compare": None, "promote": None}
        return {
            "compare": views.compare(
                self._comparison, address, self._options, self._wrote, self._people
            ),
            "promote": views.promote(self._comparison.new.number, standing.labels, self._reasons),
        }


def _gone(sides: tuple[Side, Side] | None, standing: Standing) -> Side | None:
    """What Restore brings back: the older side is what somebody looks back at.

    What everybody is looking at already is nothing to bring back.
    """
    return next((side for side in sides or () if not _is_there(side.number, standing)), None)


def _is_short(*sides: Side) -> bool:
    return sum(len(side.text) for side in sides) <= SHORT


def _is_there(number: int | None, standing: Standing) -> bool:
    """Whether this version is the text that everybody is writing now; the draft always is."""
    return number is None or (number == standing.published and not standing.draft)


def _with_sides(address: Address, newest: Version | None, *, is_edited: bool) -> Address:
    """The address with what it leaves open filled in: newest against draft, else the two last."""
    if newest is None:
        return address
    new = address.new or (policy.DRAFT if is_edited else str(newest.number))
    old = address.old or _before(new, newest)
    return replace(address, old=old, new=new)


def _before(ref: str, newest: Version) -> str:
    """What a text is compared with when nothing was chosen: the version before it."""
    if ref.isascii() and ref.isdecimal() and len(ref) < 10:
        return str(int(ref) - 1) if int(ref) > 1 else ""
    return str(newest.number)


async def _sides(
    history: History, opened: Opened, address: Address, draft: Side
) -> tuple[Side, Side] | None:
    """None when there is nothing to compare with."""
    if not address.new or not address.old:
        return None
    old, new = [
        draft if ref == policy.DRAFT else await history.side(opened, ref)
        for ref in (address.old, address.new)
    ]
    return old, new


def _authors(side: Side) -> set[str]:
    return {span.actor for span in side.blame.spans() if span.actor}


async def _people(history: History, prompt_id: UUID, old: Side, new: Side) -> int:
    """How many wrote what was added between the two."""
    if new.number is None:
        return len(new.contributors)
    units = await history.contributors(prompt_id, old.number or 0, new.number)
    return len(units)


async def one(desk: Desk, prompt_id: UUID, number: int, address: Address) -> dict[str, Any]:
    """The context of versions/show.html beside the shell."""
    async with desk.database.transaction(write=False) as tx:
        history = History(tx, desk.caller, desk.rooms)
        opened = await history.open(prompt_id)
        version = await history.version(prompt_id, number)
        draft = await history.draft(opened, await history.newest(prompt_id))
        standing = await desk.releases.standing(tx, desk.caller, opened.branch, draft.text)
        labels = (await history.label_names(prompt_id))[number]
        who = await history.people([version])
        side = side_of(version)
        writers = await history.named(_authors(side))
        dates = await history.dates(prompt_id, side.blame)
        reasons = await label_show.reasons(tx, desk.caller)
    back = await compared(draft, side) if _is_short(draft, side) else None
    return {
        **heading.head(desk, opened, standing),
        "version": {
            "number": number,
            "message": version.message,
            "author": who[version.author],
            "people": people_of(version, who),
            "at": version.created_at,
            "labels": labels,
        },
        "passages": voices.passages(side, writers, dates),
        "has_authors": bool(writers),
        "settings": views.settings_list(version.config, version.template_format),
        "variables": views.variables_list(version.variables),
        "compare_href": address.href(to=str(number)) if number > 1 else "",
        "restore": None
        if _is_there(number, standing)
        else views.restore(number, standing.labels, back),
        "promote": views.promote(number, standing.labels, reasons),
    }


async def live_voices(desk: Desk, prompt_id: UUID) -> voices.Voices:
    """Who wrote what of the live text. Raises `PromptNotFound`."""
    async with desk.database.transaction(write=False) as tx:
        history = History(tx, desk.caller, desk.rooms)
        opened = await history.open(prompt_id)
        newest = await history.newest(prompt_id)
        reading = await read_since(desk.rooms, opened.branch.id, newest)
        written = await blame_of(reading, newest)
        people = await history.named({span.actor for span in written.spans() if span.actor})
        dates = await history.dates(prompt_id, written)
    return voices.voices(reading.epoch, newest.number if newest else 0, written, people, dates)


async def publish(desk: Desk, prompt_id: UUID) -> dict[str, Any]:
    """The context of versions/_publish.html beside the shell."""
    desk.caller.require(Permission.PROMPTS_READ)
    async with desk.database.transaction(write=False) as tx:
        history = History(tx, desk.caller, desk.rooms)
        opened = await history.open(prompt_id)
        desk.caller.require(Permission.VERSIONS_PUBLISH)
        newest = await history.newest(prompt_id)
        draft = await history.draft(opened, newest)
        standing = await desk.releases.standing(tx, desk.caller, opened.branch, draft.text)
        writers = await history.named(draft.contributors)
        reasons = await label_show.reasons(tx, desk.caller)
    comparison = await compared(side_of(newest), draft) if newest else None
    message = (
        policy.suggested_message(comparison.rows, comparison.fields)
        if comparison
        else "First version"
    )
    names = _first_names(desk.caller, {actor: who.name for actor, who in writers.items()})
    return {
        "prompt": prompt_views.prompt(opened),
        "next_number": (standing.published or 0) + 1,
        "changed": comparison is None or not comparison.is_empty,
        "summary": views.publish_summary(names, standing.published),
        "message": message[: policy.MESSAGE_LONGEST],
        "suggested": True,
        "labels": ticked(views.choosable(standing.labels, reasons), ()),
        "errors": {},
    }


def ticked(labels: Sequence[dict[str, Any]], chosen: Sequence[str]) -> list[dict[str, Any]]:
    return [{**label, "checked": label["name"] in chosen} for label in labels]


def published(prompt_id: UUID, number: int, moved: Sequence[str]) -> dict[str, Any]:
    """The context of versions/_published.html."""
    return {"prompt": {"id": str(prompt_id)}, "number": number, "moved": list(moved)}


def _note(draft: Side, newest: Version | None) -> str:
    sha256 = policy.content_sha256(draft.text, settings_of(draft))
    return draft_note(newest, sha256, draft.text)


def _first_names(caller: Principal, names: dict[str, str]) -> list[str]:
    others = [name.split()[0] for actor, name in names.items() if actor != caller.actor]
    return [*others, "you"] if caller.actor in names else others
