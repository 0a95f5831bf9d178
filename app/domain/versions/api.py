"""Versions, labels and differences."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, delete, get, post, put
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from app.domain.versions import policy
from app.domain.versions.comparing import compared
from app.domain.versions.deps import HistoryDep, LabelsDep, PartDep, VersionsDep
from app.domain.versions.errors import LabelNotFound
from app.domain.versions.labels.labels import Labels
from app.domain.versions.labels.list_schemas import mark_of
from app.domain.versions.labels.schemas import (
    LabelHistory,
    LabelInput,
    MovedLabelView,
    move_view,
    moved_view,
)
from app.domain.versions.schemas import (
    BlameView,
    DiffView,
    PublishedView,
    PublishInput,
    RestoreInput,
    VersionList,
    VersionView,
    blame_view,
    diff_view,
    published,
    summary,
    view,
)
from app.domain.versions.service import Published, Versions
from app.web.conditional import (
    NOT_MODIFIED,
    Conditions,
    ConditionsDep,
    KnownDep,
    answered,
)
from app.web.paging import DEFAULT_LIMIT, checked_limit, link_header

AppRequest = Request[Any, Any, State]
UNCHANGED = ResponseSpec(
    PublishedView, description="Nothing changed: the newest version, with `created` false."
)


class VersionApi(Controller):
    path = "/api/v1/prompts/{prompt_id:uuid}"
    tags = ["versions"]

    @get("/versions", name="api:versions", operation_id="listVersions")
    async def listed(
        self,
        request: AppRequest,
        history: HistoryDep,
        prompt_id: FromPath[UUID],
        limit: FromQuery[int] = DEFAULT_LIMIT,
        cursor: FromQuery[str | None] = None,
    ) -> Response[VersionList]:
        """List a prompt's versions, the newest first, without their text.

        Needs the scope `read`. Follow `next_cursor`, or the Link header.
        """
        await history.open(prompt_id)
        found = await history.page(prompt_id, checked_limit(limit), cursor)
        labels = await history.label_names(prompt_id)
        who = await history.people(found.items)
        items = [summary(one, labels[one.number], who) for one in found.items]
        return Response(VersionList(items, found.next_cursor), headers=link_header(request, found))

    @post(
        "/versions", name="api:publish", operation_id="publishVersion", responses={200: UNCHANGED}
    )
    async def publish(
        self, versions: VersionsDep, prompt_id: FromPath[UUID], data: JSONBody[PublishInput]
    ) -> Response[PublishedView]:
        """Publish what is there now as the next version.

        Answers 201 with the new version. When text and settings equal the newest version there
        is no new one: the answer is 200 with that version, `created` false and `code`
        `version_unchanged`; labels are moved all the same, so that publishing twice does no
        harm. Needs the scope `write`.
        """
        done = await versions.publish(prompt_id, data.message, data.labels)
        return await _answer(versions, prompt_id, done)

    @get("/versions/{number:int}", name="api:version", operation_id="getVersion")
    async def show(
        self, history: HistoryDep, prompt_id: FromPath[UUID], number: FromPath[int]
    ) -> VersionView:
        """Get one version with its text and settings. Needs the scope `read`."""
        await history.open(prompt_id)
        version = await history.version(prompt_id, number)
        labels = await history.label_names(prompt_id)
        return view(version, labels[number], await history.people([version]))

    @get("/diff", name="api:diff", operation_id="diffVersions")
    async def diff(
        self,
        history: HistoryDep,
        prompt_id: FromPath[UUID],
        old: Annotated[str, QueryParameter(name="from")] = policy.LATEST,
        new: Annotated[str, QueryParameter(name="to")] = policy.DRAFT,
    ) -> DiffView:
        """Compare two texts word by word.

        `from` and `to` are version numbers, labels, `latest`, or `draft` for the live text.
        Without `to` it is `draft`, without `from` the newest version. Needs the scope `read`.
        """
        opened = await history.open(prompt_id)
        before, after = await history.side(opened, old), await history.side(opened, new)
        return diff_view(await compared(before, after))

    @get("/blame", name="api:blame", operation_id="blameText")
    async def blame(
        self,
        history: HistoryDep,
        prompt_id: FromPath[UUID],
        of: Annotated[str, QueryParameter(name="of")] = policy.DRAFT,
    ) -> BlameView:
        """Say who wrote each piece of a text, and with which version it came.

        `of` is a version number, a label, `latest`, or `draft` for the live text. Words that
        were restored stay their author's. Needs the scope `read`.
        """
        side = await history.side(await history.open(prompt_id), of)
        people = await history.named(one.actor for one in side.blame.spans() if one.actor)
        return blame_view(side, people, await history.dates(prompt_id, side.blame))

    @post("/restore", name="api:restore", operation_id="restoreVersion", responses={200: UNCHANGED})
    async def restore(
        self, versions: VersionsDep, prompt_id: FromPath[UUID], data: JSONBody[RestoreInput]
    ) -> Response[PublishedView]:
        """Bring a version's text and settings back, as an edit that everyone sees arrive.

        What was not published is kept as a checkpoint, then the result is published as a new
        version with `restored_from`. Labels stay where they are. Needs the scope `write`.
        """
        done = await versions.restore(prompt_id, data.version)
        return await _answer(versions, prompt_id, done)


class LabelApi(Controller):
    path = "/api/v1/prompts/{prompt_id:uuid}/labels/{label:str}"
    tags = ["labels"]

    @get(
        "/",
        name="api:label-history",
        operation_id="getLabelHistory",
        responses={304: NOT_MODIFIED},
    )
    async def moves(
        self,
        request: AppRequest,
        history: HistoryDep,
        known: KnownDep,
        part: PartDep,
        prompt_id: FromPath[UUID],
        label: FromPath[str],
    ) -> Response[LabelHistory]:
        """Where a label has been, the latest move first.

        The ETag stands for where the label is now, on every page. Follow `next_cursor`, or the Link
        header. Needs the scope `read`.
        """
        await history.open(prompt_id)
        newest = await history.moves(prompt_id, label, 1)
        if not newest:
            raise LabelNotFound(f"No version ever had the label {label}.")
        found = await history.moves_page(prompt_id, label, part.limit, part.cursor)
        who = await history.named(move.actor for move in found.items)
        content = LabelHistory([move_view(move, who) for move in found.items], found.next_cursor)
        etag = mark_of(newest[0])
        response = answered(content, etag, known) if etag else Response(content)
        response.headers.update(link_header(request, found))
        return response

    @put("/", name="api:move-label", operation_id="moveLabel")
    async def move(
        self,
        labelling: LabelsDep,
        history: HistoryDep,
        *,
        conditions: ConditionsDep,
        prompt_id: FromPath[UUID],
        label: FromPath[str],
        data: JSONBody[LabelInput],
    ) -> Response[MovedLabelView]:
        """Put a label on a version; programs that fetch the label get it at once.

        With `rollout` another version, the candidate, goes to a share of those who bring a sticky
        key: `{"version": 3, "rollout": {"version": 4, "percent": 10}}`. The same with another
        percentage raises or lowers it. `{"version": 4}` promotes the candidate to everybody,
        `{"version": 3}` stops and gives everybody version 3: a label without `rollout` does not
        split. Lower-case names; `latest` moves by itself and is refused. With the ETag of the label
        as If-Match nobody's rollback is undone by mistake. What includes other prompts has to be
        complete under the label, and what includes this one has to stay so: otherwise the answer
        is 409, `reference_unresolved`, `reference_cycle` or `references_too_large`, and the label
        stays where it was. A version that the label has been on, without a candidate for more than
        before, is put back at once, whatever includes it: `warnings` says what programs cannot be
        given since. Needs the scope `write`.
        """
        await _check(labelling, conditions, prompt_id, label)
        moved = await labelling.move(prompt_id, label, data.version, data.wanted)
        content = moved_view(moved, await history.named([moved.label.moved_by]))
        etag = mark_of(await labelling.last_move(prompt_id, label))
        return answered(content, etag) if etag else Response(content)

    @delete("/", name="api:remove-label", operation_id="removeLabel")
    async def remove(
        self,
        *,
        labelling: LabelsDep,
        conditions: ConditionsDep,
        prompt_id: FromPath[UUID],
        label: FromPath[str],
        confirm: FromQuery[bool] = False,
    ) -> None:
        """Take a label off; programs that fetch it get 404 from then on.

        When released prompts include this one under the label, the answer is a 409
        `still_included` that names them: programs that fetch those would get an error. With
        `confirm=true` the label goes all the same. Needs the scope `write`.
        """
        await _check(labelling, conditions, prompt_id, label)
        await labelling.remove(prompt_id, label, confirmed=confirm)


async def _check(labelling: Labels, conditions: Conditions, prompt_id: UUID, label: str) -> None:
    """With the prompt held, so that nobody moves the label between here and our own move."""
    if conditions.are_given:
        conditions.check(mark_of(await labelling.last_move(prompt_id, label, holds=True)))


async def _answer(versions: Versions, prompt_id: UUID, done: Published) -> Response[PublishedView]:
    labels, who = await versions.shown(done.version)
    return Response(
        published(done.version, labels, who, is_new=done.is_new),
        status_code=201 if done.is_new else 200,
        headers={"Location": f"/api/v1/prompts/{prompt_id}/versions/{done.version.number}"},
    )
