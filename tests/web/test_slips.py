"""What is taken for a slip, and what for somebody's own parameter."""

from __future__ import annotations

import pytest

from app.errors import InvalidFields
from app.web.slips import refuse_slips

KNOWN = ("label", "version", "key", "limit", "cursor")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("lable", "label"),
        ("labl", "label"),
        ("lbael", "label"),
        ("labels", "label"),
        ("lables", "label"),
        ("Label", "label"),
        ("LABEL", "label"),
        ("label ", "label"),
        ("label[]", "label"),
        ("verison", "version"),
        ("versoin", "version"),
        ("versions", "version"),
        ("vresoin", "version"),
        ("keys", "key"),
        ("limt", "limit"),
        ("curser", "cursor"),
    ],
)
def test_a_slip_says_what_was_meant(name: str, meant: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        refuse_slips(["utm_source", name], KNOWN)
    assert refused.value.fields == {name: f"There is no such parameter. Did you mean {meant}?"}


STRANGERS = [
    "_",
    "t",
    "v",
    "ts",
    "cb",
    "ver",
    "lang",
    "level",
    "table",
    "env",
    "apikey",
    "api_key",
    "utm_source",
    "utm_medium",
    "fbclid",
    "gclid",
    "token",
    "trace_id",
    "nocache",
]


@pytest.mark.parametrize("name", [*KNOWN, *STRANGERS, "", "x" * 10_000])
def test_strangers_pass(name: str) -> None:
    refuse_slips([name], KNOWN)
