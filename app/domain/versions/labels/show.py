"""What the pages about labels say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission, Role
from app.access.principal import Principal
from app.domain.prompts.deps import Desk
from app.domain.prompts.people import Shown
from app.domain.versions import heading, policy
from app.domain.versions.errors import LabelNotFound
from app.domain.versions.history import History
from app.domain.versions.labels import queries as label_queries
from app.domain.versions.models import LabelMove
from app.domain.workspaces.service import Workspaces
from app.kit import clock
from app.kit.rollouts import BUCKETS, Rollout
from app.web.paging import DEFAULT_LIMIT

CANDIDATES = 25  # versions to choose from; older ones by the API
UNDO = timedelta(minutes=10)  # how long the page after a move offers to take it back


async def history(
    desk: Desk, prompt_id: UUID, name: str, moved: UUID | None = None, cursor: str = ""
) -> dict[str, Any]:
    """The context of versions/label.html beside the shell.

    Raises `LabelNotFound`, `InvalidCursor`.
    """
    async with desk.database.transaction(write=False) as tx:
        read = History(tx, desk.caller, desk.rooms)
        opened = await read.open(prompt_id)
        text = (await desk.rooms.read(opened.branch.id)).text
        standing = await desk.releases.standing(tx, desk.caller, opened.branch, text)
        moves = await read.moves(prompt_id, name)
        listed = await read.moves_page(prompt_id, name, DEFAULT_LIMIT, cursor)
        people = await read.named(one.actor for one in listed.items)
        reason = (await reasons(tx, desk.caller)).get(name, "")
        others = await read.page(prompt_id, CANDIDATES + 1)
        taken_back = await undo(tx, desk, prompt_id, moved)
    if not moves:
        raise LabelNotFound(f"{name} has never been on a version.")
    return {
        **heading.head(desk, opened, standing),
        "label_name": name,
        "number": (number := moves[0].to_number),
        "rollout": _split(number, moves[0].rollouts[1]),
        "candidates": [one.number for one in others.items if one.number != number][:CANDIDATES],
        "seen": str(moves[0].id),
        "undo": taken_back,
        "refused": None,
        "moves": [_move(one, people) for one in listed.items],
        "cursor": cursor,
        "next_cursor": listed.next_cursor,
        "rollback": _rollback(moves),
        "reason": reason,
    }


def has_form_for(context: Mapping[str, Any], number: int) -> bool:
    """Whether the label's page, with that context, asks for the share of version `number`."""
    if context["rollout"] is not None:
        return bool(context["rollout"]["version"] == number)
    return number in context["candidates"]


def _move(one: LabelMove, people: Mapping[str, Shown]) -> dict[str, Any]:
    return {
        "before": one.from_number,
        "after": one.to_number,
        "had": _split(one.from_number, one.rollouts[0]),
        "has": _split(one.to_number, one.rollouts[1]),
        "by": people[one.actor],
        "at": one.moved_at,
    }


def _split(number: int | None, rollout: Rollout | None) -> dict[str, Any] | None:
    """Such as {version: 4, percent: "10", rest: "90"}: numbers as people write them."""
    if number is None or rollout is None:
        return None
    rest = (BUCKETS - rollout.share) * 100 / BUCKETS
    return {
        "version": rollout.version,
        "percent": f"{rollout.percent:.10g}",
        "rest": f"{rest:.10g}",
    }


def _rollback(moves: Sequence[LabelMove]) -> int | None:
    """The version that the label was on before the one it is on now."""
    now = moves[0].to_number
    before = (one.from_number for one in moves)
    return next((number for number in before if number not in (None, now)), None)


async def reasons(tx: AsyncSession, caller: Principal) -> dict[str, str]:
    """Which labels the caller may not move, and why."""
    roles = await Workspaces(tx).label_roles(caller)
    return {
        name: policy.protection(name, roles)
        for name in roles
        if not policy.may_move(caller, name, roles)
    }


async def undo(
    tx: AsyncSession, desk: Desk, prompt_id: UUID, move_id: UUID | None
) -> dict[str, Any] | None:
    """The `undo` of versions/_undo.html: a move just made, while it can be taken back."""
    caller = desk.caller
    if move_id is None or not caller.can(Permission.LABELS_MOVE):
        return None
    made = await label_queries.move(tx, caller, prompt_id, move_id)
    if made is None or clock.utc_now() - made.moved_at > UNDO or made.actor != caller.actor:
        return None
    [last] = await label_queries.moves(tx, caller, prompt_id, made.label, 1)
    if last.id != made.id:
        return None
    split = _split(made.to_number, made.rollouts[1])
    place = f"is on v{made.to_number}" if made.to_number else "is on no version"
    if split is not None:
        place += f", and v{split['version']} for {split['percent']} %"
    problems = await desk.releases.problems(tx, caller, prompt_id, made.label)
    return {
        "move": str(made.id),
        "label": made.label,
        "text": f"{made.label} {place}",
        "problems": [one.detail for one in problems],
    }


def settings(roles: Mapping[str, Role]) -> dict[str, Any]:
    """The context of versions/label_settings.html: the usual labels, then what is protected."""
    names = [
        *policy.USUAL_LABELS,
        *(one for one in sorted(roles) if one not in policy.USUAL_LABELS),
    ]
    return {
        "labels": [{"name": name, "role": str(roles.get(name, ""))} for name in names],
        "roles": [str(role) for role in policy.PROTECTING],
    }
