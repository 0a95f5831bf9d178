"""What is like what: the telling words, the weights, the runs, the tags."""

from __future__ import annotations

from app.domain.search import likeness


def test_the_longest_words_are_asked_for_each_once() -> None:
    assert likeness.telling(["to", "refund", "carrier", "refund", "日本", "a"]) == [
        "carrier", "refund", "日本",
    ]  # fmt: skip
    many = [f"word{number:03}" for number in range(100)]
    assert len(likeness.telling(many)) == likeness.MOST_ASKED


def test_a_word_that_all_have_weighs_little() -> None:
    everywhere, rare = list(range(100)), [7]
    ranked = likeness.shares({"the": everywhere, "carrier": rare}, 100, None)
    assert [number for number, _ in ranked] == [7]
    assert ranked[0][1] == 1.0


def test_a_prompt_is_not_like_itself_and_does_not_make_its_words_frequent() -> None:
    assert likeness.shares({"carrier": [3]}, 100, 3) == []
    with_itself = likeness.shares({"carrier": [3, 4], "own": [3]}, 100, 3)
    assert with_itself == likeness.shares({"carrier": [4], "own": []}, 100, None)
    assert with_itself[0][1] < 0.5  # the word that it alone has counts against


def test_few_are_held_against_the_text() -> None:
    ranked = [(number, 1 - number / 30) for number in range(30)]
    assert likeness.candidates(ranked) == list(range(likeness.NEIGHBOURS))
    assert likeness.candidates([(1, 0.49)]) == []


def test_the_order_of_words_decides() -> None:
    words = ["never", "promise", "a", "date", "that", "is", "not", "in", "the", "booking"]
    assert likeness.resemblance(words, words) == 1.0
    assert likeness.resemblance(words, words[::-1]) == 0.0
    assert 0.5 < likeness.resemblance(words, [*words, "record"]) < 1.0
    assert likeness.resemblance(["one"], ["one"]) == 1.0
    assert likeness.resemblance([], ["one", "two"]) == 0.0


def test_tags_that_neighbours_agree_on() -> None:
    neighbours = [(0.9, ["refund", "tone"]), (0.8, ["refund", "triage"]), (0.3, ["triage"])]
    assert likeness.fitting_tags(neighbours, []) == ["refund", "triage"]
    assert likeness.fitting_tags(neighbours, ["refund"]) == ["triage"]
    assert likeness.fitting_tags([(0.9, ["refund"])], []) == []  # one alone is no agreement
    assert likeness.fitting_tags([], []) == []
