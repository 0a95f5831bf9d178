from __future__ import annotations

from app.domain.search.analysis import query_words
from app.domain.search.snippets import Piece, marked, pattern_of, snippet


def cut(text: str, query: str) -> tuple[str, list[str], int]:
    found = snippet(text, pattern_of(query_words(query)))
    assert found is not None
    pieces, line = found
    return "".join(one.text for one in pieces), [one.text for one in pieces if one.is_hit], line


class TestSnippet:
    def test_the_line_with_the_word_in_it(self):
        text = "You are kind.\nApprove a full refund and cite the clause.\nBe brief."
        assert cut(text, "refund") == ("Approve a full refund and cite the clause.", ["refund"], 2)

    def test_case_and_accents_as_they_were_written(self):
        assert cut("Die GRÖSSE, die größe", "grosse")[1] == ["GRÖSSE", "größe"]
        assert cut("Café", "cafe")[1] == ["Café"]

    def test_parts_of_words_are_marked_where_they_stand(self):
        assert cut("a refundable fare", "fund")[1] == ["fund"]

    def test_short_words_only_where_a_word_begins(self):
        assert cut("are there rest", "re")[1] == ["re"]
        assert cut("are there rest", "re")[0].index("rest") == 10

    def test_long_lines_are_cut_at_words(self):
        text = "word " * 200 + "needle" + " tail" * 200
        shown, hits, line = cut(text, "needle")
        assert shown.startswith("…word ")
        assert shown.endswith("…")
        assert (hits, line) == (["needle"], 1)
        assert len(shown) < 180

    def test_nothing_without_a_hit(self):
        assert snippet("text", pattern_of(query_words("other"))) is None
        assert snippet("text", None) is None

    def test_marks_are_pieces_and_never_html(self):
        pieces = marked("<b>refund</b>", pattern_of(query_words("refund")))
        assert pieces == [Piece("<b>"), Piece("refund", is_hit=True), Piece("</b>")]
        assert marked("all", None) == [Piece("all")]
