"""Finding words again: where they stand, after edits, in hostile texts, and not where they are not."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.threads.anchoring import Anchor, Span, Wording, checked
from app.domain.threads.errors import AnchorInvalid

TEXT = """\
You answer customers of Larkspur Travel 🧳 by e-mail.
Refunds are paid within 14 days of the request, to the card that was used.
Never promise a date. If the customer is angry, apologise once and hand over.
Answer in the customer's language: 誠実に、短く答えてください。ご不明な点は担当者に確認します。
"""


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def on(words: str, text: str = TEXT) -> Anchor:
    at = units(text[: text.index(words)])
    anchor = Wording(text).anchor(at, at + units(words))
    assert anchor is not None
    assert anchor.quote == words
    return anchor


def found(anchor: Anchor, text: str) -> str | None:
    span = Wording(text).span(anchor)
    return None if span is None else cut(text, span)


def cut(text: str, span: Span) -> str:
    return text.encode("utf-16-le")[2 * span.start : 2 * span.end].decode("utf-16-le")


@pytest.mark.parametrize(
    ("words", "change", "expected"),
    [
        ("14 days", ("You answer", "You kindly answer"), "14 days"),
        ("14 days", ("14 days", "14 working days"), "14 working days"),
        ("Never promise a date.", ("promise a", "ever promise an exact"), "Never ever promise an exact date."),
        ("the customer is angry", ("If the customer", "If the caller"), "the caller is angry"),
        ("短く答えてください", ("短く", "とても短く"), "短く答えてください"),
        ("誠実に、短く答えて", ("、", "、とても"), "誠実に、とても短く答えて"),
        ("🧳", ("Larkspur Travel", "Larkspur"), "🧳"),
        ("Refunds are paid within 14 days of the request", ("14 days of", "30 days after"), "Refunds are paid within 30 days after the request"),
        # deleted, or replaced by something else
        ("14 days", ("within 14 days ", "within "), None),
        ("Never promise a date.", ("Never promise a date.", "Be brief."), None),
        ("a date", (" a date", ""), None),
        ("the customer is angry", ("If the customer is angry, apologise once and hand over.\n", ""), None),
    ],
)  # fmt: skip
def test_edited(words: str, change: tuple[str, str], expected: str | None) -> None:
    assert found(on(words), TEXT.replace(*change, 1)) == expected


def test_moved_elsewhere_with_its_message() -> None:
    lines = TEXT.splitlines(keepends=True)
    anchor = on("apologise once and hand over")
    assert found(anchor, "".join([*lines[2:], *lines[:2]])) == "apologise once and hand over"


def test_of_many_the_one_that_was_meant() -> None:
    text = "".join(f"{n}. If it is a refund, say so.\n" for n in range(300))
    at = text.index("refund", text.index("\n207. "))
    anchor = Wording(text).anchor(at, at + 6)
    assert anchor is not None
    changed = "A new first line.\n" + text.replace("\n100. If", "\nHundred. If")
    span = Wording(changed).span(anchor)
    assert span is not None
    assert changed[: span.start].rpartition("\n")[2].startswith("207. ")


def test_restored_words_are_found_again() -> None:
    anchor = on("14 days")
    assert found(anchor, "Something else entirely.") is None
    assert found(anchor, TEXT) == "14 days"


words = st.text(st.sampled_from("abc 🧳é\n"), max_size=12)


@given(before=words, inside=words, after=words, more=st.tuples(words, words))
def test_edits_around_never_hide_long_words(
    before: str, inside: str, after: str, more: tuple[str, str]
) -> None:
    quote = f"The words «{inside}» that were meant"
    text = f"{before}{quote}{after}"
    start = units(before)
    anchor = Wording(text).anchor(start, start + units(quote))
    assert anchor is not None
    changed = f"{more[0]}{before}{quote}{after}{more[1]}"
    span = Wording(changed).span(anchor)
    assert span is not None
    assert cut(changed, span) == quote


@given(text=words, start=st.integers(-2, 30), end=st.integers(-2, 30))
def test_spans_are_of_whole_characters(text: str, start: int, end: int) -> None:
    anchor = Wording(text).anchor(start, end)
    whole = [units(text[:n]) for n in range(len(text) + 1)]
    assert (anchor is not None) == (start in whole and end in whole and start < end)
    if anchor is not None:
        assert anchor.quote == cut(text, Span(start, end))


LONG = 1 << 20
HOSTILE = {
    "one letter": ("a" * LONG, "a" * 9_000 + "b"),
    "there everywhere": ("a" * LONG, "a" * 9_000),
    "two in turn": ("ab" * (LONG // 2), "ab" * 4_500 + "c"),
    "signs": ("([{" * (LONG // 3), "([{" * 3_000 + "x"),
    "pairs": ("🧳" * (LONG // 4), "🧳" * 3_000 + "x"),
    "spaces": (" " * LONG, " " * 9_000 + "x"),
    "common words": (
        "the refund is paid to the customer " * 30_000,
        "the paid is refund to " * 400,
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_fifty_hostile_quotes_in_a_long_text_take_bounded_time(case: str) -> None:
    """Some 0.2 s here; quadratic work would take minutes."""
    text, quote = HOSTILE[case]
    anchor = Anchor(quote, "a" * 64, "the " * 16, 1_000, 1_000 + len(quote))
    begun = time.process_time()
    Wording(text).spans([anchor] * 50)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "odd",
    [
        {"quote": "x" * 10_001},
        {"quote": "a\x00b"},
        {"quote": "a", "prefix": "\ud83e"},
        {"quote": "a", "start": 3, "end": 3},
        {"quote": "a", "start": -1, "end": 3},
        {"quote": "a", "start": 1},
        {"quote": "", "start": 1, "end": 2},
        {"quote": "a", "positions": (b"", b"x")},
        {"quote": "a", "positions": (b"x", b"x" * 129)},
        {"quote": "a", "epoch": "e" * 37},
    ],
)
def test_what_is_no_anchor(odd: Any) -> None:
    with pytest.raises(AnchorInvalid):
        checked(replace(Anchor(), **odd))


def test_context_is_cut_to_what_is_kept() -> None:
    kept = checked(Anchor("a", "x" * 100 + "<", ">" + "y" * 100))
    assert (len(kept.prefix), kept.prefix[-1], kept.suffix[0], len(kept.suffix)) == (
        64,
        "<",
        ">",
        64,
    )
