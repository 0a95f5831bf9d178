"""Reasons: stable codes, each with a sentence."""

from __future__ import annotations

import re

import pytest

from app.domain.rooms.wire.refusal import REASONS, TOO_LARGE, Gap, Refused


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_a_code_with_a_sentence(reason: str):
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", reason)
    assert re.fullmatch(r"[A-Z].*\.", Refused(reason).message)


def test_only_size_is_a_matter_of_size():
    assert {reason for reason in REASONS if Refused(reason).is_too_large} == TOO_LARGE


def test_an_unknown_reason_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        Refused("because")


def test_a_gap_says_what_is_missing():
    gap = Gap(7, 42)
    assert (gap.client, gap.clock) == (7, 42)
    assert "7" in str(gap)
    assert "42" in str(gap)
