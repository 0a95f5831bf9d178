"""Import and export, for programs."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from typing import IO, Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from app.access.permissions import Permission
from app.domain.exchange import detecting
from app.domain.exchange.bounds import FILE_BYTES
from app.domain.exchange.deps import ImportsDep
from app.domain.exchange.exports import exporting
from app.domain.exchange.imports.deciding import Conflict, Item
from app.domain.exchange.imports.importing import Importer
from app.domain.exchange.imports.running import at_pace
from app.domain.exchange.packed import is_zip, unpacked
from app.domain.exchange.schemas import ImportView, view
from app.domain.prompts.deps import DeskDep
from app.domain.prompts.service import Prompts
from app.web.deps import Caller, Db, Tx

AppRequest = Request[Any, Any, State]


@dataclass
class ImportOperation(Operation):
    """Its body is a file and no form: the handler reads it as it comes."""

    def __post_init__(self) -> None:
        self.request_body = RequestBody(
            required=True,
            description="The file as it is.",
            content={kind: OpenAPIMediaType(schema=schema) for kind, schema in _BODIES.items()},
        )


_BYTES = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
_BODIES = {
    "application/octet-stream": _BYTES,
    "application/zip": _BYTES,
    "application/json": Schema(description="Such as Langfuse's or OpenAI's."),
    "application/yaml": Schema(description="Such as GitHub's or MLflow's."),
    "text/plain": Schema(type=OpenAPIType.STRING, description="Such as Dotprompt or Prompty."),
}
ARCHIVE_BYTES = 1024 * 1024 * 1024  # over the network; the command takes larger ones
_IN_MEMORY = 1024 * 1024  # of a body; more of it waits on the disk


class ExchangeApi(Controller):
    path = "/api/v1"
    tags = ["exchange"]

    @post(
        "/import",
        name="api:import",
        operation_id="importPrompts",
        status_code=200,
        request_max_body_size=ARCHIVE_BYTES,
        operation_class=ImportOperation,
    )
    async def bring_in(  # what a call may say
        self,
        request: AppRequest,
        desk: DeskDep,
        imports: ImportsDep,
        *,
        file: FromQuery[str] = "import",
        conflict: FromQuery[Conflict] = "skip",
        dry_run: FromQuery[bool] = False,
    ) -> ImportView:
        """Import prompts from a file, which is the body as it is.

        An archive of Promptroom, or Langfuse JSON, Dotprompt, Prompty, OpenAI messages, MLflow or
        GitHub `.prompt.yml`, or a ZIP with any of these, such as of a repository: its folders
        become folders and names. `file` is its name, which helps to tell them apart. `conflict`
        says what happens where a name is taken by another text: `skip`, `rename`, or `update`,
        which edits the live text so that people who are writing lose nothing. Doing it again
        changes nothing; `dry_run=true` only says what would happen. A file with a mistake answers
        422 `import_file_invalid` with `line` and `column`, several answer `import_refused` and
        name each in `errors`; nothing is imported then. What the prompts include and nobody has is
        named in `missing`, and keeps nothing out. Needs the scope `write`.
        """
        desk.caller.require(Permission.PROMPTS_WRITE)
        importer = Importer(desk.database, desk.caller, desk.rooms)
        name = file.rsplit("/", 1)[-1][:255] or "import"
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as body:
            async with imports.arriving(desk.caller):
                async for chunk in at_pace(request.stream()):
                    body.write(chunk)
                body.seek(0)
                async with imports.turn(desk.caller):
                    items = await _taken_in(
                        _seekable(body), importer, name, conflict, is_rehearsal=dry_run
                    )
                    missing = await importer.missing()
        return view(items, missing, is_rehearsal=dry_run)

    @get("/export", name="api:export", operation_id="exportWorkspace", media_type="application/zip")
    async def send_out(self, database: Db, caller: Caller) -> Stream:
        """Export the workspace as an archive: a ZIP file, streamed while it is made.

        Every prompt with its versions, labels, folder, tags and what is being written now. The same
        workspace gives the same bytes. Needs the scope `read`.
        """
        caller.require(Permission.PROMPTS_READ)
        return Stream(
            exporting.stream(database, caller),
            media_type="application/zip",
            headers={"Content-Disposition": 'attachment; filename="workspace.promptroom.zip"'},
        )

    @get(
        "/prompts/{prompt_id:uuid}/export",
        name="api:export-prompt",
        operation_id="exportPrompt",
        media_type="application/octet-stream",
    )
    async def send_one(  # what a call may say
        self,
        tx: Tx,
        caller: Caller,
        desk: DeskDep,
        prompt_id: FromPath[UUID],
        *,
        format_name: Annotated[str, QueryParameter(name="format")] = "dotprompt",
        version: FromQuery[int | None] = None,
    ) -> Response[bytes]:
        """Export a prompt into a file of another tool.

        `format` is `langfuse`, `dotprompt`, `prompty`, `openai`, `mlflow`, `github` or
        `promptfoo`; without `version` it is what is being written now. A prompt that says something
        which the format has no words for answers 422 `export_impossible`. Needs the scope `read`.
        """
        form = detecting.named(format_name)
        opened = await Prompts(tx, caller, desk.rooms).open(prompt_id)
        record = await exporting.record(tx, caller, opened.prompt, version)
        name = form.file_name(opened.prompt.name)
        return Response(
            form.write(record),
            media_type=form.media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def _seekable(body: Any) -> IO[bytes]:
    found: IO[bytes] = body
    return found


async def _taken_in(
    body: IO[bytes], importer: Importer, name: str, conflict: Conflict, *, is_rehearsal: bool
) -> list[Item]:
    if is_zip(body):
        whole = await asyncio.to_thread(unpacked, body, name)
        return await importer.zip(whole, conflict, is_rehearsal=is_rehearsal)
    files = [(name, body.read(FILE_BYTES + 1))]
    return await importer.files(files, conflict, is_rehearsal=is_rehearsal)
