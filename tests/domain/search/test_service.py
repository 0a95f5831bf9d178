from __future__ import annotations

import string

import pytest
from sqlalchemy import text

from app.domain.prompts.library.starters import STARTERS
from app.domain.prompts.ports import Filters
from app.domain.prompts.service import Details, Prompts
from app.domain.search import service
from app.kit.cursor import InvalidCursor
from tests.domain.search.conftest import Inside
from tests.support.builders import Quiet, a_member, a_prompt, a_workspace, as_member
from tests.support.counting import statements

pytestmark = pytest.mark.anyio

HOSTILE = [
    *(
        '"',
        '""',
        "*",
        "a*",
        "^a",
        "-a",
        "+a",
        "a:b",
        "title:a",
        "{title} : a",
        "a AND",
        "OR",
        "NOT",
    ),
    *(
        "NEAR(a b)",
        "NEAR/2",
        "(((",
        ")",
        "a & b",
        "a | !b",
        "a <-> b",
        ":*",
        "'",
        "''",
        "\\",
        "\\'",
    ),
    *(
        "%",
        "_",
        "a%b",
        "\x00",
        "a\x00b",
        "\ud83d",
        "\u202e",
        "#1",
        "\u02d0refund",
        "'; DROP TABLE x; --",
    ),
    *(
        "🧳",
        "👩‍👩‍👧‍👦",
        "退款",
        "退",
        "ก",
        "x" * 100_000,
        "a " * 50_000,
        "(" * 999,
        string.printable,
    ),
]


class TestWhatIsFound:
    async def test_words_of_every_part(self, everywhere, place, found):
        kenji = await a_member(everywhere, place, name="Kenji Watanabe")
        made = await a_prompt(
            everywhere,
            place,
            "support/ticket-router",
            by=kenji,
            title="Sorting hat",
            description="Decides where a message goes.",
            tags=("triage",),
            text="You are patient. {{customer_language}}",
            variables=({"name": "customer_language"}, {"name": "urgency"}),
        )
        for q in (
            "sorting",
            "ticket-router",
            "decides",
            "triage",
            "patient",
            "urgency",
            "Watanabe",
        ):
            assert await found(q) == [made.id], q
        assert await found("elsewhere") == []

    async def test_beginnings_parts_accents_and_all_words_together(self, everywhere, place, found):
        made = await a_prompt(everywhere, place, text="Prüfe die Rückerstattung für Größe L.")
        for q in ("rück", "ruckerst", "erstatt", "GROSSE", "prufe grosse", "große prüfe"):
            assert await found(q) == [made.id], q
        assert await found("prufe nothing") == []

    async def test_scripts_without_spaces_and_signs(self, everywhere, place, found):
        made = await a_prompt(everywhere, place, text="请根据退款政策回答。 ありがとう 🧳 ขอบคุณ")
        await a_prompt(everywhere, place, text="款退")
        for q in ("退款", "退款政策", "政", "答", "ありがとう", "🧳", "ขอบ"):
            assert made.id in await found(q), q
        assert await found("退款") == [made.id]
        assert await found("策政") == []

    async def test_short_words_begin_titles_or_stand_alone(self, everywhere, place, found):
        titled = await a_prompt(everywhere, place, title="Refund triage")
        alone = await a_prompt(everywhere, place, title="Other", text="look here: re is a word")
        await a_prompt(everywhere, place, title="Third", text="reading is not meant")
        assert set(await found("re")) == {titled.id, alone.id}
        assert await found("r") == [titled.id]

    async def test_titles_weigh_more_than_text(self, everywhere, place, found):
        for number in range(3):
            await a_prompt(everywhere, place, title=f"Other {number}", text="refund " * 9)
        titled = await a_prompt(everywhere, place, title="Refund", text="nothing of it")
        await a_prompt(everywhere, place, title="Later", text="refund")
        assert (await found("refund"))[0] == titled.id
        assert (await found("refund", sort="edited"))[0] != titled.id

    async def test_so_it_is_when_there_are_too_many_to_rank(
        self, monkeypatch, everywhere, place, found
    ):
        monkeypatch.setattr(service, "RANKED", 3)
        for number in range(3):
            await a_prompt(everywhere, place, title=f"Other {number}", text="refund " * 9)
        titled = await a_prompt(everywhere, place, title="Refund", text="nothing of it")
        last = await a_prompt(everywhere, place, title="Later", text="refund")
        assert (await found("refund"))[:2] == [titled.id, last.id]
        assert len(await found("refund")) == 5


