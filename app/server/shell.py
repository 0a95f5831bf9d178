"""What every signed-in page is drawn with: who is there, in which workspace, where to go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.datastructures import State
from litestar.di import Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Person
from app.db.engine import Database
from app.domain.accounts.policy import initials
from app.domain.accounts.service import House, People
from app.domain.bookmarks.service import at_hand
from app.domain.folders import service as folders
from app.domain.folders.policy import tree
from app.domain.inbox import service as inbox
from app.domain.prompts.ports import Filters, Finder
from app.domain.workspaces.service import Workspaces
from app.server.requests.authentication import VisitDep
from app.web.deps import SignedIn
from app.web.htmx import wants_fragment
from app.web.templates import shell as shell_of

AnyRequest = Request[Any, Any, State]


@dataclass(frozen=True, slots=True)
class Inside:
    """A workspace that queries may be narrowed to."""

    workspace_id: UUID


def _news(count: int) -> dict[str, int]:
    return {"count": count, "most": inbox.MOST_COUNTED}


_NOTHING: dict[str, Any] = {
    "stars": (),
    "views": (),
    "news": _news(0),
    "standing": None,
    "folders": (),
}


async def provide_shell(
    request: AnyRequest, state: State, person: SignedIn, visit: VisitDep
) -> dict[str, Any]:
    """The context of templates/layout/app.html."""
    mine = visit.workspaces if visit else ()
    slug = request.path_params.get("workspace")
    # An account page has no workspace of its own: it stays beside the first one.
    first = mine[0] if mine and not slug else None
    here = next((one for one in mine if one.slug == slug), first)
    if here is None or wants_fragment(request):  # a piece of a page has no sidebar
        beside = _NOTHING
    else:
        beside = await _beside(request, state, Inside(here.id), person)
    return {
        "shell": shell_of(request.cookies),
        "me": {
            "id": str(person.user_id),
            "name": person.name,
            "email": person.email,
            "hue": person.hue,
            "initials": initials(person.name),
        },
        "workspace": here,
        "workspaces": mine,
        **beside,
    }


async def _beside(
    request: AnyRequest, state: State, inside: Inside, person: Person
) -> dict[str, Any]:
    """Only a membership leads here, so all folders of its workspace are the person's to see."""
    finder: Finder = state.finder
    async with finder.looking(inside, Filters()) as (tx, found):
        nodes = tree(found.folders(), await folders.made(tx, inside))
        kept = await at_hand(tx, inside, person.user_id)
        unread = await inbox.unread(tx, inside, person.user_id)
        standing = await _standing(tx, request, inside, person)
    return {
        "stars": kept.stars,
        "views": kept.views,
        "news": _news(unread),
        "standing": standing,
        "folders": [
            {"path": node.path, "name": node.name, "above": node.parent, "count": node.total}
            for node in nodes
        ],
    }


async def _standing(
    tx: AsyncSession, request: AnyRequest, inside: Inside, person: Person
) -> inbox.Standing | None:
    """How the person stands to the prompt whose page it is."""
    prompt_id = request.path_params.get("prompt_id")
    if not isinstance(prompt_id, UUID):
        return None
    return await inbox.standing(tx, inside, person.user_id, prompt_id)


async def provide_house(state: State) -> House:
    """What visitors are told about this server."""
    database: Database = state.database
    # everywhere: whether there is exactly one
    async with database.everywhere().transaction(write=False) as tx:
        if not await People(tx).are_there():
            return House(is_empty=True, workspace_name=None)
        return House(is_empty=False, workspace_name=await Workspaces(tx).only_name())


PROVIDERS = {"shell": Provide(provide_shell), "house": Provide(provide_house)}
