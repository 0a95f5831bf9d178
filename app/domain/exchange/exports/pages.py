"""Exporting on pages: what each format would lose is said before anything is downloaded."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from app.access.permissions import Permission
from app.domain.exchange import detecting
from app.domain.exchange.exports import exporting, losing, snippets
from app.domain.exchange.imports.previewing import ARCHIVE
from app.domain.prompts.deps import AppRequest, Desk, DeskDep
from app.domain.prompts.errors import PromptNotFound
from app.web.deps import PageShell
from app.web.forms import chosen, typed
from app.web.htmx import page
from app.web.links import absolute

MOST = 200  # prompts of a selection, as in the library


class ExportPages(Controller):
    """The whole workspace, or what was chosen in the library."""

    path = "/w/{workspace:str}/export"
    include_in_schema = False

    @get("/", name="exchange:export")
    async def whole(self, request: AppRequest, desk: DeskDep, shell: PageShell) -> Response[Any]:
        desk.caller.require(Permission.PROMPTS_READ)
        async with desk.database.transaction(write=False) as tx:
            count = await exporting.count(tx, desk.caller)
        return page(request, "exchange/export.html", **shell, **_ways(count, []))

    @post("/", name="exchange:export-chosen", status_code=200)
    async def some(self, request: AppRequest, desk: DeskDep, shell: PageShell) -> Response[Any]:
        ids = await _chosen(request, desk)
        return page(request, "exchange/export.html", **shell, **_ways(len(ids), ids))

    @get("/file", name="exchange:archive")
    async def archive(self, desk: DeskDep, workspace: FromPath[str]) -> Stream:
        desk.caller.require(Permission.PROMPTS_READ)
        return _download(
            exporting.stream(desk.database, desk.caller), f"{workspace}.promptroom.zip"
        )

    @post("/file", name="exchange:files", status_code=200)
    async def files(self, request: AppRequest, desk: DeskDep, workspace: FromPath[str]) -> Stream:
        """What was chosen: as an archive, or each in a file of one format."""
        ids = await _chosen(request, desk)
        what = (await typed(request, "as"))["as"] or ARCHIVE
        if what == ARCHIVE:
            pieces = exporting.stream(desk.database, desk.caller, only=ids)
            return _download(pieces, f"{workspace}-{len(ids)}.promptroom.zip")
        form = detecting.named(what)
        pieces = exporting.files(desk.database, desk.caller, ids, form)
        return _download(pieces, f"{workspace}-{len(ids)}.{form.name}.zip")


class PromptExportPages(Controller):
    path = "/w/{workspace:str}/prompts/{prompt_id:uuid}/export"
    include_in_schema = False

    @get("/", name="exchange:export-prompt")
    async def show(
        self,
        request: AppRequest,
        desk: DeskDep,
        shell: PageShell,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
        version: FromQuery[int | None] = None,
    ) -> Response[Any]:
        async with desk.database.transaction(write=False) as tx:
            found = await exporting.shown(tx, desk.caller, prompt_id, version)
        lost = await asyncio.to_thread(losing.losses, found.record)
        code = []
        if found.label:
            text, config = found.released
            code = snippets.snippets(
                absolute(request, "").rstrip("/"), found.name, found.label, text, config
            )
        context: dict[str, Any] = {
            "prompt": {"id": str(prompt_id), "title": found.title, "name": found.name},
            "version": version,
            "numbers": found.numbers,
            "losses": [
                {
                    "name": one.form.name,
                    "title": one.form.title,
                    "lost": _listed(one.lost),
                    "problem": one.problem,
                }
                for one in lost
            ],
            "snippets": code,
            "label": found.label,
        }
        whole, fragment = "exchange/export_prompt.html", "exchange/_export_prompt.html"
        return page(request, whole, fragment, **shell, **context)

    @get("/file", name="exchange:prompt-file")
    async def file(
        self,
        desk: DeskDep,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
        *,
        format_name: Annotated[str, QueryParameter(name="as")] = "dotprompt",
        version: FromQuery[int | None] = None,
    ) -> Response[bytes]:
        form = detecting.named(format_name)
        async with desk.database.transaction(write=False) as tx:
            found = await exporting.shown(tx, desk.caller, prompt_id, version)
        data = await asyncio.to_thread(form.write, found.record)
        name = form.file_name(found.name)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(data, media_type=form.media_type, headers=headers)


def _ways(count: int, ids: list[UUID]) -> dict[str, Any]:
    """The context of exchange/export.html beside the shell."""
    forms = detecting.FORMATS.values()
    formats = [{"name": one.name, "title": one.title, "unsaid": one.unsaid} for one in forms]
    return {"count": count, "ids": [str(one) for one in ids], "formats": formats if ids else []}


async def _chosen(request: AppRequest, desk: Desk) -> list[UUID]:
    """Those that are there. Raises `PromptNotFound` when none of them is."""
    desk.caller.require(Permission.PROMPTS_READ)
    ids = list(_ids(await chosen(request, "id")))
    async with desk.database.transaction(write=False) as tx:
        found = await exporting.those(tx, desk.caller, ids)
    if not found:
        raise PromptNotFound("Choose prompts first. These may have been taken away.")
    return found


def _ids(given: list[str]) -> Iterator[UUID]:
    for one in given[:MOST]:
        with contextlib.suppress(ValueError):
            yield UUID(one)


def _download(pieces: Any, name: str) -> Stream:
    """`name` is made of slugs, numbers and formats alone."""
    return Stream(
        pieces,
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _listed(words: tuple[str, ...]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
