"""API keys: made, listed, recognised and revoked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission, Scope
from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.db.engine import Database
from app.domain.accounts.policy import check, name_problem
from app.domain.keys import policy, queries
from app.domain.keys.errors import KeyNotFound, KeyRefused
from app.domain.keys.models import ApiKey
from app.domain.workspaces import invitations
from app.domain.workspaces.models import Workspace
from app.kit import clock, cursor
from app.kit.ids import fingerprint, new_id
from app.web.paging import Page, cut


class Keys:
    """The API keys of the caller's workspace."""

    def __init__(self, tx: AsyncSession, caller: Principal) -> None:
        self._tx = tx
        self._caller = caller

    async def page(self, limit: int, after: str | None = None) -> Page[tuple[ApiKey, str | None]]:
        """Keys that are not revoked, the newest first; `after` is a cursor."""
        self._caller.require(Permission.KEYS_MANAGE)
        start = cursor.decode(after, tuple[UUID])[0] if after else None
        rows = await queries.listed(self._tx, self._caller, start, limit + 1)
        return cut(rows, limit, lambda row: (row[0].id,))

    async def create(
        self, name: str, scopes: Iterable[str], expires_in_days: int | None = None
    ) -> tuple[ApiKey, str]:
        """A key's row and the key itself, which nobody can see again. Raises `InvalidFields`."""
        self._caller.require(Permission.KEYS_MANAGE)
        check(name=name_problem(name, policy.NAME_LONGEST))
        granted = policy.scopes_named(scopes)
        life = policy.lifetime(expires_in_days)
        key = policy.new_key()
        row = _row(self._caller.workspace_id, name, granted, key)
        row.created_by = self._caller.user_id
        row.expires_at = row.created_at + life if life else None
        self._tx.add(row)
        await self._tx.flush()
        return row, key

    async def one(self, key_id: UUID) -> tuple[ApiKey, str | None]:
        """With the name of who made it. A key may look at itself. Raises `KeyNotFound`."""
        if key_id != self._caller.credential_id:
            self._caller.require(Permission.KEYS_MANAGE)
        found = await queries.named(self._tx, self._caller, key_id)
        if found is None:
            raise KeyNotFound("It may be revoked already.")
        return found

    async def revoke(self, key_id: UUID) -> None:
        """Raises `KeyNotFound`. Tell the doors after the commit."""
        self._caller.require(Permission.KEYS_MANAGE)
        if not await queries.revoke(self._tx, self._caller, key_id, clock.utc_now()):
            raise KeyNotFound("It may be revoked already.")
        await invitations.revoke_of_key(self._tx, self._caller, key_id)


async def create_key(
    tx: AsyncSession, workspace: Workspace, name: str, scopes: Iterable[str], given: str = ""
) -> str:
    """A key made by an operator: `given`, or a new one. Raises `InvalidFields`."""
    check(
        name=name_problem(name, policy.NAME_LONGEST),
        key=policy.given_key_problem(given) if given else "",
    )
    key = given or policy.new_key()
    tx.add(_row(workspace.id, name, policy.scopes_named(scopes), key))
    await tx.flush()
    return key


@dataclass(frozen=True, slots=True)
class Recognised:
    """Who acts with a key, when it was last used, and until when it is good."""

    principal: Principal
    used_at: datetime | None
    expires_at: datetime | None


async def recognise(tx: AsyncSession, key: str) -> tuple[Principal, datetime | None]:
    """Who acts with `key`, and when it was last used. Raises `KeyRefused`."""
    found = await recognised(tx, key)
    return found.principal, found.used_at


async def recognised(tx: AsyncSession, key: str) -> Recognised:
    """Raises `KeyRefused`."""
    row = None
    if not policy.given_key_problem(key):
        row = await queries.by_secret(tx, fingerprint(key), clock.utc_now())
    if row is None:
        is_torn = key.startswith(policy.PREFIX) and not policy.is_whole(key)
        raise KeyRefused(
            "It was not copied completely."
            if is_torn
            else "It does not exist, was revoked or has expired."
        )
    return Recognised(_principal(row), row.used_at, row.expires_at)


async def still_valid(tx: AsyncSession, where: InWorkspace, key_id: UUID) -> Principal:
    """The key's principal as of now. Raises `KeyRefused`."""
    row = await queries.live(tx, where, key_id, clock.utc_now())
    if row is None:
        raise KeyRefused("It was revoked or has expired.")
    return _principal(row)


async def touch(database: Database, principal: Principal) -> None:
    """Note that the key is in use."""
    async with database.within(principal).transaction() as tx:
        await queries.touch(tx, principal, principal.credential_id, clock.utc_now())


def _principal(row: ApiKey) -> Principal:
    scopes = frozenset(Scope(scope) for scope in row.scopes)
    return Principal.of_key(row.id, row.workspace_id, row.name, scopes)


def _row(workspace_id: UUID, name: str, scopes: frozenset[Scope], key: str) -> ApiKey:
    return ApiKey(
        id=new_id(),
        workspace_id=workspace_id,
        name=name,
        hint=policy.hint(key),
        secret_hash=fingerprint(key),
        scopes=sorted(scope.value for scope in scopes),
        created_at=clock.utc_now(),
    )
