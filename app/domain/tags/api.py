"""Tags, for programs."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, delete, get, patch
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, JSONBody

from app.domain.tags.deps import TagsDep
from app.domain.tags.schemas import TagList, TagRename, TagView
from app.domain.tags.service import MOST_AT_ONCE, Tags
from app.web.conditional import (
    NOT_MODIFIED,
    Conditions,
    ConditionsDep,
    KnownDep,
    answered,
    tag_of,
)
from app.web.paging import limit_up_to, link_header

AppRequest = Request[Any, Any, State]


class TagApi(Controller):
    path = "/api/v1/tags"
    tags = ["tags"]

    @get("/", name="api:tags", operation_id="listTags")
    async def listed(
        self,
        request: AppRequest,
        tagging: TagsDep,
        limit: FromQuery[int | None] = None,
        cursor: FromQuery[str | None] = None,
    ) -> Response[TagList]:
        """List the tags with how many prompts have each.

        Follow `next_cursor`, or the Link header. Needs the scope `read`.
        """
        found = await tagging.page(limit_up_to(MOST_AT_ONCE, limit), cursor)
        items = [TagView(name, number) for name, number in found.items]
        return Response(TagList(items, found.next_cursor), headers=link_header(request, found))

    @get("/{tag:path}", name="api:tag", operation_id="getTag", responses={304: NOT_MODIFIED})
    async def show(
        self, tagging: TagsDep, known: KnownDep, tag: FromPath[str]
    ) -> Response[TagView]:
        """Get one tag with how many prompts have it. Needs the scope `read`."""
        content = TagView(*await tagging.one(tag.removeprefix("/")))
        return answered(content, tag_of(content), known)

    @patch("/{tag:path}", name="api:rename-tag", operation_id="renameTag")
    async def rename(
        self,
        tagging: TagsDep,
        conditions: ConditionsDep,
        tag: FromPath[str],
        data: JSONBody[TagRename],
    ) -> TagView:
        """Rename a tag on every prompt that has it, or merge it into another.

        When prompts have the new one already the answer is 409 `tag_taken` with their number; with
        `merge` the two become one, which cannot be undone. Needs the scope `write`.
        """
        await _check(tagging, conditions, tag.removeprefix("/"))
        name, number = await tagging.rename(tag.removeprefix("/"), data.name, merges=data.merge)
        return TagView(name, number)

    @delete("/{tag:path}", name="api:remove-tag", operation_id="removeTag")
    async def remove(self, tagging: TagsDep, conditions: ConditionsDep, tag: FromPath[str]) -> None:
        """Take a tag off every prompt. Needs the scope `write`."""
        await _check(tagging, conditions, tag.removeprefix("/"))
        await tagging.remove(tag.removeprefix("/"))


async def _check(tagging: Tags, conditions: Conditions, tag: str) -> None:
    if conditions.are_given:
        conditions.check(tag_of(TagView(*await tagging.one(tag, holds=True))))