class TestChanges:
    async def test_are_found_at_once(self, everywhere, place, found):
        made = await a_prompt(everywhere, place, title="Before", tags=("old",))
        assert await found("before") == [made.id]
        caller = await as_member(everywhere, place, place.owner)
        async with everywhere.transaction() as tx:
            prompts = Prompts(tx, caller, Quiet())
            await prompts.change(made.id, Details(title="After", tags=("new",)))
            await prompts.set_config(made.id, {"model": "gpt-5"})
            await prompts.add_variable(made.id, {"name": "fresh_variable"})
        assert await found("before") == await found("old") == []
        assert await found("after new fresh_variable") == [made.id]
        assert await found(models=("gpt-5",)) == await found(tags=("new",)) == [made.id]
        assert await found(tags=("old",)) == []

    async def test_what_is_archived_is_found_among_the_archived(self, everywhere, place, found):
        made = await a_prompt(everywhere, place, title="Refund")
        caller = await as_member(everywhere, place, place.owner)
        async with everywhere.transaction() as tx:
            await Prompts(tx, caller, Quiet()).change(made.id, Details(archived=True))
        assert await found("refund") == []
        assert await found("refund", archived=True) == [made.id]

    async def test_a_second_worker_hears_of_them(self, either, everywhere, place, finder, found):
        other = service.Finder(either, finder._words, finder.indexer)
        for number in range(3):
            made = await a_prompt(everywhere, place, title=f"Refund word{number}")
            for one in (finder, other):
                selection = await one.select(Inside(place.id), Filters(q=f"refund word{number}"))
                assert selection.page("best", None, 9).ids == [made.id]

    async def test_what_is_not_committed_is_not_found(self, everywhere, place, found):
        caller = await as_member(everywhere, place, place.owner)
        made = await a_prompt(everywhere, place, title="Kept")
        assert await found("kept") == [made.id]
        async with everywhere.transaction() as tx:
            await Prompts(tx, caller, Quiet()).change(made.id, Details(title="Dropped"))
            await tx.rollback()
        assert await found("dropped") == []
        assert await found("kept") == [made.id]


