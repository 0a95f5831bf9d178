"""Versions, labels, differences, and the released prompts that programs fetch."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from litestar import Controller, Request, Response, delete, get, post, put
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from app.domain.prompts.names import Renamed
from app.domain.versions import policy
from app.domain.versions.comparing import compared
from app.domain.versions.deps import HistoryDep, LabelsDep, VersionsDep
from app.domain.versions.schemas import (
    BlameView,
    DiffView,
    LabelHistory,
    LabelInput,
    LabelView,
    PublishedView,
    PublishInput,
    ReleaseView,
    RestoreInput,
    VersionList,
    VersionView,
    blame_view,
    diff_view,
    label_view,
    move_view,
    published,
    release_view,
    summary,
    view,
)
from app.domain.versions.service import Published, Versions
from app.errors import InvalidFields
from app.web.paging import checked_limit, link_header

AppRequest = Request[Any, Any, State]
_AS_IT_IS = (
    "/?&=%"  # of an address that has its escapes already; whatever else a caller sent is not
)
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
        limit: FromQuery[int | None] = None,
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

    @get("/", name="api:label-history", operation_id="getLabelHistory")
    async def moves(
        self, history: HistoryDep, prompt_id: FromPath[UUID], label: FromPath[str]
    ) -> LabelHistory:
        """Where a label has been, the latest move first. Needs the scope `read`."""
        await history.open(prompt_id)
        moves = await history.moves(prompt_id, label)
        who = await history.named(move.actor for move in moves)
        return LabelHistory([move_view(move, who) for move in moves])

    @put("/", name="api:move-label", operation_id="moveLabel")
    async def move(
        self,
        labelling: LabelsDep,
        history: HistoryDep,
        prompt_id: FromPath[UUID],
        label: FromPath[str],
        data: JSONBody[LabelInput],
    ) -> LabelView:
        """Put a label on a version; programs that fetch the label get it at once.

        Lower-case names; `latest` moves by itself and is refused. Needs the scope `write`.
        """
        moved = await labelling.move(prompt_id, label, data.version)
        return label_view(moved, await history.named([moved.moved_by]))

    @delete("/", name="api:remove-label", operation_id="removeLabel")
    async def remove(
        self, labelling: LabelsDep, prompt_id: FromPath[UUID], label: FromPath[str]
    ) -> None:
        """Take a label off; programs that fetch it get 404 from then on. Needs `write`."""
        await labelling.remove(prompt_id, label)


class FetchApi(Controller):
    path = "/api/v1/fetch"
    tags = ["fetch"]

    @get(
        "/{name:path}",
        name="api:fetch",
        operation_id="fetchPrompt",
        responses={304: ResponseSpec(None, description="What the ETag stands for is current.")},
    )
    async def fetch(
        self,
        request: AppRequest,
        history: HistoryDep,
        name: FromPath[str],
        label: FromQuery[str | None] = None,
        version: FromQuery[int | None] = None,
    ) -> Response[ReleaseView]:
        """Fetch the released version of a prompt by its name, which may contain slashes.

        `label=staging`, `label=latest` or `version=7`; with neither, the label `production`.
        Send the ETag back as If-None-Match: while nothing was released the answer is 304,
        without a body. Archived prompts are served, too. Needs the scope `read`.

        A name that the prompt had before still answers, until another prompt takes it or it is
        released in the prompt's details. Such an answer says so: `renamed_from` holds the old
        name, and the headers `Promptroom-Renamed-To` (the new name), `Deprecation` (RFC 9745,
        since when) and `Link` with `rel="successor-version"` (where to ask from now on).
        """
        if label is not None and version is not None:
            raise InvalidFields({"version": "Give a label or a version, not both."})
        asked_name = name.strip("/")
        found = await history.released(asked_name, label, version)
        etag = f'"{found.row.id.hex}-{found.row.number}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if found.renamed is not None:
            headers |= _notice(request, found.renamed)
        if _matches(request.headers.get("If-None-Match", ""), etag):
            empty: Response[Any] = Response(None, status_code=304, headers=headers)
            return empty
        asked = None if version is not None else label or policy.PRODUCTION
        old_name = asked_name if found.renamed else None
        return Response(release_view(found.row, asked, old_name), headers=headers)


async def _answer(versions: Versions, prompt_id: UUID, done: Published) -> Response[PublishedView]:
    labels, who = await versions.shown(done.version)
    return Response(
        published(done.version, labels, who, is_new=done.is_new),
        status_code=201 if done.is_new else 200,
        headers={"Location": f"/api/v1/prompts/{prompt_id}/versions/{done.version.number}"},
    )


def _notice(request: AppRequest, renamed: Renamed) -> dict[str, str]:
    """Names are plain ASCII without spaces, so they go into headers as they are."""
    query = request.scope["query_string"].decode("latin-1")
    address = f"/api/v1/fetch/{renamed.name}" + (f"?{query}" if query else "")
    return {
        "Promptroom-Renamed-To": renamed.name,
        "Deprecation": f"@{int(renamed.since.timestamp())}",
        "Link": f'<{quote(address, safe=_AS_IT_IS)}>; rel="successor-version"',
    }


def _matches(header: str, etag: str) -> bool:
    """RFC 9110: a list of tags, or a star; weak tags compare like strong ones here."""
    sent = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return etag in sent or sent == ["*"]
