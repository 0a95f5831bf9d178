"""Room messages: incoming bytes to small values, outgoing values to bytes; no sockets, no clock.

Types 0 to 3 are those of y-protocols. Types from 100 up are ours and go only to a client that
asked for them with `?ack=1`.
"""

from __future__ import annotations

import base64
import binascii
from enum import IntEnum
from typing import Any, Final, NamedTuple, Self, TypeAlias, TypeVar

import msgspec

from app.domain.rooms.wire.encoding import Reader, sized, text, uint
from app.domain.rooms.wire.refusal import Refused

SYNC, AWARENESS, AUTH, QUERY_AWARENESS = 0, 1, 2, 3
HELLO, CLIENT_HELLO, BARRIER, NACK, EVENT, ROLE, DRAIN, TEXT_HASH = range(100, 108)
STEP1, STEP2, UPDATE = 0, 1, 2
_SYNC_UPDATE: Final = bytes((SYNC, UPDATE))
PERMISSION_DENIED: Final = 0

LONGEST_BARRIER: Final = 64
LONGEST_HELLO: Final = 1024
LONGEST_TEXT_HASH: Final = 262_144  # a state vector of 20,000 client ids in base64


class CloseCode(IntEnum):
    """Why a socket is closed; 4400-4499 are permanent, for all others a client tries again."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    TOO_BIG = 1009, "A message was larger than allowed."
    SERVER_ERROR = 1011, "The server made a mistake; try again."
    RESTART = 1012, "The server restarts; connect again."
    OVERLOADED = 1013, "The server is busy or this client reads too slowly; try again later."
    SIGN_IN = 4401, "Sign-in is missing or has ended."
    FORBIDDEN = 4403, "This person may no longer open the room."
    NOT_FOUND = 4404, "There is no such room."
    EPOCH = 4409, "The document was replaced; the local copy cannot be merged."
    TOO_LARGE = 4413, "The document or a change to it is larger than allowed."
    INVALID = 4422, "A message or change broke the rules of the room."
    CLIENT_TOO_OLD = 4426, "This client is too old; load the page again."
    ROOM_FULL = 4503, "The room is full; try again later."
    ROLE_CHANGED = 4505, "The role has changed; connect again with the new one."
    TOO_MANY_MESSAGES = 4529, "Too many messages; try again later."

    @property
    def is_permanent(self) -> bool:
        return 4400 <= self <= 4499


class SyncStep1(NamedTuple):
    """The client tells its state vector and asks for what it lacks."""

    state_vector: bytes


class SyncStep2(NamedTuple):
    """The client's answer to our step 1: what the server lacks, and all its deletions."""

    update: bytes


class SyncUpdate(NamedTuple):
    """One change made by the client."""

    update: bytes


class AwarenessFrame(NamedTuple):
    payload: bytes


class QueryAwareness(NamedTuple):
    """The client asks who is here."""


class Barrier(NamedTuple):
    """To be echoed when everything received before it is on disk."""

    payload: bytes


class Unknown(NamedTuple):
    """A type that we do not know; ignored, so that newer clients can talk to us."""

    type: int


class ClientHello(msgspec.Struct, frozen=True):
    """The client's answer to HELLO: its protocol version and the epoch of its local copy."""

    v: int
    client: str = ""
    epoch: str | None = None
    client_id: int | None = None


class ClientTextHash(NamedTuple):
    """What the client holds at a state vector, when it differs from what the server said."""

    state_vector: bytes
    sha256: str


class _TextHash(msgspec.Struct):
    sv: str
    sha256: str


Frame: TypeAlias = (
    SyncStep1
    | SyncStep2
    | SyncUpdate
    | AwarenessFrame
    | QueryAwareness
    | Barrier
    | ClientHello
    | ClientTextHash
    | Unknown
)
_Json = TypeVar("_Json")


