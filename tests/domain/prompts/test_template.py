"""The two shapes of a prompt: examples from the product's contract, then properties."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.prompts.template import (
    Message,
    Reference,
    messages_of,
    references_in,
    text_of,
    variables_in,
)

# Text that is likely to trip the grammar: marks, near-marks, backslashes, blank lines.
PIECES = st.sampled_from(
    [
        "\n", "\n\n", " ", "\t", "\\", "{{", "}}", "{", "hello", "é😀", "\r", "\u2028", "\x0c",
        '{{role "user"}}', "{{ role 'system' }}", '{{role "model"}}', '{{role "tool"}}',
        "{{history}}", "{{ history }}", "{{name}}", "{{> a/b@production}}", '\\{{role "user"}}',
        "\\\\{{history}}", "#",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=40)
MESSAGES = st.lists(
    st.builds(Message, st.sampled_from(["system", "user", "assistant"]), TEXTS)
    | st.just(Message("history", "")),
    max_size=6,
)


class TestReadingMessages:
    def test_text_without_a_role_line_is_one_user_message(self):
        assert messages_of("Hello {{name}}") == [Message("user", "Hello {{name}}")]

    def test_role_lines_begin_messages(self):
        text = '{{role "system"}}\nBe kind.\n\n{{role "user"}}\nHi\n{{role "assistant"}}\nHello\n'
        assert messages_of(text) == [
            Message("system", "Be kind."),
            Message("user", "Hi"),
            Message("assistant", "Hello\n"),
        ]

    def test_model_means_assistant(self):
        assert messages_of('{{role "model"}}\nYes') == [Message("assistant", "Yes")]

    def test_text_before_the_first_role_line_is_a_user_message(self):
        assert messages_of('Hi\n{{role "model"}}\nYes') == [
            Message("user", "Hi"),
            Message("assistant", "Yes"),
        ]

    def test_blank_text_before_the_first_role_line_is_no_message(self):
        assert messages_of('\n \n{{role "user"}}\nHi') == [Message("user", "Hi")]

    def test_blank_text_has_no_message(self):
        assert messages_of("") == []
        assert messages_of(" \n\n") == []

    def test_history_stands_between_messages(self):
        assert messages_of('{{role "system"}}\nA\n\n{{history}}\n\n{{role "user"}}\nB') == [
            Message("system", "A"),
            Message("history", ""),
            Message("user", "B"),
        ]

    def test_text_after_history_without_a_role_line_is_a_user_message(self):
        assert messages_of("{{history}}\nGo on") == [
            Message("history", ""),
            Message("user", "Go on"),
        ]

    def test_a_role_line_may_be_indented_and_spaced(self):
        assert messages_of("  {{ role 'system' }}\t\nA") == [Message("system", "A")]

    def test_a_role_in_the_middle_of_a_line_is_text(self):
        assert messages_of('say {{role "user"}}') == [Message("user", 'say {{role "user"}}')]

    def test_an_unknown_role_is_text(self):
        assert messages_of('{{role "tool"}}\nA') == [Message("user", '{{role "tool"}}\nA')]

    def test_only_one_blank_line_before_a_role_line_is_layout(self):
        assert messages_of('A\n\n\n{{role "user"}}\nB')[0] == Message("user", "A\n")

    def test_an_escaped_role_line_is_content_without_its_backslash(self):
        assert messages_of('\\{{role "user"}}') == [Message("user", '{{role "user"}}')]


class TestWritingText:
    def test_a_single_user_message_needs_no_role_line(self):
        assert text_of([Message("user", "Hi")]) == "Hi"

    def test_messages_are_set_apart_by_a_blank_line(self):
        messages = [Message("system", "A"), Message("history", ""), Message("user", "B")]
        assert text_of(messages) == '{{role "system"}}\nA\n\n{{history}}\n\n{{role "user"}}\nB'

    def test_a_content_line_that_looks_like_a_role_line_is_escaped(self):
        text = text_of([Message("system", 'A\n {{role "user"}}\nB')])
        assert text == '{{role "system"}}\nA\n \\{{role "user"}}\nB'

    @given(MESSAGES)
    @example([Message("user", "")])
    @example([Message("user", "\n")])
    @example([Message("user", "\n\n"), Message("system", "\n")])
    @example([Message("system", '\\\\{{role "user"}}')])
    def test_any_messages_survive_text_and_back(self, messages):
        assert messages_of(text_of(messages)) == messages

    @given(TEXTS)
    def test_rewriting_a_text_in_the_usual_layout_keeps_its_messages(self, text):
        messages = messages_of(text)
        assert messages_of(text_of(messages)) == messages

    @given(TEXTS)
    def test_the_usual_layout_is_a_fixed_point(self, text):
        usual = text_of(messages_of(text))
        assert text_of(messages_of(usual)) == usual

    @given(TEXTS)
    def test_reading_loses_nothing_but_marks_backslashes_and_white_space(self, text):
        kept = "".join(message.content for message in messages_of(text))
        marks = r"""\{\{\s*(?:role\s+["']\w+["']|history)\s*\}\}|\\|\s|\ufeff"""
        assert re.sub(marks, "", kept) == re.sub(marks, "", text)


class TestWhatATextUses:
    def test_variables_are_named_once_in_order_of_first_use(self):
        assert variables_in("{{b}} {{ a }} {{b}} {{user.name}}") == ["b", "a", "user"]

    def test_escaped_braces_history_and_roles_are_no_variables(self):
        assert variables_in('\\{{x}} {{history}} {{role "user"}} {{> a/b}} {{9}} {{#if}}') == []

    def test_references_name_a_prompt_and_perhaps_a_label(self):
        assert references_in("{{> a/b@staging}} {{>c}} {{> a/b@staging}} \\{{> d}}") == [
            Reference("a/b", "staging"),
            Reference("c", None),
        ]

    @given(TEXTS)
    def test_any_text_can_be_searched(self, text):
        for name in variables_in(text):
            assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
