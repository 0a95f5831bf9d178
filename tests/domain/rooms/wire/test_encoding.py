"""The lib0 encoding: what is written is read back, and nothing else is read at all."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Decoder, Encoder

from app.domain.rooms.wire import encoding
from app.domain.rooms.wire.encoding import LARGEST_ID, Reader, decode_text, read_json, utf16_length
from app.domain.rooms.wire.refusal import Refused


def refusal(call) -> str:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.reason


@given(st.integers(0, LARGEST_ID))
def test_integers_come_back(value: int):
    reader = Reader(encoding.uint(value) + b"rest")
    assert reader.uint() == value
    assert reader.left == 4


# ASCII alone: the library's helper counts a string's characters where lib0 counts its bytes.
@given(st.integers(0, 2**31), st.binary(max_size=300), st.text("abc {}\n", max_size=300))
def test_we_write_what_others_write(number: int, raw: bytes, words: str):
    encoder = Encoder()
    encoder.write_var_uint(number)
    encoder.write_var_string(words)
    ours = encoding.uint(number) + encoding.text(words)
    assert encoder.to_bytes() == ours
    decoder = Decoder(encoding.sized(raw))
    assert decoder.read_message() == raw


@given(st.binary(max_size=200), st.text(max_size=200))
def test_arrays_and_texts_come_back(raw: bytes, words: str):
    reader = Reader(memoryview(encoding.sized(raw) + encoding.text(words)))
    assert reader.sized() == raw
    assert reader.text() == words
    reader.finish()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (b"\x80", "truncated"),
        (b"\xff" * 7, "truncated"),
        (b"\x80\x00", "bad_number"),
        (b"\xff\x80\x00", "bad_number"),
        (b"\xff" * 7 + b"\x10", "bad_number"),
        (b"\xff" * 8 + b"\x01", "bad_number"),
        (b"\xff" * 9, "bad_number"),
    ],
)
def test_odd_integers_are_refused(data: bytes, reason: str):
    assert refusal(Reader(data).uint) == reason


def test_the_largest_integer_is_the_largest_of_a_browser():
    assert Reader(b"\xff" * 7 + b"\x0f").uint() == LARGEST_ID
    assert refusal(lambda: Reader(encoding.uint(300)).uint(299)) == "bad_number"


def test_parts_stay_within_the_message_and_their_bound():
    assert refusal(Reader(b"\x05abcd").sized) == "truncated"
    assert refusal(lambda: Reader(b"\x05abcde").sized(4)) == "too_long"
    assert Reader(b"\x05abcde").text(5) == "abcde"
    assert refusal(Reader(b"\x00").finish) == "trailing_bytes"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"a\xed\xa0\xbd", "lone_surrogate"),
        (b"\xed\xbf\xbf", "lone_surrogate"),
        (b"\xed\xa0\xbd\xed\xb8\x80", "lone_surrogate"),
        (b"\xed", "bad_text"),
        (b"\xed\x41", "bad_text"),
        (b"\xc0\x80", "bad_text"),
        (b"\xf4\x90\x80\x80", "bad_text"),
        (b"\xff", "bad_text"),
    ],
)
def test_text_is_strict_utf8(raw: bytes, reason: str):
    assert refusal(lambda: decode_text(raw)) == reason


@given(st.text())
def test_lengths_are_utf16_units(words: str):
    assert utf16_length(words) == sum(2 if ord(c) > 0xFFFF else 1 for c in words)


@pytest.mark.parametrize("raw", [b'{"a":[{"b":1}]}', b'["[[[[","\\"[[[[","\\\\"]', b"null"])
def test_json_within_bounds_is_read(raw: bytes):
    read_json(raw, 3)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"[" * 4000, "too_deep"),
        (b'{"a":' * 800 + b"1" + b"}" * 800, "too_deep"),
        (b"[[[1]],[[[1]]]]", "too_deep"),
        (b"NaN", "bad_json"),
        (b'{"a":Infinity}', "bad_json"),
        (b'{"a":1e999}', "bad_json"),
        (b'{"a":"\\ud83d","b":1}', "bad_json"),
        (b'"\xff"', "bad_json"),
        (b"", "bad_json"),
        (b"1 2", "bad_json"),
    ],
)
def test_json_out_of_bounds_is_refused(raw: bytes, reason: str):
    assert refusal(lambda: read_json(raw, 3)) == reason


def test_time_is_linear_in_the_size_of_a_hostile_integer():
    started = time.perf_counter()
    for data in (b"\xff" * 262_144, b"\x80" * 262_144):
        assert refusal(Reader(data).uint) == "bad_number"
    assert time.perf_counter() - started < 0.05
