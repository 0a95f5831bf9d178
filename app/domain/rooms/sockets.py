"""`/rooms/{room id}`: origin, sign-in, admission, then frames until the socket closes."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from litestar import WebSocket, websocket
from litestar.params import FromPath
from sqlalchemy.exc import SQLAlchemyError

from app import __version__
from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.rooms import limits
from app.domain.rooms.connection import Connection
from app.domain.rooms.gate import Credentials, Gate
from app.domain.rooms.hub.caretaker import Caretaker
from app.domain.rooms.hub.hub import Hub
from app.domain.rooms.hub.open_room import Open
from app.domain.rooms.metrics import CLOSES, CONNECTIONS, JOIN_SECONDS
from app.domain.rooms.room.member import Member
from app.domain.rooms.wire import protocol
from app.domain.rooms.wire.protocol import CloseCode
from app.errors import AppError

log = structlog.get_logger(__name__)

# What app.server.processes.websocket_protocol puts under scope["extensions"].
FRAMES = "promptroom.frames"


@dataclass(slots=True)
class Rooms:
    """What the socket handler needs of the running server; on `app.state.rooms`."""

    hub: Hub
    gate: Gate
    caretaker: Caretaker
    joins: asyncio.Semaphore  # how many are let in at the same time
    queue: int = 0  # and how many wait for that


class NotAdmitted(Exception):
    def __init__(self, code: CloseCode, reason: str = "") -> None:
        super().__init__(code.meaning)
        self.code = code
        self.reason = reason or code.meaning


@websocket("/rooms/{room_id:str}", opt={"public": True})
async def enter(socket: WebSocket[Any, Any, Any], room_id: FromPath[str]) -> None:
    """One connection's life. The refusal of a stranger is the same for every room id."""
    rooms: Rooms = socket.app.state.rooms
    frames: Any = socket.scope["extensions"][FRAMES]  # type: ignore[index]
    speaks_ours = socket.query_params.get("ack") == "1"
    changes = rooms.gate.changes
    with JOIN_SECONDS.time():
        try:
            principal, open_ = await _admit(rooms, room_id, _credentials(socket))
        except NotAdmitted as refusal:
            await _turn_away(socket, frames, refusal, speaks_ours=speaks_ours)
            return
    try:
        await _stay(socket, rooms, open_, principal, changes)
    finally:
        open_.borrowers -= 1
        if not open_.room.members:
            rooms.caretaker.left(open_)


async def _admit(rooms: Rooms, room_id: str, credentials: Credentials) -> tuple[Principal, Open]:
    """Who this is and the opened room, held open. Raises `NotAdmitted`."""
    if rooms.hub.is_draining:
        raise NotAdmitted(CloseCode.RESTART)
    if rooms.queue > limits.JOINS_WAITING:
        raise NotAdmitted(CloseCode.OVERLOADED)
    rooms.queue += 1
    try:
        async with rooms.joins:
            document_id = UUID(room_id)
            principal = await rooms.gate.keeper.admit(document_id, credentials)
            open_ = await rooms.hub.open(document_id)
    except ValueError:
        raise NotAdmitted(CloseCode.NOT_FOUND) from None
    except AppError as error:
        raise NotAdmitted(_CODES.get(error.status, CloseCode.SERVER_ERROR)) from error
    except SQLAlchemyError as error:  # it does not answer, or has no connection left
        log.warning("room.not_admitted", cause=type(error).__name__)
        raise NotAdmitted(CloseCode.OVERLOADED) from error
    finally:
        rooms.queue -= 1
    here = open_.room.members
    same = sum(member.actor == principal.actor for member in here)
    if len(here) >= limits.CONNECTIONS_PER_ROOM or same >= limits.CONNECTIONS_PER_PERSON:
        raise NotAdmitted(CloseCode.ROOM_FULL)
    open_.borrowers += 1
    return principal, open_


_CODES = {
    401: CloseCode.SIGN_IN,
    403: CloseCode.FORBIDDEN,
    404: CloseCode.NOT_FOUND,
    503: CloseCode.RESTART,
}


async def _stay(
    socket: WebSocket[Any, Any, Any], rooms: Rooms, open_: Open, principal: Principal, changes: int
) -> None:
    frames: Any = socket.scope["extensions"][FRAMES]  # type: ignore[index]
    speaks_ours = socket.query_params.get("ack") == "1"
    member = Member(secrets.token_hex(6), principal, frames, speaks_ours=speaks_ours)
    connection = Connection(rooms.hub, open_, member)
    await socket.accept()
    writes = "yes" if principal.can(Permission.PROMPTS_WRITE) else "no"
    CONNECTIONS.labels(writes).inc()
    log.info("room.joined", room=str(open_.room.id), connection=member.id, actor=member.actor)
    try:
        member.send_ours(protocol.hello(_hello(rooms.hub, open_, member)))
        open_.room.join(member)
        frames.adopt(connection.frame_arrived, connection.lost)
        if rooms.gate.changes != changes:  # admitted before that, here only now
            rooms.hub.spawn(rooms.gate.recheck(open_, member))
        code = await connection.closed
    finally:
        if not connection.closed.done():
            connection.lost(1006)
        CONNECTIONS.labels(writes).dec()
    log.info("room.left", room=str(open_.room.id), connection=member.id, code=code)


async def _turn_away(
    socket: WebSocket[Any, Any, Any], frames: Any, refusal: NotAdmitted, *, speaks_ours: bool
) -> None:
    """Accept and close: only so does a browser learn the code."""
    CLOSES.labels(str(int(refusal.code))).inc()
    await socket.accept()
    if refusal.code.is_permanent and not speaks_ours:
        message = protocol.permission_denied(refusal.reason)
        frames.write_frame(protocol.websocket_frame(message))
    await socket.close(code=int(refusal.code), reason=refusal.reason)


def _credentials(socket: WebSocket[Any, Any, Any]) -> Credentials:
    scheme, _, key = socket.headers.get("authorization", "").partition(" ")
    return Credentials(
        ticket=socket.query_params.get("ticket", ""),
        bearer=key.strip() if scheme.lower() == "bearer" else "",
        cookies=socket.headers.get("cookie", ""),
    )


def _hello(hub: Hub, open_: Open, member: Member) -> dict[str, Any]:
    return {
        "v": 1,
        "epoch": open_.room.epoch,
        "conn": member.id,
        "role": member.role,
        "can_write": member.can_write,
        "limits": limits.for_client(),
        "seq": open_.room.seq,
        "ping_seconds": limits.PING_SECONDS,
        "build": __version__,
        "user": member.user,
        "storage": hub.storage_fields(),
    }
