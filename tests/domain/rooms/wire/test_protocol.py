"""Messages: every one of ours round trips, and no byte string does more than be refused."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text, create_sync_message, create_update_message, handle_sync_message
from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode
from websockets.streams import StreamReader

from app.domain.rooms.wire import protocol
from app.domain.rooms.wire.encoding import Reader, sized, text, uint
from app.domain.rooms.wire.protocol import (
    AwarenessFrame,
    Barrier,
    ClientHello,
    ClientTextHash,
    CloseCode,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
    Unknown,
)
from app.domain.rooms.wire.refusal import Refused


def refusal(data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        protocol.parse(data)
    return caught.value.reason


def ours(kind: int, value: object) -> bytes:
    return uint(kind) + text(json.dumps(value))


@given(st.binary(max_size=400))
def test_sync_and_presence_come_back(payload: bytes):
    assert protocol.parse(protocol.sync_step1(payload)) == SyncStep1(payload)
    assert protocol.parse(protocol.sync_step2(payload)) == SyncStep2(payload)
    assert protocol.parse(protocol.sync_update(payload)) == SyncUpdate(payload)
    assert protocol.parse(protocol.awareness(payload)) == AwarenessFrame(payload)


@given(st.binary(max_size=64))
def test_a_barrier_comes_back(payload: bytes):
    assert protocol.parse(protocol.barrier(payload)) == Barrier(payload)


def test_the_library_speaks_the_same():
    mine, theirs = Doc(), Doc()
    mine.get("text", type=Text).insert(0, "héllo")
    assert protocol.parse(create_sync_message(mine)) == SyncStep1(mine.get_state())
    update = mine.get_update()
    assert protocol.parse(create_update_message(update)) == SyncUpdate(update)
    handle_sync_message(protocol.sync_update(update)[1:], theirs)
    reply = handle_sync_message(protocol.sync_step1(b"\x00")[1:], theirs)
    assert isinstance(protocol.parse(reply), SyncStep2)
    assert str(theirs.get("text", type=Text)) == "héllo"


def test_a_client_asks_who_is_here():
    assert protocol.parse(b"\x03") == QueryAwareness()


def test_a_client_says_hello():
    told = {"v": 1, "client": "promptroom-editor", "epoch": None, "client_id": 5, "more": [1]}
    assert protocol.parse(ours(101, told)) == ClientHello(1, "promptroom-editor", None, 5)
    assert protocol.parse(ours(101, {"v": 2})) == ClientHello(2)


def test_a_client_tells_its_hash():
    told = {"sv": base64.b64encode(b"\x01\x05\x03").decode(), "sha256": "00ff"}
    assert protocol.parse(ours(107, told)) == ClientTextHash(b"\x01\x05\x03", "00ff")
    assert protocol.parse(protocol.text_hash(b"\x00", "ab")) == ClientTextHash(b"\x00", "ab")


@pytest.mark.parametrize("kind", [2, 4, 99, 100, 103, 104, 105, 106, 108, 2**40])
def test_unknown_types_are_not_read_further(kind: int):
    assert protocol.parse(uint(kind) + b"\xff\xff\xff") == Unknown(kind)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (b"\x00", "truncated"),
        (b"\x00\x02", "truncated"),
        (b"\x00\x02\x05abc", "truncated"),
        (b"\x00\x02\x01ab", "trailing_bytes"),
        (b"\x00\x00\x00\x00", "trailing_bytes"),
        (b"\x00\x03\x00", "bad_sync"),
        (b"\x80\x00\x02\x00", "bad_number"),
        (b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff", "bad_number"),
        (b"\x03\x00", "trailing_bytes"),
        (uint(102) + sized(b"x" * 65), "too_long"),
        (uint(101) + sized(b"{" + b" " * 1024), "too_long"),
        (uint(101) + sized(b"[" * 1000), "bad_json"),
        (uint(101) + sized(b"\xff"), "bad_json"),
        (ours(101, {"client": "x"}), "bad_json"),
        (ours(101, {"v": 1, "epoch": 7}), "bad_json"),
        (ours(107, {"sv": "*", "sha256": ""}), "bad_json"),
        (ours(107, {"sv": "é", "sha256": ""}), "bad_json"),
        (ours(107, {"sv": ""}), "bad_json"),
    ],
)
def test_short_and_odd_messages_are_refused(data: bytes, reason: str):
    assert refusal(data) == reason


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes):
    with contextlib.suppress(Refused):
        protocol.parse(data)


@given(
    st.sampled_from([uint(101), uint(107), b"\x00\x00", b"\x00\x01", b"\x01"]),
    st.binary(max_size=60),
)
def test_any_body_is_read_or_refused(start: bytes, body: bytes):
    with contextlib.suppress(Refused):
        protocol.parse(start + sized(body))


def told(frame: bytes, kind: int) -> object:
    reader = Reader(frame)
    assert reader.uint() == kind
    value = json.loads(reader.text())
    reader.finish()
    return value


def test_what_the_server_says_is_json_behind_its_type():
    someone = {"id": "u", "name": "Ana Peña", "hue": "teal", "initials": "AP"}
    assert told(protocol.hello({"v": 1, "epoch": "e"}), 100) == {"v": 1, "epoch": "e"}
    assert told(protocol.nack("rate", 3, "Slow down."), 103) == {
        "reason": "rate",
        "count": 3,
        "message": "Slow down.",
    }
    assert told(protocol.event("label.moved", {"number": 2}, someone), 104) == {
        "type": "label.moved",
        "data": {"number": 2},
        "by": someone,
    }
    assert told(protocol.role("viewer", "You may read.", can_write=False), 105) == {
        "role": "viewer",
        "can_write": False,
        "message": "You may read.",
    }
    assert told(protocol.drain(1500), 106) == {"reconnect_in_ms": 1500}


def test_stock_clients_are_told_that_they_may_not():
    reader = Reader(protocol.permission_denied("no such room"))
    assert [reader.uint(), reader.uint(), reader.text()] == [2, 0, "no such room"]
    reader.finish()


def test_close_codes_have_a_meaning_and_a_band():
    for code in CloseCode:
        assert code.meaning.endswith(".")
        assert CloseCode(int(code)) is code
    assert {int(code) for code in CloseCode if code.is_permanent} == {
        *(4401, 4403, 4404, 4409, 4413, 4422, 4426),
    }


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 300_000])
def test_a_websocket_frame_is_one_that_others_read(size: int):
    payload = b"p" * size
    stream = StreamReader()
    stream.feed_data(protocol.websocket_frame(payload))
    parsing = WebSocketFrame.parse(stream.read_exact, mask=False)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    frame = done.value.value
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.BINARY, True, payload)
    stream.feed_eof()
    assert not stream.buffer
