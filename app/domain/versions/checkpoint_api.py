"""Checkpoints: what the server keeps by itself between versions, for programs."""

from __future__ import annotations

from uuid import UUID

from litestar import Controller, Response, delete, get
from litestar.params import FromPath, FromQuery

from app.domain.prompts.deps import AppRequest
from app.domain.versions.checkpoint_schemas import (
    CheckpointList,
    CheckpointView,
    checkpoint_summary,
    checkpoint_view,
)
from app.domain.versions.deps import HistoryDep, VersionsDep
from app.web.paging import DEFAULT_LIMIT, checked_limit, link_header


class CheckpointApi(Controller):
    path = "/api/v1/prompts/{prompt_id:uuid}/checkpoints"
    tags = ["versions"]

    @get("/", name="api:checkpoints", operation_id="listCheckpoints")
    async def listed(
        self,
        request: AppRequest,
        history: HistoryDep,
        prompt_id: FromPath[UUID],
        limit: FromQuery[int] = DEFAULT_LIMIT,
        cursor: FromQuery[str | None] = None,
    ) -> Response[CheckpointList]:
        """List a prompt's checkpoints, the newest first, without their text.

        Needs the scope `read`. Follow `next_cursor`, or the Link header.
        """
        await history.open(prompt_id)
        found = await history.checkpoints(prompt_id, checked_limit(limit), cursor)
        who = await history.named({one["actor"] for row in found.items for one in row.contributors})
        items = [checkpoint_summary(row, who) for row in found.items]
        content = CheckpointList(items, found.next_cursor)
        return Response(content, headers=link_header(request, found))

    @get("/{checkpoint_id:uuid}", name="api:checkpoint", operation_id="getCheckpoint")
    async def show(
        self, history: HistoryDep, prompt_id: FromPath[UUID], checkpoint_id: FromPath[UUID]
    ) -> CheckpointView:
        """Get one checkpoint with its text and settings. Needs the scope `read`.

        To bring it back, change the prompt to its `text`, `config` and `variables`.
        """
        await history.open(prompt_id)
        row = await history.checkpoint(prompt_id, checkpoint_id)
        return checkpoint_view(row, await history.named(one["actor"] for one in row.contributors))

    @delete("/{checkpoint_id:uuid}", name="api:forget", operation_id="forgetCheckpoint")
    async def forget(
        self, versions: VersionsDep, prompt_id: FromPath[UUID], checkpoint_id: FromPath[UUID]
    ) -> None:
        """Delete a checkpoint for good, as when it holds a secret. Needs the scope `admin`."""
        await versions.forget(prompt_id, checkpoint_id)
