"""The timeline with its comparison, one version, publishing, restoring and labels."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.domain.prompts.deps import AppRequest, Desk, DeskDep
from app.domain.versions import policy, show
from app.domain.versions.deps import VersionsDep
from app.domain.versions.drawing import Unfold
from app.domain.versions.replay import Place, replay
from app.domain.versions.views import Address
from app.domain.versions.voices import Voices
from app.errors import Conflict, InvalidFields
from app.web.deps import PageShell
from app.web.forms import chosen, typed
from app.web.htmx import is_htmx, page, rendered, see_other


class VersionPages(Controller):
    path = "/w/{workspace:str}/prompts/{prompt_id:uuid}"
    include_in_schema = False

    @get("/versions", name="versions:list")
    async def listed(
        self,
        request: AppRequest,
        desk: DeskDep,
        shell: PageShell,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        context = await show.timeline(desk, prompt_id, _address(request))
        if (compare := context["compare"]) and not compare["identical"]:
            compare["table"] = await rendered(request, "versions/_table.html", compare=compare)
        return page(request, "versions/list.html", **shell, **context)

    @get("/versions/timeline", name="versions:timeline")
    async def older(
        self, request: AppRequest, desk: DeskDep, prompt_id: FromPath[UUID]
    ) -> Response[Any]:
        """More of the timeline, for htmx; without it "Older" is a page of its own."""
        context = await show.older(desk, prompt_id, _address(request))
        return page(request, "versions/_days.html", **_place(request), **context)

    @get("/versions/replay", name="versions:replay")
    async def replay(
        self, request: AppRequest, desk: DeskDep, shell: PageShell, prompt_id: FromPath[UUID]
    ) -> Response[Any]:
        query = request.query_params
        at = query.get("at", "")
        place = Place(
            f"{_base(request)}/versions",
            query.get("from", "1"),
            query.get("to", policy.DRAFT),
            _whole(at) if at else None,
        )
        context = await replay(desk, prompt_id, place)
        return page(request, "versions/replay.html", "versions/_step.html", **shell, **context)

    @post("/versions/checkpoints/{checkpoint_id:uuid}/forget", name="versions:forget")
    async def forget(
        self,
        request: AppRequest,
        versions: VersionsDep,
        prompt_id: FromPath[UUID],
        checkpoint_id: FromPath[UUID],
    ) -> Response[Any]:
        await versions.forget(prompt_id, checkpoint_id)
        return see_other(request, f"{_base(request)}/versions?show=checkpoints")

    @get("/versions/{number:int}", name="versions:show")
    async def version(
        self,
        desk: DeskDep,
        shell: PageShell,
        request: AppRequest,
        prompt_id: FromPath[UUID],
        number: FromPath[int],
    ) -> Response[Any]:
        context = await show.one(desk, prompt_id, number, _address(request))
        return page(request, "versions/show.html", **shell, **context)

    @get("/voices", name="versions:voices")
    async def voices(self, desk: DeskDep, prompt_id: FromPath[UUID]) -> Response[Voices]:
        """For the editor's author bars."""
        found = await show.live_voices(desk, prompt_id)
        return Response(found, headers={"Cache-Control": "private, no-store"})

    @get("/publish", name="versions:publish-form")
    async def publish_form(
        self, request: AppRequest, desk: DeskDep, shell: PageShell, prompt_id: FromPath[UUID]
    ) -> Response[Any]:
        context = await show.publish(desk, prompt_id)
        return page(request, "versions/publish.html", "versions/_publish.html", **shell, **context)

    @post("/publish", name="versions:publish")
    async def publish(
        self,
        request: AppRequest,
        desk: DeskDep,
        versions: VersionsDep,
        shell: PageShell,
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        message = (await typed(request, "message"))["message"]
        labels = await chosen(request, "labels")
        try:
            done = await versions.publish(prompt_id, message, labels)
        except (InvalidFields, Conflict) as error:
            context = await show.publish(desk, prompt_id)
            context |= {"message": message, "errors": _about_form(error), "suggested": False}
            context["labels"] = show.ticked(context["labels"], labels)
            return page(
                request,
                "versions/publish.html",
                "versions/_publish.html",
                status=422,
                **shell,
                **context,
            )
        if not done.is_new:
            return await _unchanged(request, desk, shell, prompt_id)
        if not is_htmx(request):
            return see_other(request, f"{_base(request)}/versions?to={done.version.number}")
        context = show.published(prompt_id, done.version.number, done.moved)
        return page(request, "versions/_published.html", **_place(request), **context)

    @post("/versions/{number:int}/restore", name="versions:restore")
    async def restore(
        self,
        request: AppRequest,
        versions: VersionsDep,
        prompt_id: FromPath[UUID],
        number: FromPath[int],
    ) -> Response[Any]:
        await versions.restore(prompt_id, number)
        return see_other(request, _base(request))


async def _unchanged(
    request: AppRequest, desk: Desk, shell: dict[str, Any], prompt_id: UUID
) -> Response[Any]:
    """The dialog again, which now says that there is nothing to publish."""
    context = await show.publish(desk, prompt_id) | {"changed": False}
    return page(request, "versions/publish.html", "versions/_publish.html", **shell, **context)


def _about_form(error: InvalidFields | Conflict) -> dict[str, str]:
    """A refused label is told beside the labels, and so is what could not be put together."""
    if isinstance(error, Conflict):
        return {"labels": error.detail}
    return {"labels" if name == "label" else name: text for name, text in error.fields.items()}


def _base(request: AppRequest) -> str:
    params = request.path_params
    return f"/w/{params['workspace']}/prompts/{params['prompt_id']}"


def _place(request: AppRequest) -> dict[str, Any]:
    return {"workspace": {"slug": request.path_params["workspace"]}}


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0


def _address(request: AppRequest) -> Address:
    query = request.query_params
    return Address(
        base=f"{_base(request)}/versions",
        old=query.get("from", ""),
        new=query.get("to", ""),
        mode="inline" if query.get("mode") == "inline" else "split",
        show="checkpoints" if query.get("show") == "checkpoints" else "published",
        start=_whole(query.get("start", "")),
        unfold=Unfold.read(query.get("fold", "")),
        cursor=query.get("cursor", ""),
        day=query.get("day", "")[:10],
        moved=_id(query.get("moved", "")),
    )
