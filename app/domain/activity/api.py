"""A prompt's activity, for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery

from app.domain.activity.deps import ActivitiesDep, NarrowedDep
from app.domain.activity.schemas import ActivityList, view
from app.web.paging import DEFAULT_LIMIT, checked_limit, link_header


class ActivityApi(Controller):
    path = "/api/v1/prompts/{prompt_id:uuid}/activity"
    tags = ["prompts"]

    @get("/", name="api:activity", operation_id="listActivity")
    async def listed(
        self,
        request: Request[Any, Any, State],
        activities: ActivitiesDep,
        narrowed: NarrowedDep,
        prompt_id: FromPath[UUID],
        limit: FromQuery[int] = DEFAULT_LIMIT,
        cursor: FromQuery[str | None] = None,
    ) -> Response[ActivityList]:
        """List what happened to a prompt, the latest first.

        `kind` is `versions`, `labels`, `comments` or `changes`; `by` an actor such as
        `user:0197a3c2-6a53-7cc1-9d8b-2f6f4f7d1e11`. Needs the scope `read`. Follow
        `next_cursor`, or the Link header.
        """
        found = await activities.page(prompt_id, narrowed, checked_limit(limit), cursor)
        who = await activities.named([event.actor for event in found.items])
        items = [view(event, who[event.actor]) for event in found.items]
        return Response(ActivityList(items, found.next_cursor), headers=link_header(request, found))
