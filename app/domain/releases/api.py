"""The released prompts that programs fetch, and the stream of what changes in them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Controller, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from app.access.permissions import Permission
from app.access.principal import Principal
from app.db.engine import Database
from app.domain.prompts.old_names import Renamed
from app.domain.releases import queries
from app.domain.releases.bundling import bundle
from app.domain.releases.deps import AppRequest, Asked, Served
from app.domain.releases.errors import TooManyReaders
from app.domain.releases.events import last_event
from app.domain.releases.reader import Reader
from app.domain.releases.record import Headers, Record, matches
from app.domain.releases.schemas import (
    BundleView,
    ChangeList,
    ReleaseView,
    RenderedMessage,
    RenderedView,
    RenderInput,
    change_view,
)
from app.domain.releases.selector import LARGEST, PRODUCTION, Selector
from app.domain.releases.stream import ChangeStream, missed
from app.errors import InvalidFields
from app.web.deps import Db, Tx
from app.web.paging import DEFAULT_LIMIT, Page, checked_limit, link_header

_decode = msgspec.json.Decoder(ReleaseView).decode
MOST_READERS_OF_A_KEY = 200  # on one worker; each costs some 50 KiB
_AS_IT_IS = (
    "/?&=%"  # of an address that has its escapes already; whatever else a caller sent is not
)


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
        asked: Asked,
        name: FromPath[str],
        label: FromQuery[str | None] = None,
        version: FromQuery[int | None] = None,
    ) -> Response[ReleaseView]:
        """Fetch the released version of a prompt by its name, which may contain slashes.

        `label=staging`, `label=latest` or `version=7`; with neither, the label `production`. A
        parameter that is nearly one of these (`lable`) is a 422, any other stranger is ignored.
        Send the ETag back as If-None-Match: while nothing was released the answer is 304,
        without a body. Archived prompts are served, too. Needs the scope `read`.

        References to other prompts, `{{> name@label}}`, are replaced by what is released there;
        `includes` says what that was. Without a label a reference means the label asked for, and
        production where the included prompt has no such label; a number is that version.

        A label that splits (a rollout) gives some callers another version. Say who asks, by
        `key=` or the header `Promptroom-Sticky-Key`: the same key always gets the same version,
        of included prompts, too. Without a key it is the standing version. `rollouts` says which
        labels split and what this key got.

        A name that the prompt had before still answers, until another prompt takes it or it is
        released in the prompt's details. Such an answer says so: `renamed_from` holds the old
        name, and the headers `Promptroom-Renamed-To` (the new name), `Deprecation` (RFC 9745,
        since when) and `Link` with `rel="successor-version"` (where to ask from now on).
        """
        counted = asked.admit()
        asked.refuse_slips("label", "version")
        selector = selector_of(label, version)
        sticky = asked.sticky
        record = await asked.releases.get(asked.caller, name.strip("/"), selector, sticky)
        return _answer(request, record, counted)

    @post("/{name:path}", name="api:render", operation_id="renderPrompt", status_code=200)
    async def render(
        self,
        asked: Asked,
        name: FromPath[str],
        data: JSONBody[RenderInput],
        label: FromQuery[str | None] = None,
        version: FromQuery[int | None] = None,
    ) -> Response[RenderedView]:
        """Fetch a released version with its variables filled in.

        The address is the one that fetches, with `/render` at its end, which may be left out:
        `POST /api/v1/fetch/support/refund-triage/render`. `{{name}}` and `{{name.part}}` become
        what is given, or the default; texts as they are, everything else as JSON. What is put in
        is not read as a template again. A prompt whose `template_format` is `jinja` is rendered
        by Jinja in a sandbox, with limits on time, memory and length; a 422 names the line. A
        variable that is missing or of another type than declared is a 422 that names it; what is
        given and not used is left aside. A sticky key counts as when fetching. Needs the scope
        `read`.
        """
        wanted = name.strip("/").removesuffix("/render")
        counted = _pairs(asked.admit())
        asked.refuse_slips("label", "version")
        selector = selector_of(label, version)
        record = await asked.releases.get(asked.caller, wanted, selector, asked.sticky)
        found = _decode(record.body)
        messages = await asked.releases.rendered(asked.caller, found, data.variables)
        view = RenderedView(
            found.id,
            found.name,
            found.version,
            found.label,
            [RenderedMessage(one.role, one.content) for one in messages],  # type: ignore[arg-type]
            found.config,
            found.rollouts,
        )
        return Response(view, headers=counted)


class BundleApi(Controller):
    path = "/api/v1/bundle"
    tags = ["fetch"]

    @get(
        "/",
        name="api:bundle",
        operation_id="fetchBundle",
        responses={304: ResponseSpec(None, description="What the ETag stands for is current.")},
    )
    async def bundle(
        self,
        request: AppRequest,
        asked: Asked,
        tx: Tx,
        label: FromQuery[str] = PRODUCTION,
        limit: FromQuery[int] = DEFAULT_LIMIT,
        cursor: FromQuery[str | None] = None,
    ) -> Response[BundleView]:
        """Fetch everything that is released under a label, to start a program warm.

        Pages in the order of names, each as `fetch` answers it; follow `next_cursor`, or the Link
        header. A page of long texts ends before `limit`. A page has an ETag of its own: send it
        back as If-None-Match. A sticky key counts as when fetching. Needs the scope `read`.
        """
        asked.caller.require(Permission.PROMPTS_READ)
        counted = asked.admit()
        asked.refuse_slips("label", "limit", "cursor")
        page, following = await bundle(
            tx, asked.caller, label, cursor, checked_limit(limit), asked.sticky
        )
        answer = _answer(request, page, counted)
        answer.headers.update(link_header(request, Page([], following)))
        return answer


class ChangesApi(Controller):
    path = "/api/v1/changes"
    tags = ["fetch"]

    @get(
        "/",
        name="api:changes",
        operation_id="streamChanges",
    )
    async def changes(
        self, request: AppRequest, served: Served, database: Db
    ) -> Response[ChangeList]:
        """Be told of every change in what programs get, as server-sent events.

        `change` says what changed; `ready` says that everything before it was told, and is sent
        once at the beginning: fetch after it. Send the id of the last event back as
        `Last-Event-ID`, as browsers and most clients do by themselves, and what was missed comes
        first. `resync` instead of that: too much or too long ago (30 days), fetch everything
        anew. A prompt is also another one when one that it includes has changed: see `includes`
        of its answer. A comment line every ten seconds says that the stream lives.
        Without `Accept: text/event-stream` the answer is a list of what was missed. Needs the
        scope `read`.
        """
        caller, news = served.caller, served.releases.news
        caller.require(Permission.PROMPTS_READ)
        served.admit()
        last = last_event(request.headers.get("Last-Event-ID", ""))
        if "text/event-stream" not in request.headers.get("Accept", ""):
            return Response(await _list(database, caller, last))
        if news.readers_of(caller.credential_id) >= MOST_READERS_OF_A_KEY:
            raise TooManyReaders("Close some of them, or use one for several.", retry_after=5)
        reader = Reader(caller.workspace_id, caller.credential_id)
        return EventResponse(ChangeStream(database, news, reader, last))


class EventResponse(Response[Any]):
    """Litestar's frame around it."""

    def __init__(self, stream: ChangeStream) -> None:
        super().__init__(b"", media_type="text/event-stream")
        self._stream = stream

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        return _Streaming(self._stream)


