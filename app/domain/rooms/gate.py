"""Who may enter a room, and who may stay."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import msgspec
import structlog

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.rooms import limits
from app.domain.rooms.events import ACCESS_TOPIC, AccessChanged
from app.domain.rooms.hub.hub import Hub
from app.domain.rooms.hub.open_room import Open
from app.domain.rooms.room.member import Member
from app.domain.rooms.wire import protocol
from app.domain.rooms.wire.protocol import CloseCode
from app.errors import AppError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a socket brought along; at most one of them counts, the first that is there."""

    ticket: str = ""
    bearer: str = ""
    cookies: str = ""  # the raw Cookie header


class Gatekeeper(Protocol):
    """Knows people, keys and memberships; the server supplies it."""

    async def admit(self, document_id: UUID, credentials: Credentials) -> Principal:
        """Who this is in the room's workspace. Raises `Unauthenticated` or `NotFound`."""

    async def recheck(self, document_id: UUID, principal: Principal) -> Principal:
        """The same principal as of now. Raises when it has lost its session, key or membership."""


class Gate:
    """Looks again at who is inside: at once when told to, every 30 seconds in any case."""

    def __init__(self, hub: Hub, gatekeeper: Gatekeeper) -> None:
        self._hub = hub
        self.keeper = gatekeeper
        self.changes = 0  # how often rights have changed; who came in meanwhile is looked at again
        self._unsubscribe = hub.bus.subscribe(ACCESS_TOPIC, self._told)

    def stop(self) -> None:
        self._unsubscribe()

    async def recheck_everyone(self) -> None:
        """The safety net under a lost message."""
        await self._recheck(AccessChanged())

    def _told(self, payload: bytes) -> None:
        change = msgspec.json.decode(payload, type=AccessChanged)
        self.changes += 1
        self._hub.spawn(self._recheck(change))

    async def _recheck(self, change: AccessChanged) -> None:
        for open_ in tuple(self._hub.rooms.values()):
            if change.workspace_id not in (None, open_.workspace_id):
                continue
            if change.document_id not in (None, open_.room.id):
                continue
            for member in tuple(open_.room.members):
                if change.actor in (None, member.actor) and not member.is_revoked:
                    await self._look_at(open_, member)

    async def recheck(self, open_: Open, member: Member) -> None:
        """Look again at one who came in while rights were changing."""
        if not (member.is_gone or member.is_revoked):
            await self._look_at(open_, member)

    async def _look_at(self, open_: Open, member: Member) -> None:
        try:
            await self._recheck_member(open_, member)
        except Exception:
            # Nothing is known about this one; the others are still to be looked at.
            log.exception("room.recheck_failed", connection=member.id)

    async def _recheck_member(self, open_: Open, member: Member) -> None:
        try:
            now = await self.keeper.recheck(open_.room.id, member.principal)
        except AppError as refusal:
            signed_out = refusal.status == 401
            code = CloseCode.SIGN_IN if signed_out else CloseCode.FORBIDDEN
            self._revoke(open_, member, code, "You no longer have access to this room.")
            return
        if now.permissions != member.principal.permissions:
            can_write = now.can(Permission.PROMPTS_WRITE)
            member.principal = now
            what = "You can edit now." if can_write else "Your role no longer allows writing here."
            self._revoke(open_, member, CloseCode.ROLE_CHANGED, what)

    def _revoke(self, open_: Open, member: Member, code: CloseCode, message: str) -> None:
        """Stop at once, say why, close a moment later so that the reason is read first."""
        log.info("room.revoked", room=str(open_.room.id), connection=member.id, code=int(code))
        member.is_revoked = True
        member.is_synced = False
        can_write = code is CloseCode.ROLE_CHANGED and member.principal.can(
            Permission.PROMPTS_WRITE
        )
        role = member.role if code is CloseCode.ROLE_CHANGED else "none"
        member.send_ours(protocol.role(role, message, can_write=can_write))
        asyncio.get_running_loop().call_later(limits.REVOKE_SECONDS, member.close, code, message)
