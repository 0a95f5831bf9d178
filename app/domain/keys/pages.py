"""The page of a workspace's API keys."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission, Scope
from app.access.principal import Principal
from app.domain.accounts.deps import AppRequest
from app.domain.keys.service import Keys
from app.errors import InvalidFields
from app.web.deps import Caller, Db, OpenDoors, PageShell, Tx
from app.web.forms import chosen, typed
from app.web.htmx import page, see_other
from app.web.paging import MAX_LIMIT

_NOTHING_TYPED: dict[str, Any] = {
    "issued": None,
    "values": {"name": "", "scopes": [Scope.READ.value], "expires_in_days": ""},
    "errors": {},
}


class KeyPages(Controller):
    path = "/w/{workspace:str}/settings/keys"
    include_in_schema = False

    @get("/", name="keys:list")
    async def listed(
        self, request: AppRequest, tx: Tx, caller: Caller, shell: PageShell
    ) -> Response[Any]:
        context = await _keys(tx, caller, request.query_params.get("cursor"))
        return page(request, "keys/list.html", **shell, **context, **_NOTHING_TYPED)

    @post("/", name="keys:create")
    async def create(
        self, request: AppRequest, tx: Tx, caller: Caller, shell: PageShell
    ) -> Response[Any]:
        """Answers the page itself, not a redirect: the key is shown this once."""
        values: dict[str, Any] = await typed(request, "name", "expires_in_days")
        values["scopes"] = await chosen(request, "scopes")
        filled, status = _NOTHING_TYPED, 200
        try:
            days = _days(values["expires_in_days"])
            row, key = await Keys(tx, caller).create(values["name"], values["scopes"], days)
            filled = filled | {"issued": {"id": str(row.id), "name": row.name, "key": key}}
        except InvalidFields as error:
            filled, status = filled | {"values": values, "errors": error.fields}, 422
        context = await _keys(tx, caller)
        return page(request, "keys/list.html", status=status, **shell, **context, **filled)

    @post("/{key_id:uuid}/revoke", name="keys:revoke")
    async def revoke(
        self,
        request: AppRequest,
        database: Db,
        caller: Caller,
        doors: OpenDoors,
        key_id: FromPath[UUID],
    ) -> Response[Any]:
        async with database.transaction() as tx:
            await Keys(tx, caller).revoke(key_id)
        doors.access_changed(caller.workspace_id, f"key:{key_id}")
        return see_other(request, f"/w/{request.path_params['workspace']}/settings/keys")


def _days(text: str) -> int | None:
    """Nothing typed = for good."""
    if not text:
        return None
    if not text.isdecimal() or len(text) > 6:
        raise InvalidFields({"expires_in_days": "Enter a number of days."})
    return int(text)


async def _keys(tx: AsyncSession, caller: Principal, after: str | None = None) -> dict[str, Any]:
    if not caller.can(Permission.KEYS_MANAGE):
        return {"keys": [], "next_cursor": None, "can_manage": False}
    found = await Keys(tx, caller).page(MAX_LIMIT, after)
    return {
        "keys": [
            {
                "id": str(row.id),
                "name": row.name,
                "hint": row.hint,
                "scopes": row.scopes,
                "created_by": maker or "",
                "created_at": row.created_at,
                "used_at": row.used_at,
                "expires_at": row.expires_at,
            }
            for row, maker in found.items
        ],
        "next_cursor": found.next_cursor,
        "can_manage": True,
    }
