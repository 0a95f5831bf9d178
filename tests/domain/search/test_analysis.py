from __future__ import annotations

import pytest

from app.domain.search.analysis import QUERY_LONGEST, Word, fold, query_words, words


class TestWords:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Refund Triage", ["refund", "triage"]),
            ("Größe café", ["grosse", "cafe"]),
            ("cafe\u0301", ["cafe"]),
            ("{{customer_language}}", ["customer", "language"]),
            ("support/refund-triage", ["support", "refund", "triage"]),
            ("v2.0 42", ["v2", "0", "42"]),
            ("退款政策", ["退款", "款政", "政策", "策"]),
            ("退", ["退"]),
            ("pay 退款 now", ["pay", "退款", "款", "now"]),
            ("🧳🧑‍🚀", ["🧳", "🧑", "🚀"]),
            ("ПРИВЕТ", ["привет"]),
            ("\x00 \n\t*\"'()", []),
            ("x" * 500, ["x" * 48]),
        ],
    )
    def test_of_a_text(self, text, expected):
        assert list(words(text)) == expected

    def test_folding_keeps_every_place(self):
        text = "Größe ﬁne İstanbul e\u0301 ẞ 退款 🧳"
        assert len(fold(text)) == len(text)


class TestQueryWords:
    def test_each_once_and_not_too_many(self):
        assert [
            one.text for one in query_words("a b a " + " ".join(f"w{n}" for n in range(20)))
        ] == [*("a", "b", "w0", "w1", "w2", "w3", "w4", "w5")]

    def test_what_is_too_long_is_cut(self):
        assert query_words("x " * 5000 + "end") == [Word("x")]
        assert query_words(" " * QUERY_LONGEST + "late") == []

    @pytest.mark.parametrize("query", ["", "  ", "***", '"', "\x00", "()", "AND*^:-"[3:]])
    def test_nothing_to_look_for(self, query):
        assert query_words(query) == []

    def test_length_and_script_decide_what_a_word_stands_for(self):
        [short, long, pair, single] = query_words("re ref 退款 政")
        assert (short.begins_titles, short.is_open) == (True, False)
        assert (long.begins_titles, long.is_open) == (False, True)
        assert (pair.begins_titles, pair.is_open) == (False, False)
        assert (single.begins_titles, single.is_open) == (False, True)