class TestAnotherWorkspace:
    """Its words never match, and never show."""

    async def test_nothing_of_it_is_found_suggested_or_counted(
        self, everywhere, place, finder, found
    ):
        other = await a_workspace(everywhere, "Other")
        theirs = await a_prompt(
            everywhere, other, title="Zeppelin", tags=("secret",), folder="Hidden",
            config={"model": "theirs"}, text="zeppelin 退款 🧳",
        )  # fmt: skip
        mine = await a_prompt(everywhere, place, "mine/balloon", title="Balloon", text="balloon")
        assert await found("zeppelin", at=other) == [theirs.id]
        for q in ("zeppelin", "zep", "eppeli", "退款", "🧳", "secret", "z", "#1", "#2"):
            assert await found(q) == [], q
        for q in ("zepelin", "zeppelim", "secrt"):
            selection = await finder.select(Inside(place.id), Filters(q=q))
            assert selection.suggestion is None, q
        for filters in (Filters(), Filters(q="balloon")):
            selection = await finder.select(Inside(place.id), filters)
            counts = selection.counts(9)
            assert (counts.tags, counts.models, selection.folders()) == ([], [], [])
            assert [(one, count) for one, count in counts.owners] == [(place.owner.id, 1)]
            assert selection.total == 1
        assert await found(tags=("secret",)) == await found(folder="Hidden") == []
        assert await found("balloon") == [mine.id]

    async def test_nor_shown_when_asked_for_by_id(self, everywhere, place, finder):
        other = await a_workspace(everywhere, "Other")
        theirs = await a_prompt(everywhere, other, text="zeppelin")
        await finder.select(Inside(other.id), Filters())
        mine = await finder.select(Inside(place.id), Filters(q="zeppelin"))
        async with everywhere.transaction(write=False) as tx:
            assert await finder.excerpts(tx, Inside(place.id), mine, [theirs.id]) == {}
            theirs_found = await finder.excerpts(tx, Inside(other.id), mine, [theirs.id])
        assert list(theirs_found) == [theirs.id]

    async def test_nor_after_its_shelf_is_gone(self, everywhere, place, finder, found):
        other = await a_workspace(everywhere, "Other")
        await a_prompt(everywhere, other, text="zeppelin")
        assert await found("zeppelin", at=other)
        async with everywhere.transaction() as tx:
            await tx.execute(
                text(
                    "DELETE FROM prompts WHERE workspace_id IN (SELECT id FROM workspaces WHERE slug = 'other')"
                )
            )
            await tx.execute(text("DELETE FROM workspaces WHERE slug = 'other'"))
            for table in ("search_words", "search_queue", "search_terms", "search_shelves"):
                count = await tx.execute(text(f"SELECT count(*) FROM {table}"))
                assert count.scalar() == 0, table
        third = await a_workspace(everywhere, "Third")
        await a_prompt(everywhere, third, text="balloon")
        assert await found("zeppelin", at=third) == []
        assert len(await found("balloon", at=third)) == 1


class TestHostileQueries:
    @pytest.mark.parametrize("q", HOSTILE, ids=lambda q: ascii(q)[:20])
    async def test_are_words_or_nothing(self, everywhere, place, found, q):
        made = await a_prompt(everywhere, place, title="Refund a b", text="{{x}} 'quoted' #1")
        assert await found("refund") == [made.id]
        assert await found(q) in ([], [made.id])
        assert await found("refund") == [made.id]

    async def test_texts_are_no_less_hostile(self, everywhere, place, found):
        made = await a_prompt(
            everywhere,
            place,
            title="'\\\"",
            text="\n".join(HOSTILE[:24]) + " <script>refund</script>",
        )
        assert await found("script refund") == [made.id]


class TestCounts:
    async def test_each_follows_the_other_filters(self, everywhere, place, finder):
        leila = await a_member(everywhere, place, name="Leila Haddad")
        for number in range(6):
            await a_prompt(
                everywhere,
                place,
                by=leila if number % 2 else place.owner,
                title=f"Number {number}",
                tags=("even",) if number % 2 == 0 else ("odd", "third"),
                folder="Support" if number < 4 else "Support/EU",
                config={"model": "gpt" if number < 2 else "claude"},
            )
        where = Inside(place.id)
        counts = (await finder.select(where, Filters())).counts(9)
        assert counts.tags == [("even", 3), ("odd", 3), ("third", 3)]
        assert counts.models == [("claude", 4), ("gpt", 2)]
        assert dict(counts.owners) == {place.owner.id: 3, leila.id: 3}
        assert (counts.drafts, counts.archived, counts.more_tags) == (6, 0, 0)
        narrowed = await finder.select(where, Filters(tags=("odd",), models=("claude",)))
        counts = narrowed.counts(1)
        assert narrowed.count == 2
        assert counts.models == [("claude", 2)]
        assert counts.tags == [("even", 2), ("odd", 2)], "what is chosen stays in sight"
        assert counts.more_tags == 1
        assert dict(counts.owners) == {leila.id: 2}
        folder = await finder.select(where, Filters(folder="Support"))
        assert (folder.count, folder.folders()) == (6, [("Support", 4), ("Support/EU", 2)])
        both = await finder.select(where, Filters(tags=("even", "odd"), models=("gpt",)))
        assert both.count == 2, "alternatives of one kind, and both kinds"
        assert both.counts(9).models == [("claude", 4), ("gpt", 2)]
        gone = await finder.select(where, Filters(tags=("gone",)))
        assert (gone.count, gone.counts(1).tags) == (0, [("even", 3), ("gone", 0)])

    async def test_archived_ones_stand_beside_those_with_a_label(self, everywhere, place, finder):
        made = [await a_prompt(everywhere, place, title=f"Number {n}") for n in range(3)]
        caller = await as_member(everywhere, place, place.owner)
        async with everywhere.transaction() as tx:
            await Prompts(tx, caller, Quiet()).change(made[0].id, Details(archived=True))
        where = Inside(place.id)

        async def ids(**filters):
            return set((await finder.select(where, Filters(**filters))).page("edited", None, 9).ids)

        every = {one.id for one in made}
        assert await ids() == every - {made[0].id}
        assert await ids(archived=True) == {made[0].id}
        assert await ids(archived=True, labels=("draft",)) == every
        assert await ids(starred=frozenset({made[0].id, made[1].id})) == {made[1].id}
        assert await ids(live=frozenset({made[2].room_id})) == {made[2].id}
        found = await finder.select(where, Filters(q="nothing"))
        assert found.own_rooms([made[0].room_id, place.id]) == [made[0].room_id]


