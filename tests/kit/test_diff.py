"""Differences are complete, mark words where lines are alike, and never take long."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.diff import Fold, folded, inline, rows, summary

LINES = st.lists(st.sampled_from(["", "a b c", "a b d", "x", "x y z", "  a", "é 😀"]), max_size=9)
TEXTS = LINES.map("\n".join) | st.text(max_size=30)


def texts(found):
    old = "\n".join(row.old.text for row in found if row.old)
    new = "\n".join(row.new.text for row in found if row.new)
    return old, new


def words(line):
    return [(span.text, span.changed) for span in line.spans]


class TestRows:
    @given(TEXTS, TEXTS)
    def test_the_rows_hold_both_texts_whole(self, old, new):
        assert texts(rows(old, new)) == (old, new)

    @given(TEXTS, TEXTS)
    def test_an_unchanged_row_has_the_same_line_on_both_sides(self, old, new):
        for row in rows(old, new):
            if not row.changed:
                assert row.old.text == row.new.text
                assert not any(span.changed for span in (*row.old.spans, *row.new.spans))

    @given(TEXTS, TEXTS)
    def test_lines_are_numbered_from_one_without_gaps(self, old, new):
        found = rows(old, new)
        for side in ("old", "new"):
            numbers = [getattr(row, side).number for row in found if getattr(row, side)]
            assert numbers == list(range(1, len(numbers) + 1))

    @given(TEXTS, TEXTS)
    def test_words_kept_on_one_side_are_kept_on_the_other(self, old, new):
        for row in rows(old, new):
            if row.old and row.new:
                kept = [
                    "".join(span.text for span in line.spans if not span.changed)
                    for line in (row.old, row.new)
                ]
                assert kept[0] == kept[1]

    def test_equal_texts_have_no_changed_row(self):
        assert not any(row.changed for row in rows("a\nb", "a\nb"))

    def test_a_changed_word_is_marked_within_its_line(self):
        [row] = rows("Be kind to them.", "Be polite to them.")
        assert words(row.old) == [("Be ", False), ("kind", True), (" to them.", False)]
        assert words(row.new) == [("Be ", False), ("polite", True), (" to them.", False)]

    def test_a_line_put_above_a_changed_one_does_not_face_it(self):
        found = rows("Be kind to them.", "A first line!\nBe polite to them.")
        assert [(row.old is None, row.new.number) for row in found] == [(True, 1), (False, 2)]

    def test_lines_with_little_in_common_are_marked_whole(self):
        [row] = rows("Say hello and stop.", "Never ask for a password, ever.")
        assert words(row.old) == [("Say hello and stop.", True)]

    def test_adding_to_an_empty_text_only_adds(self):
        found = rows("", "a\nb")
        assert [(row.old, row.new.text) for row in found] == [(None, "a"), (None, "b")]


class TestFolding:
    def test_long_unchanged_runs_are_folded_with_context(self):
        old = "\n".join(map(str, range(20)))
        found = folded(rows(old, old.replace("10", "ten")))
        assert [len(r.rows) if isinstance(r, Fold) else r.new.text for r in found] == [
            7, "7", "8", "9", "ten", "11", "12", "13", 6,
        ]  # fmt: skip

    def test_a_single_line_is_not_folded(self):
        old = "\n".join(map(str, range(8)))
        found = folded(rows(old, old.replace("0", "zero").replace("7", "seven")))
        assert sum(isinstance(row, Fold) for row in found) == 0 or all(
            len(row.rows) > 1 for row in found if isinstance(row, Fold)
        )

    @given(TEXTS, TEXTS)
    def test_folding_loses_no_row(self, old, new):
        found = rows(old, new)
        unfolded = [
            row
            for part in folded(found)
            for row in (part.rows if isinstance(part, Fold) else [part])
        ]
        assert unfolded == found


class TestInline:
    def test_what_went_stands_before_what_came(self):
        found = inline(rows("a b c\nx y z\nend", "a b d\nx y q\nend"))
        assert [(r.old and r.old.text, r.new and r.new.text) for r in found] == [
            ("a b c", None), ("x y z", None), (None, "a b d"), (None, "x y q"), ("end", "end"),
        ]  # fmt: skip

    @given(TEXTS, TEXTS)
    def test_one_column_holds_both_texts_whole(self, old, new):
        assert texts(inline(rows(old, new))) == (old, new)


class TestSummary:
    def test_lines_and_words_are_counted(self):
        found = summary(rows("Be kind to them.\nbye", "Be very polite to them.\nbye\nnow"))
        assert (found.lines_added, found.lines_removed) == (2, 1)
        assert (found.words_added, found.words_removed) == (3, 1)
        assert not found.is_empty

    def test_nothing_changed_is_empty(self):
        assert summary(rows("a", "a")).is_empty


def prose(size, seed):
    source = random.Random(seed)
    vocabulary = ["".join(source.choices("abcdefgh", k=6)) for _ in range(800)]
    lines, length = [], 0
    while length < size:
        lines.append(" ".join(source.choices(vocabulary, k=12)))
        length += len(lines[-1]) + 1
    return lines


def a_word_changed_everywhere(lines):
    return [line.replace(line.split()[4], "changed", 1) for line in lines]


CASES = {
    "unrelated": (prose(200_000, 1), prose(200_000, 2)),
    "every line edited": (prose(200_000, 1), a_word_changed_everywhere(prose(200_000, 1))),
    "shuffled": (prose(200_000, 1), random.Random(3).sample(prose(200_000, 1), 2000)),
    "short repeated lines": (["a", "b", "b"] * 33_000, ["b", "a", "c"] * 33_000),
    "empty lines": ([""] * 200_000, [""] * 150_000 + ["x"] * 25_000),
    "one long line": ([" ".join(prose(200_000, 1))], [" ".join(prose(200_000, 2))]),
}


@pytest.mark.parametrize("case", CASES)
def test_two_texts_of_200_kb_are_compared_in_bounded_time(case):
    old, new = ("\n".join(lines) for lines in CASES[case])
    spent = []
    for _ in range(2):  # the faster of two: the machine is shared
        begun = time.process_time()
        found = rows(old, new)
        summary(found)
        spent.append(time.process_time() - begun)
    assert texts(found) == (old, new)
    # Prose takes 0.1 s; 200,000 one-letter lines take most of a second to lay out as rows.
    assert min(spent) < 3