def parse(data: bytes) -> Frame:
    """One incoming message; raises `Refused` for anything short, odd or with bytes left over."""
    if data[:2] == _SYNC_UPDATE:  # what is typed most deserves the shortest way
        reader = Reader(data, 2)
        frame: Frame = SyncUpdate(reader.sized())
    else:
        reader = Reader(data)
        frame = _parse(reader)
        if isinstance(frame, Unknown):
            return frame
    reader.finish()
    return frame


def _parse(reader: Reader) -> Frame:
    kind = reader.uint()
    if kind == SYNC:
        return _parse_sync(reader)
    if kind == AWARENESS:
        return AwarenessFrame(reader.sized())
    if kind == QUERY_AWARENESS:
        return QueryAwareness()
    if kind == BARRIER:
        return Barrier(reader.sized(LONGEST_BARRIER))
    if kind == CLIENT_HELLO:
        return _json(reader, LONGEST_HELLO, ClientHello)
    if kind == TEXT_HASH:
        return _parse_text_hash(reader)
    return Unknown(kind)


def _parse_sync(reader: Reader) -> Frame:
    step = reader.uint()
    if step == STEP1:
        return SyncStep1(reader.sized())
    if step == STEP2:
        return SyncStep2(reader.sized())
    raise Refused("bad_sync")


def _parse_text_hash(reader: Reader) -> ClientTextHash:
    told = _json(reader, LONGEST_TEXT_HASH, _TextHash)
    try:
        state_vector = base64.b64decode(told.sv, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("bad_json") from None
    return ClientTextHash(state_vector, told.sha256)


def _json(reader: Reader, most: int, kind: type[_Json]) -> _Json:
    try:
        return msgspec.json.decode(reader.sized(most), type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Refused("bad_json") from None


def sync_step1(state_vector: bytes) -> bytes:
    return bytes((SYNC, STEP1)) + sized(state_vector)


def sync_step2(update: bytes) -> bytes:
    return bytes((SYNC, STEP2)) + sized(update)


def sync_update(update: bytes) -> bytes:
    return _SYNC_UPDATE + sized(update)


def awareness(payload: bytes) -> bytes:
    return bytes((AWARENESS,)) + sized(payload)


def permission_denied(reason: str) -> bytes:
    """What stock clients are sent before a 44xx close."""
    return bytes((AUTH, PERMISSION_DENIED)) + text(reason)


def barrier(payload: bytes) -> bytes:
    return bytes((BARRIER,)) + sized(payload)


def hello(fields: dict[str, Any]) -> bytes:
    """The first message to a client that asked for ours."""
    return _json_frame(HELLO, fields)


def nack(reason: str, count: int, message: str) -> bytes:
    """`count` changes were not applied; later barriers do not cover them."""
    return _json_frame(NACK, {"reason": reason, "count": count, "message": message})


def event(kind: str, data: dict[str, Any], by: dict[str, Any] | None) -> bytes:
    return _json_frame(EVENT, {"type": kind, "data": data, "by": by})


def role(name: str, message: str, *, can_write: bool) -> bytes:
    return _json_frame(ROLE, {"role": name, "can_write": can_write, "message": message})


def drain(reconnect_in_ms: int) -> bytes:
    return _json_frame(DRAIN, {"reconnect_in_ms": reconnect_in_ms})


def text_hash(state_vector: bytes, sha256: str) -> bytes:
    told = {"sv": base64.b64encode(state_vector).decode(), "sha256": sha256}
    return _json_frame(TEXT_HASH, told)


def _json_frame(kind: int, value: dict[str, Any]) -> bytes:
    return uint(kind) + sized(msgspec.json.encode(value))


def websocket_frame(payload: bytes) -> bytes:
    """A complete unmasked binary WebSocket frame (RFC 6455), so that one encoding serves all."""
    size = len(payload)
    if size < 126:
        return bytes((0x82, size)) + payload
    if size < 65_536:
        return b"\x82\x7e" + size.to_bytes(2) + payload
    return b"\x82\x7f" + size.to_bytes(8) + payload
