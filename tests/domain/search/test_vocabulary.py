from __future__ import annotations

import pytest

from app.domain.search.analysis import Word
from app.domain.search.vocabulary import MOST_MEANINGS, Vocabulary, distance


def of(*words: str) -> Vocabulary:
    vocabulary = Vocabulary()
    vocabulary.add(words)
    return vocabulary


class TestMeanings:
    def test_itself_longer_words_and_those_around_it(self):
        vocabulary = of("refund", "refunds", "prerefund", "fun")
        assert vocabulary.meanings(Word("refund")) == ["refund", "refunds", "prerefund"]

    def test_a_word_is_named_once_however_often_it_holds_the_part(self):
        assert of("banana").meanings(Word("ana")) == ["banana"]

    def test_short_words_stand_for_themselves(self):
        vocabulary = of("re", "refund")
        assert vocabulary.meanings(Word("re")) == ["re"]
        assert vocabulary.meanings(Word("x")) == []

    def test_there_are_not_too_many(self):
        vocabulary = of(*(f"word{n}" for n in range(500)))
        assert len(vocabulary.meanings(Word("word"))) == MOST_MEANINGS
        assert vocabulary.goes_on("word")
        assert not vocabulary.goes_on("word49")

    def test_words_may_come_later(self):
        vocabulary = of("zebra")
        vocabulary.add(["apple", "zebra"])
        assert len(vocabulary) == 2
        assert vocabulary.meanings(Word("app")) == ["apple"]


class TestNearest:
    @pytest.mark.parametrize("typed", ["refnud", "refud", "refunnd", "rfeund", "tefund", "refunf"])
    def test_a_slip_of_the_finger(self, typed):
        assert of("refund", "review", "zeppelin").nearest(typed) == ["refund"]

    def test_the_likeliest_first(self):
        assert of("tonne", "stone", "bone").nearest("stonne") == ["stone", "tonne"]

    def test_short_words_have_to_be_closer(self):
        assert of("cat").nearest("cut") == ["cat"]
        assert of("cat").nearest("dot") == []
        assert of("at").nearest("a") == []


@pytest.mark.parametrize(
    ("a", "b", "away"),
    [("", "", 0), ("a", "b", 1), ("ab", "ba", 1), ("abc", "", 3), ("refund", "refnud", 1)],
)
def test_distance(a, b, away):
    assert distance(a, b, 5) == distance(b, a, 5) == away
    assert distance(a, b, 0) == min(away, 1)
