"""Rows as lines: exact in both directions, typed, and equal where the databases differ in form."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table

from app.db.backup.errors import BackupUnreadable
from app.db.backup.rows import RowCodec
from app.db.backup.shape import _TYPES, TableShape

KINDS = {
    "id": "uuid",
    "word": "text",
    "count": "integer",
    "is_true": "boolean",
    "at": "time",
    "blob": "bytes",
    "tree": "json",
}


def a_shape(*, nullable: bool = False) -> TableShape:
    columns = [
        Column(name, _TYPES[kind], nullable=nullable and name != "id", primary_key=name == "id")
        for name, kind in KINDS.items()
    ]
    return TableShape(Table("things", MetaData(), *columns), KINDS)


TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
TIMES = st.datetimes(timezones=st.sampled_from([UTC]))
ROW = st.tuples(
    st.uuids(),
    st.text(),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    TIMES,
    st.binary(max_size=300),
    TREES.map(lambda tree: msgspec.json.encode(tree).decode()),
)
NULLABLE = ROW.flatmap(
    lambda row: st.tuples(st.just(row[0]), *(st.none() | st.just(value) for value in row[1:]))
)
A_ROW = (
    UUID(int=1),
    "word",
    7,
    True,
    datetime(2026, 11, 26, 12, tzinfo=UTC),
    b"\x00\xff",
    "{}",
)
LINE = RowCodec(a_shape()).encode(A_ROW)


@given(st.lists(ROW, min_size=1, max_size=5))
def test_they_come_back_as_they_went_out(rows: list[tuple[Any, ...]]) -> None:
    codec = RowCodec(a_shape())
    data = b"".join(codec.encode(row) for row in rows)
    assert data.count(b"\n") == len(rows)
    assert codec.decode(data, "things/000001.jsonl") == rows


@given(NULLABLE)
def test_nothing_differs_from_empty_and_from_null_in_json(row: tuple[Any, ...]) -> None:
    codec = RowCodec(a_shape(nullable=True))
    assert codec.decode(codec.encode(row), "x") == [row]


def test_anybody_can_read_them() -> None:
    assert json.loads(LINE) == [
        "00000000-0000-0000-0000-000000000001",
        "word",
        7,
        True,
        "2026-11-26T12:00:00Z",
        "AP8=",
        "{}",
    ]


class TestContent:
    """What the sums are made of that both databases have to agree on."""

    def content(self, tree: str) -> bytes:
        codec = RowCodec(a_shape())
        return codec.content((*A_ROW[:-1], tree))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ('{"a":1,"b":2}', '{"b": 2, "a": 1}'),
            ('[{"x":{"b":1,"a":2}}]', '[{"x": {"a": 2, "b": 1}}]'),
            ("[1e16]", "[10000000000000000]"),
            ("[1.2345678901234567e18]", "[1234567890123456700]"),
            ("[1e300]", "[1" + "0" * 300 + "]"),
            ("[-0.0]", "[0.0]"),
            ("[1.0]", "[1.00]"),
            ("[5e-324]", "[0." + "0" * 323 + "5]"),
            (
                "[0.1234567890123456789012345678901234567890]",
                "[123456789012345678901234567890123456789e-39]",
            ),
            ("[-100]", "[-1e2]"),
        ],
    )
    def test_equal_values_spelled_differently(self, one: str, other: str) -> None:
        assert self.content(one) == self.content(other)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("[9007199254740993]", "[9007199254740992]"),
            ("[0.1]", "[0.10000000000000002]"),
            ("[1]", '["1"]'),
            ("[1]", "[-1]"),
            ("[1]", "[true]"),
            ("[0]", "[false]"),
            (
                "[0.12345678901234567890123456789012345678901]",
                "[0.1234567890123456789012345678901234567890]",
            ),
            ("[]", "{}"),
            ("[null]", "[]"),
            ("[[1],2]", "[1,[2]]"),
        ],
    )
    def test_different_values(self, one: str, other: str) -> None:
        assert self.content(one) != self.content(other)

    def test_a_number_is_never_written_out(self) -> None:
        assert len(self.content("[1e-99999999]")) < 200

    @given(TREES)
    def test_order_and_spaces_never_matter(self, tree: Any) -> None:
        other = json.dumps(tree, indent=2, sort_keys=True)
        assert self.content(msgspec.json.encode(tree).decode()) == self.content(other)

    def test_without_json_the_line_itself_counts(self) -> None:
        shape = a_shape()
        columns = [Column("id", _TYPES["uuid"], primary_key=True)]
        codec = RowCodec(TableShape(Table("t", MetaData(), *columns), {"id": shape.kinds["id"]}))
        assert codec.content((UUID(int=1),)) == codec.encode((UUID(int=1),))


class TestRefusals:
    @pytest.mark.parametrize(
        ("column", "value", "said"),
        [
            ("id", "no-uuid", "Invalid UUID - at `id`"),
            ("id", None, "Expected `uuid`, got `null` - at `id`"),
            ("word", 7, "Expected `str`, got `int` - at `word`"),
            ("count", "7", "Expected `int`, got `str` - at `count`"),
            ("count", 7.5, "Expected `int`, got `float` - at `count`"),
            ("count", 2**63, "at `count`"),
            ("count", -(2**63) - 1, "at `count`"),
            ("is_true", 1, "Expected `bool`, got `int` - at `is_true`"),
            ("at", "2026-11-26T12:00:00", "at `at`"),
            ("at", "yesterday", "Invalid RFC3339 encoded datetime - at `at`"),
            ("at", 0, "at `at`"),
            ("blob", "not base64!", "Invalid base64 encoded string - at `blob`"),
            ("blob", [1], "at `blob`"),
            ("tree", {"a": 1}, "Expected `str`, got `object` - at `tree`"),
            ("tree", "{", "truncated"),
            ("tree", "[" * 5000 + "]" * 5000, "recursion"),
        ],
    )
    def test_a_value_of_another_type(self, column: str, value: Any, said: str) -> None:
        row = json.loads(LINE)
        row[list(KINDS).index(column)] = value
        data = LINE + json.dumps(row).encode() + b"\n"
        with pytest.raises(BackupUnreadable) as refused:
            RowCodec(a_shape()).decode(data, "things/000001.jsonl")
        assert refused.value.detail.startswith("things/000001.jsonl, line 2: ")
        assert said in refused.value.detail

    @pytest.mark.parametrize(
        "line",
        [
            b"",
            b"{}",
            b"[]",
            LINE[:-2],
            LINE[:-2] + b",1]",
            LINE[:-1] + LINE[:-1],
            b"[" * 100_000,
            b"null",
            LINE.replace(b"word", b"\xff\xfe"),
            LINE.replace(b"word", b"\\ud800"),
            b"\x00" * 1000,
        ],
    )
    def test_a_line_that_is_no_row(self, line: bytes) -> None:
        with pytest.raises(BackupUnreadable, match=r"^things/000001.jsonl, line 1: "):
            RowCodec(a_shape()).decode(line.rstrip(b"\n") + b"\n", "things/000001.jsonl")

    @pytest.mark.parametrize("data", [b"", LINE[:-1]])
    def test_a_member_that_ends_in_the_middle_of_a_line(self, data: bytes) -> None:
        with pytest.raises(BackupUnreadable, match="ends in the middle of a line"):
            RowCodec(a_shape()).decode(data, "things/000001.jsonl")

    def test_times_of_other_zones_are_the_same_moment(self) -> None:
        row = json.loads(LINE)
        row[4] = "2026-11-26T13:00:00+01:00"
        [found] = RowCodec(a_shape()).decode(json.dumps(row).encode() + b"\n", "x")
        assert found[4] == A_ROW[4]
        assert found[4].astimezone(timezone(timedelta(0))) == A_ROW[4]