class _Streaming(ASGIResponse):
    def __init__(self, stream: ChangeStream) -> None:
        super().__init__(media_type="text/event-stream")
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._stream.run(scope, receive, send)


async def _list(database: Database, caller: Principal, last: tuple[int, str] | None) -> ChangeList:
    async with database.within(caller).transaction(write=False) as tx:
        seq = await queries.head(tx, caller)
        rows, mark = await missed(tx, caller, last, seq)
    return ChangeList([change_view(row) for row in rows or ()], rows is not None, f"{seq}-{mark}")


def selector_of(label: str | None, version: int | None) -> Selector:
    """Raises `InvalidFields`."""
    if label is not None and version is not None:
        raise InvalidFields({"version": "Give a label or a version, not both."})
    if version is not None and not 0 < version <= LARGEST:
        return Selector(None, 0)  # nothing is there
    return Selector.of(label, version)


def _answer(request: AppRequest, record: Record, counted: Headers) -> Response[Any]:
    is_same = matches(request.headers.get("If-None-Match", ""), record.etag)
    pairs = [*(record.headers_304 if is_same else record.headers), *counted]
    headers = _pairs(pairs)
    headers.pop("content-length", None)
    if record.renamed is not None:
        headers |= _notice(request, record.renamed)
    if is_same:
        empty: Response[Any] = Response(None, status_code=304, headers=headers)
        return empty
    return Response(record.body, headers=headers)


def _pairs(headers: Headers) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers}


def _notice(request: AppRequest, renamed: Renamed) -> dict[str, str]:
    """Names are plain ASCII without spaces, so they go into headers as they are."""
    query = request.scope["query_string"].decode("latin-1")
    address = f"/api/v1/fetch/{renamed.name}" + (f"?{query}" if query else "")
    return {
        "Promptroom-Renamed-To": renamed.name,
        "Deprecation": f"@{int(renamed.since.timestamp())}",
        "Link": f'<{quote(address, safe=_AS_IT_IS)}>; rel="successor-version"',
    }