class TestSuggestions:
    async def test_the_most_frequent_of_the_likely_words(self, everywhere, place, finder):
        for number in range(3):
            await a_prompt(everywhere, place, title=f"Refund word{number}")
        await a_prompt(everywhere, place, title="Refunt")
        where = Inside(place.id)
        selection = await finder.select(where, Filters(q="refunnd"))
        assert selection.suggestion is not None
        assert (selection.suggestion.q, selection.suggestion.count) == ("refund", 3)
        several = await finder.select(where, Filters(q="refnud word2"))
        assert several.suggestion is not None
        assert (several.suggestion.q, several.suggestion.count) == ("refund word2", 1)

    async def test_only_what_the_other_filters_leave(self, everywhere, place, finder):
        await a_prompt(everywhere, place, title="Refund", folder="Support")
        selection = await finder.select(Inside(place.id), Filters(q="refnud", folder="Trips"))
        assert selection.suggestion is None


class TestPages:
    @pytest.mark.parametrize("sort", ["best", "edited", "title"])
    @pytest.mark.parametrize("q", ["", "refund"])
    @pytest.mark.parametrize("ranked", [2, 1000])
    async def test_are_all_of_it_once(
        self, monkeypatch, everywhere, place, finder, found, sort, q, ranked
    ):
        monkeypatch.setattr(service, "RANKED", ranked)
        for number in range(7):
            title = "Refund" if number % 3 == 0 else f"Same {number % 2}"
            await a_prompt(everywhere, place, title=title, text="refund")
        expected, seen, after = await found(q, sort=sort), [], None
        while True:
            selection = await finder.select(Inside(place.id), Filters(q=q))
            page = selection.page(sort, after, 2)
            seen += page.ids
            if (after := page.next_cursor) is None:
                break
        assert seen == expected
        assert len(seen) == 7

    async def test_a_marker_belongs_to_its_order(self, everywhere, place, finder):
        for _ in range(3):
            await a_prompt(everywhere, place)
        selection = await finder.select(Inside(place.id), Filters())
        marker = selection.page("title", None, 1).next_cursor
        with pytest.raises(InvalidCursor):
            selection.page("edited", marker, 1)


async def test_a_search_costs_the_same_statements_however_much_there_is(
    either, everywhere, place, finder
):
    counted = []
    for _ in range(2):
        for _ in range(6):
            await a_prompt(everywhere, place, text=STARTERS[0].text + " refund")
        await finder.select(Inside(place.id), Filters())
        with statements(either) as seen:
            await finder.select(Inside(place.id), Filters(q="refund"))
        counted.append(len(seen))
    assert counted[0] == counted[1] <= 6
