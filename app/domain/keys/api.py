"""API keys, for programs with the scope `admin`."""

from __future__ import annotations

from uuid import UUID

from litestar import Controller, Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from app.domain.accounts.deps import AppRequest
from app.domain.keys.schemas import IssuedKey, KeyList, KeyView, NewKey, issued, view
from app.domain.keys.service import Keys
from app.web.deps import Caller, Db, OpenDoors, Tx
from app.web.paging import DEFAULT_LIMIT, checked_limit, link_header


class KeyApi(Controller):
    path = "/api/v1/keys"
    tags = ["keys"]

    @get("/", name="api:keys", operation_id="listKeys")
    async def listed(
        self,
        request: AppRequest,
        tx: Tx,
        caller: Caller,
        limit: FromQuery[int] = DEFAULT_LIMIT,
        cursor: FromQuery[str | None] = None,
    ) -> Response[KeyList]:
        """List the keys of the workspace that are not revoked, the newest first.

        Needs the scope `admin`. A key itself is never shown again, only its first and last
        characters.
        """
        found = await Keys(tx, caller).page(checked_limit(limit), cursor)
        content = KeyList([view(row, maker) for row, maker in found.items], found.next_cursor)
        return Response(content, headers=link_header(request, found))

    @get("/{key_id:uuid}", name="api:key", operation_id="getKey")
    async def show(self, tx: Tx, caller: Caller, key_id: FromPath[UUID]) -> KeyView:
        """Get a key: its name, scopes, when it was last used and until when it is good.

        Needs the scope `admin`; every key may look at itself.
        """
        return view(*await Keys(tx, caller).one(key_id))

    @get("/self", name="api:own-key", operation_id="getOwnKey")
    async def own(self, tx: Tx, caller: Caller) -> KeyView:
        """Get the key that makes this call: what it may do, and until when. Needs any scope."""
        return view(*await Keys(tx, caller).one(caller.credential_id))

    @post("/", name="api:create-key", operation_id="createKey")
    async def create(self, tx: Tx, caller: Caller, data: JSONBody[NewKey]) -> Response[IssuedKey]:
        """Make a key with the scopes `read`, `write` or `admin`.

        Needs the scope `admin`. `key` in the answer is shown this once.
        """
        row, key = await Keys(tx, caller).create(data.name, data.scopes, data.expires_in_days)
        headers = {"Cache-Control": "no-store", "Location": f"/api/v1/keys/{row.id}"}
        return Response(issued(row, key), headers=headers)

    @delete("/{key_id:uuid}", name="api:revoke-key", operation_id="revokeKey")
    async def revoke(
        self, database: Db, caller: Caller, doors: OpenDoors, key_id: FromPath[UUID]
    ) -> None:
        """Revoke a key: calls with it fail at once, and its open rooms close.

        Needs the scope `admin`. A key may revoke itself.
        """
        async with database.within(caller).transaction() as tx:
            await Keys(tx, caller).revoke(key_id)
        doors.access_changed(caller.workspace_id, f"key:{key_id}")
