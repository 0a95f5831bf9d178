"""Where labels are, taking a move back, and who may move them, for programs."""

from __future__ import annotations

from uuid import UUID

from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from app.access.permissions import Permission, Role
from app.domain.prompts.deps import AppRequest
from app.domain.prompts.shapes import warning_view
from app.domain.versions import policy
from app.domain.versions.deps import HistoryDep, LabelsDep
from app.domain.versions.errors import LabelNotFound
from app.domain.versions.labels.list_schemas import (
    LabelList,
    ProtectionInput,
    ProtectionList,
    ProtectionView,
    UndoInput,
    mark_of,
)
from app.domain.versions.labels.schemas import UndoneLabelView, label_view, move_view
from app.domain.workspaces.service import Workspaces
from app.kit import cursor as cursors
from app.web.conditional import answered
from app.web.deps import Caller, Tx
from app.web.paging import DEFAULT_LIMIT, cut, limit_up_to, link_header

MOST_AT_ONCE = 2_000  # to who asks for no limit


class LabelListApi(Controller):
    path = "/api/v1/prompts/{prompt_id:uuid}/labels"
    tags = ["labels"]

    @get("/", name="api:labels", operation_id="listLabels")
    async def listed(self, history: HistoryDep, prompt_id: FromPath[UUID]) -> LabelList:
        """List a prompt's labels, and which version each is on. Needs the scope `read`."""
        await history.open(prompt_id)
        found = await history.labels(prompt_id)
        who = await history.named(one.moved_by for one in found)
        return LabelList([label_view(one, who) for one in found])


class LabelUndoApi(Controller):
    path = "/api/v1/prompts/{prompt_id:uuid}/labels/{label:str}/undo"
    tags = ["labels"]

    @post("/", name="api:undo-label", operation_id="undoLabelMove", status_code=200)
    async def undo(
        self,
        labelling: LabelsDep,
        history: HistoryDep,
        prompt_id: FromPath[UUID],
        label: FromPath[str],
        data: JSONBody[UndoInput],
    ) -> Response[UndoneLabelView]:
        """Put a label back to where it was before its last move.

        That is never refused for what prompts include: `warnings` says what programs cannot be
        given since. A move that is not the last one any more answers 409 `label_moved_since`. The
        answer is the label's history, this move included. Needs the scope `write`.
        """
        warnings = await labelling.undo(prompt_id, label, data.move)
        moves = await history.moves_page(prompt_id, label, DEFAULT_LIMIT)
        who = await history.named(move.actor for move in moves.items)
        content = UndoneLabelView(
            [move_view(move, who) for move in moves.items],
            moves.next_cursor,
            [warning_view(one) for one in warnings],
        )
        etag = mark_of(moves.items[0])
        return answered(content, etag) if etag else Response(content)


class ProtectionApi(Controller):
    path = "/api/v1/label-protection"
    tags = ["labels"]

    @get("/", name="api:protected-labels", operation_id="listProtectedLabels")
    async def listed(
        self,
        request: AppRequest,
        tx: Tx,
        caller: Caller,
        limit: FromQuery[int | None] = None,
        cursor: FromQuery[str | None] = None,
    ) -> Response[ProtectionList]:
        """List the labels of the workspace that only some may move.

        Follow `next_cursor`, or the Link header. Needs the scope `read`.
        """
        caller.require(Permission.MEMBERS_READ)
        most = limit_up_to(MOST_AT_ONCE, limit)
        after = cursors.decode(cursor, tuple[str])[0] if cursor else ""
        roles = sorted((await Workspaces(tx).label_roles(caller)).items())
        rows = [(label, role) for label, role in roles if label > after]
        found = cut(rows, most, lambda row: (row[0],))
        content = ProtectionList([_view(*row) for row in found.items], found.next_cursor)
        return Response(content, headers=link_header(request, found))

    @put("/{protected:str}", name="api:protect-label", operation_id="protectLabel")
    async def protect(
        self, tx: Tx, caller: Caller, protected: FromPath[str], data: JSONBody[ProtectionInput]
    ) -> ProtectionView:
        """Let only a role, and those above it, move a label, on every prompt.

        Keys with the scope `admin` may always; those with `write` may not. Needs the scope
        `admin`.
        """
        caller.require(Permission.WORKSPACE_MANAGE)
        policy.check_label(protected)
        role = Role(data.role)
        await Workspaces(tx).protect_label(caller, protected, role)
        return _view(protected, role)

    @delete("/{protected:str}", name="api:unprotect-label", operation_id="unprotectLabel")
    async def unprotect(self, tx: Tx, caller: Caller, protected: FromPath[str]) -> None:
        """Let everybody who may move labels move this one. Needs the scope `admin`."""
        caller.require(Permission.WORKSPACE_MANAGE)
        workspaces = Workspaces(tx)
        if protected not in await workspaces.label_roles(caller):
            raise LabelNotFound(f"{protected} is not protected.")
        await workspaces.protect_label(caller, protected, None)


def _view(label: str, role: Role) -> ProtectionView:
    return ProtectionView(label, str(role))  # type: ignore[arg-type]  # one that protects
