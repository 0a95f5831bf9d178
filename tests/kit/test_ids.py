"""Ids, slugs and secrets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.kit.ids import fingerprint, id_at, new_id, new_secret, slug


def test_ids_are_version_seven_and_ordered_by_creation() -> None:
    ids = [new_id() for _ in range(1000)]
    assert {one.version for one in ids} == {7}
    assert sorted(ids) == ids
    assert len(set(ids)) == 1000


def test_an_id_of_another_moment_lies_among_those_of_its_time() -> None:
    now = datetime.now(UTC)
    last_year, all_bits = id_at(now - timedelta(days=365), 0), id_at(now, (1 << 74) - 1)
    assert (last_year.version, all_bits.version) == (7, 7)
    assert last_year.variant == all_bits.variant == new_id().variant
    assert last_year < id_at(now, 0) < all_bits < id_at(now + timedelta(milliseconds=1), 0)
    assert id_at(now, 0).int >> 80 == int(now.timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Acme Support", "acme-support"),
        ("  Crème brûlée!  ", "creme-brulee"),
        ("a--b__c", "a-b-c"),
        ("株式会社", "workspace"),
        ("", "workspace"),
        ("x" * 60, "x" * 48),
        ("a" * 47 + " b", "a" * 47),
    ],
)
def test_a_slug_is_plain(text: str, expected: str) -> None:
    assert slug(text) == expected


def test_secrets_differ_and_only_their_fingerprint_is_stable() -> None:
    one, other = new_secret(), new_secret()
    assert one != other
    assert len(one) >= 43, "256 bits"
    assert fingerprint(one) == fingerprint(one) != fingerprint(other)
    assert fingerprint("abc").startswith("ba7816bf")
