"""Where a prompt is used, for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery

from app.domain.composition.deps import ComposedDep
from app.domain.composition.schemas import DependantList, dependant_view
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
