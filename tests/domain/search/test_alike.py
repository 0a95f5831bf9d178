"""Prompts that say nearly the same, and tags that would fit, over the real index on either engine."""

from __future__ import annotations

from typing import Any

import pytest

from app.db.engine import Database
from app.domain.prompts.service import Details, Prompts
from app.domain.search.service import Finder
from tests.domain.search.conftest import Inside
from tests.support.builders import Place, Quiet, a_prompt, a_workspace, as_member
from tests.support.counting import statements

pytestmark = pytest.mark.anyio

TEXT = (
    "You are a refund specialist. Read the booking record and the fare rules. Approve the refund "
    "when the carrier cancelled, otherwise offer rebooking, voucher or partial credit."
)
NEARLY = TEXT.replace("voucher", "a voucher")
OTHER = (
    "Translate interface strings into German. Placeholders stay untouched, buttons are verbs and "
    "headings have no full stop."
)


async def indexed(finder: Finder, place: Place) -> None:
    while await finder.indexer.catch_up(Inside(place.id)):
        pass


async def ask(finder: Finder, place: Place, made: Any, text: str, *tags: str) -> Any:
    return await finder.alike(Inside(place.id), made.id, text, tags)


async def test_nearly_the_same_text_is_named(
    everywhere: Database, finder: Finder, place: Place
) -> None:
    mine = await a_prompt(everywhere, place, title="Mine", text=TEXT)
    twin = await a_prompt(everywhere, place, title="Refund Triage", text=NEARLY)
    await a_prompt(everywhere, place, title="Other", text=OTHER)
    await indexed(finder, place)
    found = await ask(finder, place, mine, TEXT)
    assert [(one.prompt_id, one.title) for one in found.similar] == [(twin.id, "Refund Triage")]
    assert 70 < found.similar[0].percent < 100


async def test_the_text_that_is_asked_about_need_not_be_indexed_yet(
    everywhere: Database, finder: Finder, place: Place
) -> None:
    mine = await a_prompt(everywhere, place, text="Nothing much")
    twin = await a_prompt(everywhere, place, text=TEXT)
    await indexed(finder, place)
    assert [one.percent for one in (await ask(finder, place, mine, TEXT)).similar] == [100]
    assert (await ask(finder, place, twin, TEXT)).similar == []


async def test_the_same_words_in_another_order_are_another_text(
    everywhere: Database, finder: Finder, place: Place
) -> None:
    mine = await a_prompt(everywhere, place, text=TEXT)
    await a_prompt(everywhere, place, text=" ".join(reversed(TEXT.split())))
    await indexed(finder, place)
    assert (await ask(finder, place, mine, TEXT)).similar == []


async def test_archived_ones_and_those_of_other_workspaces_are_not_named(
    everywhere: Database, finder: Finder, place: Place
) -> None:
    mine = await a_prompt(everywhere, place, text=TEXT)
    gone = await a_prompt(everywhere, place, text=TEXT, tags=("x",))
    other = await a_workspace(everywhere, "Other")
    await a_prompt(everywhere, other, text=TEXT, tags=("y",))
    caller = await as_member(everywhere, place, place.owner)
    async with everywhere.transaction() as tx:
        await Prompts(tx, caller, Quiet()).change(gone.id, Details(archived=True))
    await indexed(finder, place)
    await indexed(finder, other)
    found = await ask(finder, place, mine, TEXT)
    assert (found.similar, found.tags) == ([], [])


async def test_tags_that_prompts_like_it_agree_on(
    everywhere: Database, finder: Finder, place: Place
) -> None:
    mine = await a_prompt(everywhere, place, text=TEXT)
    for number, tags in enumerate((("refund", "a"), ("refund", "b"), ("refund", "triage", "c"))):
        await a_prompt(everywhere, place, text=f"{TEXT} Number {number}.", tags=tags)
    for _ in range(5):
        await a_prompt(everywhere, place, text=OTHER, tags=("translation",))
    await indexed(finder, place)
    assert (await ask(finder, place, mine, TEXT)).tags == ["refund"]
    assert (await ask(finder, place, mine, TEXT, "refund")).tags == []


async def test_a_few_words_are_too_short_to_say_the_same(
    everywhere: Database, finder: Finder, place: Place
) -> None:
    mine = await a_prompt(everywhere, place, text="Be kind to customers")
    await a_prompt(everywhere, place, text="Be kind to customers")
    await indexed(finder, place)
    assert (await ask(finder, place, mine, "Be kind to customers")).similar == ()


async def test_the_number_of_statements_does_not_grow_with_the_library(
    everywhere: Database, either: Database, finder: Finder, place: Place
) -> None:
    mine = await a_prompt(everywhere, place, text=TEXT)
    counts = []
    for _ in range(2):
        for number in range(5):
            await a_prompt(everywhere, place, text=f"{TEXT} {number}")
        await indexed(finder, place)
        await ask(finder, place, mine, TEXT)
        with statements(either) as seen:
            await ask(finder, place, mine, TEXT)
        counts.append(len(seen))
    assert counts[0] == counts[1] < 50


async def test_titles_that_say_nearly_the_same_are_found_by_their_words(
    everywhere: Database, finder: Finder, place: Place
) -> None:
    triage = await a_prompt(everywhere, place, title="Refund Triage assistant")
    gone = await a_prompt(everywhere, place, title="Refund triage")
    for title in ("Refund letter", "Itinerary summariser", "Translate the interface"):
        await a_prompt(everywhere, place, title=title, text="refund triage assistant")
    theirs = await a_workspace(everywhere, "Other")
    await a_prompt(everywhere, theirs, title="Refund triage")
    caller = await as_member(everywhere, place, place.owner)
    async with everywhere.transaction() as tx:
        await Prompts(tx, caller, Quiet()).change(gone.id, Details(archived=True))
    await indexed(finder, place)
    for title in ("refund triage", "Triage: a refund assistent", "REFUND TRIÁGE assistant"):
        found = await finder.alike_titles(Inside(place.id), title)
        assert [(one.prompt_id, one.title) for one in found] == [
            (triage.id, "Refund Triage assistant")
        ], title
    for title in ("", "!?", "Refund", "Letter of the bank", "x" * 5000):
        assert await finder.alike_titles(Inside(place.id), title) == [], title
