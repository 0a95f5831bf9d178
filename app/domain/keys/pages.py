"""The page of a workspace's API keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission, Scope
from app.access.principal import Principal
from app.domain.accounts.deps import AppRequest
from app.domain.keys.models import ApiKey
from app.domain.keys.service import Keys
from app.domain.workspaces.service import whom_to_ask
from app.errors import InvalidFields
from app.kit import clock
from app.web.deps import Caller, Db, OpenDoors, PageShell, Tx
from app.web.forms import chosen, typed
from app.web.htmx import page, see_other
from app.web.links import absolute
from app.web.paging import MAX_LIMIT

_NOTHING_TYPED: dict[str, Any] = {
    "created": None,
    "values": {"name": "", "scopes": [Scope.READ.value]},
    "errors": {},
    "open": False,
}
_STALE_AFTER = timedelta(days=60)  # unused for so long, a key is probably not needed


class KeyPages(Controller):
    path = "/w/{workspace:str}/settings/keys"
    include_in_schema = False

    @get("/", name="keys:list")
    async def listed(
        self, request: AppRequest, tx: Tx, caller: Caller, shell: PageShell
    ) -> Response[Any]:
        context = await _keys(request, tx, caller, request.query_params.get("cursor"))
        return page(request, "keys/list.html", **shell, **context, **_NOTHING_TYPED)

    @post("/", name="keys:create")
    async def create(
        self, request: AppRequest, tx: Tx, caller: Caller, shell: PageShell
    ) -> Response[Any]:
        """Answers with the key, not a redirect: it is shown this once."""
        name = (await typed(request, "name"))["name"]
        scopes = await chosen(request, "scopes")
        try:
            row, key = await Keys(tx, caller).create(name, scopes)
        except InvalidFields as error:
            values = {"name": name, "scopes": scopes}
            filled = _NOTHING_TYPED | {"values": values, "errors": error.fields, "open": True}
            fragment, status = "keys/_new_form.html", 422
        else:
            filled = _NOTHING_TYPED | {"created": {"name": row.name, "secret": key}}
            fragment, status = "keys/_created.html", 201
        context = await _keys(request, tx, caller)
        return page(
            request, "keys/list.html", fragment, status=status, **shell, **context, **filled
        )

    @post("/{key_id:uuid}/revoke", name="keys:revoke")
    async def revoke(
        self,
        request: AppRequest,
        database: Db,
        caller: Caller,
        doors: OpenDoors,
        key_id: FromPath[UUID],
    ) -> Response[Any]:
        async with database.within(caller).transaction() as tx:
            await Keys(tx, caller).revoke(key_id)
        doors.access_changed(caller.workspace_id, f"key:{key_id}")
        return see_other(request, f"/w/{request.path_params['workspace']}/settings/keys")


async def _keys(
    request: AppRequest, tx: AsyncSession, caller: Principal, after: str | None = None
) -> dict[str, Any]:
    """The page without the form; whoever may not manage keys is told whom to ask."""
    context: dict[str, Any] = {
        "keys": [],
        "cursor": after or "",
        "next_cursor": "",
        "can_manage": caller.can(Permission.KEYS_MANAGE),
        "admins": await whom_to_ask(tx, caller),
        "public_url": absolute(request, ""),
    }
    if context["can_manage"]:
        found = await Keys(tx, caller).page(MAX_LIMIT, after)
        context["keys"] = [_key(row, maker) for row, maker in found.items]
        context["next_cursor"] = found.next_cursor or ""
    return context


def _key(row: ApiKey, maker: str | None) -> dict[str, Any]:
    now = clock.utc_now()
    return {
        "id": str(row.id),
        "name": row.name,
        "hint": row.hint,
        "scopes": row.scopes,
        "created_at": row.created_at,
        "created_by": maker or "operator",  # made on the command line, or by somebody deleted
        "last_used_at": row.used_at,
        "is_stale": now - (row.used_at or row.created_at) > _STALE_AFTER,
        "expires_at": row.expires_at,
        "is_expired": row.expires_at is not None and row.expires_at <= now,
    }
