"""What is done to the rows that were chosen in the library."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from litestar import Controller, Response, post
from litestar.params import FromPath

from app.domain.prompts.deps import AppRequest, DeskDep
from app.domain.prompts.library import bulk
from app.domain.prompts.library.bulk import Step
from app.web.htmx import announce, is_htmx, page, see_other

CHANGED = "library:changed"  # the page fetches its list again
_DONE = {
    bulk.TAG: "tagged {value}",
    bulk.UNTAG: "no longer tagged {value}",
    bulk.MOVE: "moved to {value}",
    bulk.LABEL: "labelled {value}: the newest version of each",
    bulk.ARCHIVE: "archived",
    bulk.BRING_BACK: "back from the archive",
}


class BulkPages(Controller):
    path = "/w/{workspace:str}/bulk"
    include_in_schema = False

    @post("/", name="prompts:bulk")
    async def change(
        self, request: AppRequest, desk: DeskDep, workspace: FromPath[str]
    ) -> Response[Any]:
        """Do one thing to many prompts, or (`back`) undo what was done to them."""
        form = await request.form()
        back = [str(one) for one in form.getall("back", [])]
        action, value = str(form.get("do", "")), " ".join(str(form.get("value", "")).split())
        ids = [str(one) for one in form.getall("id", [])]
        steps = list(_undoing(back)) if back else list(_wanted(ids, action, value))
        finished = await bulk.do_all(desk, steps)
        undo = finished.undo
        if not is_htmx(request):
            query = urlencode(parse_qsl(str(form.get("query", ""))))
            return see_other(request, f"/w/{workspace}/" + (f"?{query}" if query else ""))
        done = _told(undo, steps[0], is_undo=bool(back))
        response: Response[Any] = page(
            request,
            "prompts/_bulk_done.html",
            workspace={"slug": workspace},
            done=done,
            warnings=[one.detail for one in finished.warnings],
            undo=[] if back else [f"{one.prompt_id} {one.action} {one.value}" for one in undo],
        )
        announce(response, CHANGED)
        return response


def _wanted(ids: Sequence[str], action: str, value: str) -> Iterator[Step]:
    for one in ids[: bulk.MOST]:
        with contextlib.suppress(ValueError):
            yield Step(UUID(one), action, value)


def _undoing(back: Sequence[str]) -> Iterator[Step]:
    for one in back[: bulk.MOST]:
        prompt_id, _, rest = one.partition(" ")
        action, _, value = rest.partition(" ")
        with contextlib.suppress(ValueError):
            yield Step(UUID(prompt_id), action, value)


def _told(undo: Sequence[Step], first: Step, *, is_undo: bool) -> str:
    count = len(undo)
    prompts = "1 prompt" if count == 1 else f"{count:,} prompts"
    if not count:
        return "Nothing to change: they were like that already" + (
            ", or are not published yet." if first.action == bulk.LABEL else "."
        )
    if is_undo:
        return f"Undone for {prompts}"
    return f"{prompts} {_DONE[first.action].format(value=first.value or 'no folder')}"
