"""What became of the messages of a chat prompt."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from app.domain.versions.messages import MOST, Change, changes


def chat(*messages: tuple[str, str]) -> str:
    return "\n".join(f'{{{{role "{role}"}}}}\n{content}' for role, content in messages)


SYSTEM = ("system", "You answer questions about refunds.")
USER = ("user", "Where is my money? It has been three weeks.")
REPLY = ("assistant", "It is on its way to your bank.")


class TestChanges:
    def test_nothing_is_told_of_words_alone(self) -> None:
        longer = ("user", USER[1] + " I would like to know.")
        assert changes(chat(SYSTEM, USER), chat(SYSTEM, longer)) == []
        assert changes("One text", "Something else") == []

    def test_what_came_and_what_went(self) -> None:
        assert changes(chat(SYSTEM, USER), chat(SYSTEM, USER, REPLY)) == [
            Change("added", "assistant", None, 3)
        ]
        assert changes(chat(SYSTEM, REPLY, USER), chat(SYSTEM, USER)) == [
            Change("removed", "assistant", 2, None)
        ]

    def test_a_message_that_moved_is_not_a_new_one(self) -> None:
        found = changes(chat(SYSTEM, USER, REPLY), chat(SYSTEM, REPLY, USER))
        assert [(one.kind, one.before, one.after) for one in found] in (
            [("moved", 3, 2)],
            [("moved", 2, 3)],
        )

    def test_another_role_with_the_same_words(self) -> None:
        now = chat(("user", SYSTEM[1]), USER)
        assert changes(chat(SYSTEM, USER), now) == [Change("role", "user", 1, 1, "system")]

    def test_a_single_message_that_gets_a_role_says_so(self) -> None:
        assert changes(USER[1], chat(("system", USER[1]))) == [
            Change("role", "system", 1, 1, "user")
        ]

    def test_equal_messages_pair_in_their_order(self) -> None:
        assert changes(chat(USER, USER, REPLY), chat(USER, USER, REPLY)) == []
        assert changes(chat(USER, USER), chat(USER)) == [Change("removed", "user", 2, None)]

    @given(
        st.lists(st.sampled_from([SYSTEM, USER, REPLY]), max_size=6),
        st.lists(st.sampled_from([SYSTEM, USER, REPLY]), max_size=6),
    )
    def test_what_is_told_accounts_for_every_message(
        self, old: list[tuple[str, str]], new: list[tuple[str, str]]
    ) -> None:
        found = changes(chat(*old), chat(*new))
        added = sum(one.kind == "added" for one in found)
        removed = sum(one.kind == "removed" for one in found)
        is_one_each = len(old) == len(new) == 1
        assert is_one_each or len(old) - removed + added == len(new)
        assert (found == []) == (old == new)

    def test_hostile_texts_take_no_longer(self) -> None:
        words = " ".join(f"w{number % 50}" for number in range(600))
        old = chat(*[("user", f"{words} {number}") for number in range(MOST)])
        before = time.process_time()
        changes(old, chat(*[("assistant", f"{number} {words}") for number in range(MOST)]))
        changes('{{role "user"}}\n' * 100_000, "x\n" * 100_000)
        assert time.process_time() - before < 1  # about 60 ms
