"""Where a prompt is used, for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, JSONBody

from app.domain.composition import renaming
from app.domain.composition.deps import ComposedDep
from app.domain.composition.renaming import Renaming
from app.domain.composition.schemas import (
    DependantList,
    OutdatedList,
    RenamedView,
    RenameInput,
    dependant_view,
    outdated_view,
    renamed_view,
)
from app.domain.prompts.deps import DeskDep
from app.web.deps import Caller, Tx
from app.web.paging import checked_limit, link_header


class DependantApi(Controller):
    path = "/api/v1/prompts/{prompt_id:uuid}/dependants"
    tags = ["prompts"]

    @get("/", name="api:dependants", operation_id="listDependants")
    async def listed(
        self,
        request: Request[Any, Any, State],
        composed: ComposedDep,
        prompt_id: FromPath[UUID],
        limit: FromQuery[int | None] = None,
        cursor: FromQuery[str | None] = None,
    ) -> Response[DependantList]:
        """List the prompts that include this one by `{{> name@label}}`, in the order of names.

        Counted are live texts, the newest versions, and versions with a label; what only older
        versions include is left out. A live text is listed some seconds after it was typed. Needs
        the scope `read`. Follow `next_cursor`, or the Link header.
        """
        found = await composed.dependants(prompt_id, checked_limit(limit), cursor)
        items = list(map(dependant_view, found.items))
        content = DependantList(items, found.next_cursor)
        return Response(content, headers=link_header(request, found))


class OutdatedApi(Controller):
    path = "/api/v1/prompts/{prompt_id:uuid}/outdated-references"
    tags = ["prompts"]

    @get("/", name="api:outdated-references", operation_id="listOutdatedReferences")
    async def listed(
        self,
        request: Request[Any, Any, State],
        tx: Tx,
        caller: Caller,
        *,
        prompt_id: FromPath[UUID],
        limit: FromQuery[int | None] = None,
        cursor: FromQuery[str | None] = None,
    ) -> Response[OutdatedList]:
        """List the prompts whose live text includes this one by a name that it had before.

        Old names go on working until another prompt takes them. A live text is listed some seconds
        after it was typed. Needs the scope `read`. Follow `next_cursor`, or the Link header.
        """
        found = await renaming.outdated(tx, caller, prompt_id, checked_limit(limit), cursor)
        content = OutdatedList(list(map(outdated_view, found.items)), found.next_cursor)
        return Response(content, headers=link_header(request, found))

    @post(
        "/",
        name="api:write-present-name",
        operation_id="writePresentName",
        status_code=200,
    )
    async def rewrite(
        self, desk: DeskDep, prompt_id: FromPath[UUID], data: JSONBody[RenameInput]
    ) -> RenamedView:
        """Write this prompt's present name into live texts that include it by an old one.

        An edit of each text by itself, of the old names alone: people who are writing there see it
        arrive and lose nothing. Versions stay as they are. At most 100 at once; doing it again
        changes nothing. Needs the scope `write`.
        """
        done = await Renaming(desk.database, desk.caller, desk.rooms).rewrite(
            prompt_id, data.prompt_ids
        )
        return renamed_view(done)
