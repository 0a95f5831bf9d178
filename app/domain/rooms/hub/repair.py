"""When memory cannot be trusted: load from the log again, or serve from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog

from app.domain.rooms.errors import UpdateRefused
from app.domain.rooms.hub.open_room import Open
from app.domain.rooms.journal.log import DocumentLog
from app.domain.rooms.room.document import LiveDocument
from app.domain.rooms.room.member import Member
from app.domain.rooms.room.room import Room
from app.domain.rooms.wire import protocol
from app.domain.rooms.wire.protocol import CloseCode

_RETRY_SECONDS = 1.0  # until a quarantine that could not be written is tried again

log = structlog.get_logger(__name__)

Offence = tuple[str, bytes, str]  # actor, update, what the library said


class Repair:
    """Brings open rooms back in line with the log."""

    def __init__(
        self,
        document_log: DocumentLog,
        spawn: Callable[[Awaitable[Any]], None],
        durable: Callable[[Room], Awaitable[None]],
        forget: Callable[[UUID], None],
        replaced: Callable[[Open], None],
    ) -> None:
        self._log = document_log
        self._spawn = spawn
        self._durable = durable
        self._forget = forget
        self._replaced = replaced

    def reload(self, open_: Open, offence: Offence | None = None) -> None:
        """Load the document from the log again; meanwhile messages wait in order."""
        if not open_.is_reloading:
            open_.is_reloading = True
            open_.room.freeze()
            self._spawn(self._reload(open_, offence))

    def begin_epoch(self, open_: Open) -> None:
        """Go on with the same text and no history: what remains when history contradicts itself.

        Clients start afresh; what they had not sent comes back as a proposal.
        """
        if not open_.is_reloading:
            open_.is_reloading = True
            open_.room.freeze()
            self._spawn(self._begin_epoch(open_))

    def verify(self, open_: Open, member: Member, theirs: str) -> None:
        """A client holds another text at our very state: hold ours against the log."""
        if not open_.is_verifying:  # each costs a load: one at a time, however many ask
            open_.is_verifying = True
            self._spawn(self._verify(open_, member, theirs))

    def serve_from_log(self, room: Room, member: Member, state_vector: bytes) -> None:
        """Answer a join with what is on disk and nothing else."""
        self._spawn(self._serve_from_log(room, member, state_vector))

    async def _reload(self, open_: Open, offence: Offence | None) -> None:
        room = open_.room
        try:
            # Whatever the room has accepted has to be in the log before memory is given up, or
            # be given up with it.
            with suppress(UpdateRefused):
                await self._durable(room)
            if offence is not None:
                await self._put_away(room, offence)
            loaded = await self._log.load(room.id)
        except Exception:
            # What is in memory may be half changed: nobody must go on with it.
            room.close_everyone(CloseCode.SERVER_ERROR)
            self._forget(room.id)
            room.give_up()
            raise
        open_.is_reloading = False
        if loaded.epoch != room.epoch:
            self._replaced(open_)
            return
        room.renew(loaded.document, loaded.seq, loaded.quarantine)
        open_.ahead.clear()
        room.thaw()
        room.ask_everyone()

    async def _begin_epoch(self, open_: Open) -> None:
        room = open_.room
        log.error("room.begins_new_epoch", room=str(room.id), seq=room.seq)
        code = CloseCode.SERVER_ERROR
        try:
            await self._durable(room)
            await self._log.begin_epoch(room.id, room.document.retold(), room.seq)
            code = CloseCode.EPOCH
        finally:
            room.close_everyone(code)
            self._forget(room.id)
            room.give_up()

    async def _put_away(self, room: Room, offence: Offence) -> None:
        """Quarantine an update; before that is written the room would only meet it again."""
        actor, update, cause = offence
        log.error("room.library_failed", room=str(room.id), actor=actor, cause=cause)
        while True:
            try:
                await self._log.quarantine(room.id, actor, update, cause)
            except Exception:
                log.exception("room.quarantine_failed", room=str(room.id))
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def _verify(self, open_: Open, member: Member, theirs: str) -> None:
        """If memory is wrong, load again. If the client is, its history is given up.

        It then comes back with a fresh copy, and its own text is kept as a proposal.
        """
        try:
            room = open_.room
            live, seq = room.document.text_sha256(), room.seq + len(room.own)
            if theirs == live:
                return
            loaded = await self._log.load(room.id)
            if room.own or room.seq != seq or loaded.seq != seq:
                return  # moved on meanwhile; the next comparison will tell
            if loaded.document.text_sha256() != live:
                log.error("room.memory_differs_from_log", room=str(room.id), seq=seq)
                self.reload(open_)
            elif LiveDocument.from_state(room.document.state()).text_sha256() != live:
                self.begin_epoch(open_)
            elif not member.is_gone:
                log.warning("room.client_differs", room=str(room.id), connection=member.id)
                member.close(CloseCode.EPOCH)
        finally:
            open_.is_verifying = False

    async def _serve_from_log(self, room: Room, member: Member, state_vector: bytes) -> None:
        try:
            loaded = await self._log.load(room.id)
        except Exception:
            member.close(CloseCode.SERVER_ERROR)
            raise
        if loaded.seq < room.seq:
            # The disk takes writes again and others have been told: this would miss that.
            room.receive_step1(member, state_vector)
        elif member in room.members and not (member.is_leaving or member.is_revoked):
            state = loaded.document.state(state_vector)
            member.send_message(protocol.sync_step2(state))
            member.is_synced = True
