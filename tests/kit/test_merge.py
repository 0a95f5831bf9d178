"""A three-way edit: what others wrote is never lost, what the caller wrote arrives, or nothing is."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.kit.edits import applied, between
from app.kit.merge import merged

# Three alphabets, so that every character says whose it is.
WORDS = st.sampled_from(["alpha", "beta", "gamma ray", "the", "of", "a", " ", ". ", "\n", "\n\n"])
BASES = st.lists(WORDS, max_size=20).map("".join)
THEIRS = st.text("XYZ 12\n", min_size=1, max_size=6)
OURS = st.text("φψω ,\n", min_size=1, max_size=6)


@st.composite
def changes(draw, text, added, *, deletes):
    """`text` with some insertions, and some of its parts taken out."""
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12))) if deletes else start
        text = text[:start] + draw(added) + text[end:]
    return text


@st.composite
def meetings(draw, *, others_delete):
    base = draw(BASES)
    content = draw(changes(base, OURS, deletes=True))
    return base, content, draw(changes(base, THEIRS, deletes=others_delete))


def made(base, content, live):
    edits = merged(base, content, live)
    if edits is not None:
        ends = [0, *(at for start, end, _ in edits for at in (start, end))]
        assert ends == sorted(ends)
    return None if edits is None else applied(live, edits)


def only(text, alphabet):
    return "".join(one for one in text if one in alphabet)


@given(BASES, st.data())
def test_when_nobody_else_typed_the_result_is_the_content(base, data):
    content = data.draw(changes(base, OURS, deletes=True))
    assert made(base, content, base) == content


@given(BASES, st.data())
def test_when_nothing_was_changed_what_others_typed_stays(base, data):
    live = data.draw(changes(base, THEIRS, deletes=True))
    assert made(base, base, live) == live


@given(meetings(others_delete=True))
@example(("the cat", "ω", "X the dog Y"))
@example(("alpha", "φalphaψ", "XYZ"))
def test_nothing_that_others_typed_is_lost_and_all_of_the_callers_arrives_or_nothing(meeting):
    base, content, live = meeting
    result = made(base, content, live)
    if result is not None and content != live:
        assert only(result, "XYZ12") == only(live, "XYZ12")
        assert only(result, "φψω,") == only(content, "φψω,")


@given(meetings(others_delete=False))
def test_what_the_caller_took_out_is_gone(meeting):
    """Of base nothing is there afterwards that is not in the content, and nothing is missing."""
    base, content, live = meeting
    result = made(base, content, live)
    if result is not None:
        letters = "abcdefghijklmnopqrstuvwxyz."
        assert sorted(only(result, letters)) == sorted(only(content, letters))


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_any_texts_are_merged_or_not(base, content, live):
    made(base, content, live)


@given(st.text("ab \n", max_size=20), st.text("ab \n", max_size=20))
def test_edits_make_the_same(old, new):
    assert applied(old, between(old, new)) == new


def test_three_typists_in_one_word_and_the_word_replaced():
    assert made("say hello now", "say goodbye now", "say heXlYloZ now") == "say goodbyeXYZ now"


@pytest.mark.parametrize(
    ("base", "content", "live", "result"),
    [
        ("Be kind.", "Be kind. Be brief.", "Be very kind.", "Be very kind. Be brief."),
        ("Be kind.", "Be kind. Be brief.", "Be kind. Always.", "Be kind. Always. Be brief."),
        ("one two", "zero one two", "and one two", "zero and one two"),
        ("alpha ga", "alpha, ga", "alphabet ga", "alphabet, ga"),  # words are not cut in two
        ("", "Hello", "typed", "typedHello"),
        ("teh cat", "the cat", "the cat sat", "the cat sat"),  # both corrected it
        ("a b c", "a c", "a c", "a c"),
        ("keep drop", "keep", "keep", "keep"),
        ("keep drop it", "keep", "keep drop X it", "keepX "),
    ],
)
def test_what_people_expect(base, content, live, result):
    assert made(base, content, live) == result


@pytest.mark.parametrize(
    ("base", "content", "live"),
    [
        ("You triage refunds.", "You triage refunds politely.", "Something else entirely."),
        ("Be kind.", "Be polite.", "Be brutal."),  # both replaced the same word
        ("The cat sat on the mat.", "The dog.", "A horse ate all of the hay in the barn."),
        ("one\ntwo\nthree", "one\n2\nthree", "one\nthree"),
    ],
)
def test_words_that_are_gone_are_not_guessed_at(base, content, live):
    assert merged(base, content, live) is None


def test_a_long_text_takes_bounded_time():
    dice = random.Random(7)
    base = " ".join(dice.choices(["alpha", "beta", "of", "the", "a"], k=100_000))
    content = base.replace("alpha beta", "alpha gamma")
    live = "".join(one + ("X" if dice.random() < 0.01 else "") for one in base)
    began = time.process_time()
    merged(base, content, live)
    assert time.process_time() - began < 3, "about 0.5 s, on a quiet machine"


@pytest.mark.parametrize(
    ("old", "new", "most"),
    [
        (
            "".join(f"k{n}\ng{n}\n" for n in range(20_000)),
            "".join(f"{n}n\ng{n}\n" for n in range(20_000)),
            5_001,
        ),
        (
            " ".join(f"k{n} g{n}" for n in range(30_000)),
            " ".join(f"{n}n g{n}" for n in range(30_000)),
            1,
        ),
        (
            " ".join(f"k{n} g{n}" for n in range(10_000)),
            " ".join(f"{n}n g{n}" for n in range(10_000)),
            6_001,
        ),
    ],
    ids=["lines", "a long line", "words"],
)
def test_very_many_places_are_changed_as_a_whole(old, new, most):
    """Each costs some microseconds in a loop that serves everybody; texts have a hundred thousand."""
    edits = list(between(old, new))
    assert len(edits) <= most
    assert applied(old, edits) == new
