"""The live document: library failures, and rewriting by the smallest edit."""

from __future__ import annotations

import asyncio
import gc
import random
import weakref
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from pycrdt import Doc, Text

from app.domain.rooms.room.crediting import edits
from app.domain.rooms.room.document import LibraryFailed, LiveDocument, guarded
from app.kit.edits import between

words = st.lists(
    st.sampled_from(["a", "bc", " ", "\n", "語", "👋", "👩‍💻", "e\u0301", "{{x}}"]), max_size=30
).map("".join)


DICE = random.Random(7)


def _failures() -> float:
    return REGISTRY.get_sample_value("promptroom_library_failures_total") or 0.0


class Panic(BaseException):
    """As the library's own, which no `except Exception` catches."""


class TestGuarded:
    @pytest.mark.parametrize("error", [ValueError, RuntimeError, Panic, MemoryError])
    def test_whatever_the_library_raises_has_one_name(self, error: type[BaseException]) -> None:
        def fails() -> None:
            raise error("why")

        with pytest.raises(LibraryFailed, match=f"{error.__name__}: why"):
            guarded(fails)

    @pytest.mark.parametrize("error", [asyncio.CancelledError, KeyboardInterrupt, SystemExit])
    def test_what_is_not_the_librarys_passes(self, error: type[BaseException]) -> None:
        def fails() -> None:
            raise error

        with pytest.raises(error):
            guarded(fails)

    def test_a_real_failure_of_the_library_is_counted(self) -> None:
        before = _failures()
        with pytest.raises(LibraryFailed):
            LiveDocument().apply(b"\xff\xff\xff")
        assert _failures() == before + 1


class TestRewriting:
    @given(old=words, new=words)
    def test_gives_the_new_text(self, old: str, new: str) -> None:
        document = LiveDocument.of(old, "user:a")
        document.rewrite(new, "user:b")
        assert document.text == new

    @given(old=words, new=words)
    def test_its_update_gives_others_the_same(self, old: str, new: str) -> None:
        document = LiveDocument.of(old, "user:a")
        other: Doc[Text] = Doc()
        text = other.get("text", type=Text)
        other.apply_update(document.state())
        edit = document.rewrite(new, "user:b")
        assert (edit is None) == (old == new)
        if edit is not None:
            other.apply_update(edit[0])
        assert str(text) == new

    @given(old=words, new=words)
    def test_runs_cover_exactly_what_differs(self, old: str, new: str) -> None:
        text = old
        for start, end, added in reversed(list(between(old, new))):
            text = text[:start] + added + text[end:]
        assert text == new
        for _, splices in edits(old, new, between(old, new), (), "user:b"):
            for start, removed, added in splices:
                assert old.encode()[start : start + removed] != added.encode()

    def test_what_stays_keeps_its_author(self) -> None:
        document = LiveDocument.of("You are a helpful assistant.", "user:a")
        document.rewrite("You are a very helpful assistant!", "user:b")
        assert document.guard.ranges_since({}) == {"user:a": 28, "user:b": 6}

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("a b " * 50_000, "b a " * 50_000),
            ("a\nb\n" * 50_000, "b\na\nc\n" * 33_000),
            ("x\n" * 100_000, "y\n" * 100_000),
            ("".join(DICE.choices("ab ", k=200_000)), "".join(DICE.choices("ab ", k=200_000))),
            ("\n".join(DICE.choices("ab", k=99_000)), "\n".join(DICE.choices("ab", k=99_000))),
        ],
        ids=["one line", "lines that repeat", "equal lines", "random letters", "random lines"],
    )
    def test_no_text_keeps_everybody_waiting(self, old: str, new: str) -> None:
        """Some of these took difflib minutes, and then the worker was killed as one that hangs."""
        document = LiveDocument.of(old, "user:a")
        began = process_time()
        document.rewrite(new, "user:b")
        assert process_time() - began < 1.5, "0.1 to 0.4 s, on a quiet machine"
        assert document.text == new


class TestLearning:
    def test_authors_survive_a_load(self) -> None:
        document = LiveDocument.of("Hello", "user:a")
        document.rewrite("Hello 👋", "user:b")
        fresh = LiveDocument()
        fresh.trust(document.authors())
        fresh.learn([(document.state(), None)])
        fresh.apply(document.state())
        assert fresh.authors() == document.authors()
        assert fresh.text_sha256() == document.text_sha256()

    def test_size_grows_with_what_it_took_in(self) -> None:
        small, large = LiveDocument.of("a", "user:a"), LiveDocument()
        update = LiveDocument.of("a" * 100_000, "user:a").state()
        large.apply(update)
        assert large.size > small.size + 500_000


def test_a_document_that_was_edited_is_freed() -> None:
    """An observer that stays behind would keep it for ever."""
    document = LiveDocument.of("Hello", "user:a")
    document.rewrite("Hello world", "user:b")
    alive = weakref.ref(document._doc)
    del document
    gc.collect()
    assert alive() is None
