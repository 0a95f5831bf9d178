"""Importing on pages: bring files, look at what would happen, have it happen."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.exchange import queries, views
from app.domain.exchange.bounds import MOST_FILES, MOST_PACKED, PAGE_BYTES
from app.domain.exchange.deps import ImportsDep
from app.domain.exchange.errors import FileInvalid, ImportNotFound
from app.domain.exchange.imports import uploads
from app.domain.exchange.imports.deciding import CONFLICTS, Conflict
from app.domain.exchange.imports.uploads import Brought, Uploads
from app.domain.exchange.models import Import
from app.domain.exchange.packed import Packed, is_zip, unpacked
from app.domain.prompts.deps import AppRequest, DeskDep
from app.errors import Conflict as Clash
from app.errors import InvalidFields
from app.web.deps import Db, PageShell
from app.web.htmx import page, see_other
from app.web.nul import without_nul

_NAME_LONGEST = 200


class ImportPages(Controller):
    path = "/w/{workspace:str}/import"
    include_in_schema = False

    @get("/", name="exchange:begin")
    async def begin(self, request: AppRequest, desk: DeskDep, shell: PageShell) -> Response[Any]:
        desk.caller.require(Permission.PROMPTS_WRITE)
        """`?again=` an import: what was pasted for it is there to be mended."""
        uploads_of = Uploads(desk.database, desk.caller)
        text = await _pasted(uploads_of, request.query_params.get("again", ""))
        context = views.begin(await uploads_of.all()) | {"errors": {}, "text": text}
        return page(request, "exchange/begin.html", **shell, **context)

    @post("/", name="exchange:bring", request_max_body_size=PAGE_BYTES)
    async def bring(
        self,
        request: AppRequest,
        desk: DeskDep,
        imports: ImportsDep,
        shell: PageShell,
        workspace: FromPath[str],
    ) -> Response[Any]:
        """Files or a text, and then their preview."""
        mine = Uploads(desk.database, desk.caller)
        async with imports.reading(desk.caller):
            form = await request.form()
            files = list(_brought(form.getall("file", []), str(form.get("text", ""))))
            problem = _problem(files)
            if not problem:
                files = await asyncio.to_thread(_unpacked, files)
                problem = _too_much(files)
            if not problem:
                import_id = await mine.keep(files)
                await imports.look(desk.caller, import_id)
        if problem:
            text = str(form.get("text", ""))
            context = views.begin(await mine.all()) | {"errors": {"file": problem}, "text": text}
            return page(request, "exchange/begin.html", status=422, **shell, **context)
        return see_other(request, f"/w/{workspace}/import/{import_id}")

    @get("/{import_id:uuid}", name="exchange:import")
    async def show(
        self,
        request: AppRequest,
        desk: DeskDep,
        database: Db,
        shell: PageShell,
        import_id: FromPath[UUID],
    ) -> Response[Any]:
        """The preview, how far it is, or what came of it."""
        kept = await Uploads(database, desk.caller).open(import_id)
        context = views.show(kept, request.path_params["workspace"], await _ids(desk, kept))
        return page(request, "exchange/show.html", "exchange/_state.html", **shell, **context)

    @post("/{import_id:uuid}/check", name="exchange:check")
    async def check(
        self,
        request: AppRequest,
        desk: DeskDep,
        imports: ImportsDep,
        workspace: FromPath[str],
        import_id: FromPath[UUID],
    ) -> Response[Any]:
        """Other formats for the files, or some of them left out: the preview is made again."""
        mine = Uploads(desk.database, desk.caller)
        kept = await mine.open(import_id)
        if kept.state not in uploads.CAN_BEGIN:
            raise Clash("It is being imported, or is done.")
        form = await request.form()
        files = views.chosen_formats(kept.files, form)
        async with imports.reading(desk.caller):
            await mine.change(import_id, files=files)
            await imports.look(desk.caller, import_id)
        return see_other(request, f"/w/{workspace}/import/{import_id}")

    @post("/{import_id:uuid}/run", name="exchange:run")
    async def run(
        self,
        request: AppRequest,
        desk: DeskDep,
        imports: ImportsDep,
        workspace: FromPath[str],
        import_id: FromPath[UUID],
    ) -> Response[Any]:
        form = await request.form()
        choices = {
            name.removeprefix("for:"): _conflict(str(value))
            for name, value in form.items()
            if name.startswith("for:") and value
        }
        conflict = _conflict(str(form.get("conflict", "")))
        await imports.start(desk.caller, import_id, conflict, choices)
        return see_other(request, f"/w/{workspace}/import/{import_id}")

    @post("/{import_id:uuid}/discard", name="exchange:discard")
    async def discard(
        self,
        request: AppRequest,
        desk: DeskDep,
        workspace: FromPath[str],
        import_id: FromPath[UUID],
    ) -> Response[Any]:
        await Uploads(desk.database, desk.caller).discard(import_id)
        return see_other(request, f"/w/{workspace}/import")


async def _pasted(mine: Uploads, import_id: str) -> str:
    try:
        kept = await mine.open(UUID(import_id))
    except (ValueError, ImportNotFound):
        return ""
    async with mine.contents(kept) as files:
        found = (one for one in files if one.name == uploads.PASTED)
        # A file may be called so, too, and hold anything.
        return next((one.data.read().decode(errors="replace") for one in found), "")


def _brought(given: list[Any], text: str) -> Iterator[Brought]:
    taken: set[str] = set()
    for one in given:
        if isinstance(one, UploadFile):
            yield Brought(_free(_safe(one.filename), taken), one.file)
    if text.strip():
        yield Brought(_free(uploads.PASTED, taken), io.BytesIO(without_nul(text).encode()))


def _unpacked(files: list[Brought]) -> list[Brought]:
    """With the files in ZIPs beside the others. What is wrong with a ZIP its preview says."""
    made: list[Brought] = []
    taken = {one.name for one in files}
    for one in files:
        whole = None
        try:
            whole = unpacked(one.data, one.name) if is_zip(one.data) else None
            inner = whole.files() if isinstance(whole, Packed) else []
        except FileInvalid:
            inner = []
        one.data.seek(0)
        if not isinstance(whole, Packed) or not inner:
            made.append(one)
            continue
        made.append(Brought(one.name, io.BytesIO(), passed=whole.passed))
        for path, data in inner:
            made.append(Brought(_free(path, taken), io.BytesIO(data), is_packed=True))
    return made


def _too_much(files: list[Brought]) -> str:
    if sum(one.is_packed for one in files) > MOST_PACKED:
        return f"Bring at most {MOST_PACKED:,} files with prompts at once."
    if sum(one.data.seek(0, io.SEEK_END) for one in files) > PAGE_BYTES:
        return f"Bring at most {PAGE_BYTES // 1024**2} MiB at once, unpacked."
    for one in files:
        one.data.seek(0)
    return ""


def _safe(name: str) -> str:
    """A file's name as it may be shown; nothing is ever written under it."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[-_NAME_LONGEST:] or "file"


def _free(name: str, taken: set[str]) -> str:
    """Mistakes name their file, so each has a name of its own."""
    number, found = 1, name
    while found in taken:
        number += 1
        stem, dot, suffix = name.partition(".")
        found = f"{stem} ({number}){dot}{suffix}"
    taken.add(found)
    return found


def _problem(files: list[Brought]) -> str:
    if not files:
        return "Choose a file, or paste what is in one."
    if len(files) > MOST_FILES:
        return f"Bring at most {MOST_FILES} files at once."
    return ""


def _conflict(value: str) -> Conflict:
    if value not in CONFLICTS:
        raise InvalidFields({"conflict": f"Choose one of {', '.join(CONFLICTS)}."})
    return value


async def _ids(desk: Any, kept: Import) -> dict[str, UUID]:
    names = [one["name"] for one in kept.result.get("items", ())]
    if not names:
        return {}
    caller: Principal = desk.caller
    async with desk.database.transaction(write=False) as tx:
        return {one.name: one.id for one in await queries.named(tx, caller, names)}
