"""The catalogue beside a list that is filtered and sorted the slow way."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.domain.search import catalog as catalogs
from app.domain.search.bits import bits_of, in_order, members, union, with_number, without_number
from app.domain.search.catalog import ARCHIVED, Catalog, Row, facets_of

START = datetime(2026, 1, 1, tzinfo=UTC)


def a_row(dice: random.Random, number: int, stamp: int) -> Row:
    facets = facets_of(
        folder=dice.choice(["", "Support", "Support/Refunds", "Trips"]),
        model=dice.choice(["", "gpt"]),
        owner_id=UUID(int=dice.randint(1, 3)),
        tags=dice.sample(["a", "b", "c"], dice.randint(0, 3)),
        labels=dice.sample(["production", "staging"], dice.randint(0, 2)),
        is_archived=dice.random() < 0.2,
    )
    edited = START + timedelta(microseconds=dice.randint(0, 50))
    return Row(
        number,
        stamp,
        UUID(int=number + 1),
        edited,
        dice.choice("Aab"),
        facets,
        UUID(int=number + 1),
    )


def hold(catalog: Catalog, rows: dict[int, Row]) -> None:
    everything = catalog.everything
    assert set(members(everything)) == set(rows)
    for facet in {facet for row in rows.values() for facet in row.facets if facet[0] != "folder"}:
        having = {row.number for row in rows.values() if facet in row.facets}
        assert set(members(catalog.with_facet(*facet))) == having
    for kind in ("tag", "folder"):
        counted = dict(catalog.values(kind, everything))
        assert sum(counted.values()) == sum(
            1 for row in rows.values() for one, _ in row.facets if one == kind
        )
    newest = sorted(rows, key=lambda n: (rows[n].edited_at, n), reverse=True)
    assert list(catalog.last_edited(everything)) == newest
    titled = sorted(rows, key=lambda n: (rows[n].title.lower(), rows[n].prompt_id.bytes))
    assert list(catalog.by_title(everything)) == titled
    assert [catalog.edited_at(n) for n in newest] == [rows[n].edited_at for n in newest]


@pytest.mark.parametrize("few", [0, 2000])
def test_changes_come_to_the_same_as_reading_all_anew(monkeypatch, few):
    monkeypatch.setattr(catalogs, "FEW", few)
    dice = random.Random(5)
    rows = {n: a_row(dice, n, 1) for n in range(60)}
    catalog = Catalog()
    catalog.take(list(rows.values()), 1)
    hold(catalog, rows)
    for stamp in range(2, 40):
        changed = [a_row(dice, dice.randint(0, 70), stamp) for _ in range(dice.randint(1, 4))]
        catalog.take(changed, stamp)
        for row in changed:
            if row.number not in rows or rows[row.number].stamp < row.stamp:
                rows[row.number] = row
        hold(catalog, rows)
    assert catalog.stamp == 39


def test_an_older_row_never_replaces_a_newer_one():
    dice = random.Random(6)
    old, new = a_row(dice, 0, 3), a_row(dice, 0, 7)
    catalog = Catalog()
    catalog.take([new], 7)
    catalog.take([old], 3)
    hold(catalog, {0: new})
    assert catalog.stamp == 7


def test_a_folder_holds_what_lies_below_it():
    catalog = Catalog()
    names = ["Support", "Support/Refunds", "Support/Refunds/EU", "Supporters"]
    catalog.take(
        [
            Row(n, 1, UUID(int=n), START, "", (("folder", name),), UUID(int=n))
            for n, name in enumerate(names)
        ],
        1,
    )
    assert list(members(catalog.with_facet("folder", "Support"))) == [0, 1, 2]
    assert list(members(catalog.with_facet("folder", "Support/Refunds"))) == [1, 2]


def test_ids_are_found_both_ways():
    catalog = Catalog()
    catalog.take([Row(4, 1, UUID(int=9), START, "", (ARCHIVED,), UUID(int=9))], 1)
    assert catalog.prompt_id(4) == UUID(int=9)
    assert catalog.number_of(UUID(int=9)) == 4
    assert catalog.number_of(UUID(int=8)) is None
    with pytest.raises(KeyError):
        catalog.title(2)


def test_bits_are_sets():
    dice = random.Random(1)
    for _ in range(50):
        a, b = (set(dice.sample(range(300), dice.randint(0, 90))) for _ in range(2))
        x, y = bits_of(a, 300), bits_of(b, 300)
        assert set(members(x)) == a
        assert set(members(x & y)) == a & b
        assert set(members(union([x, y]))) == a | b
        assert x.bit_count() == len(a)
        assert set(members(with_number(x, 299))) == a | {299}
        assert set(members(without_number(x, 5))) == a - {5}
        order = dice.sample(range(300), 300)
        assert list(in_order(x, order)) == [n for n in order if n in a]
    assert bits_of([], 0) == 0
