"""Editing one message: exactly that one, found where it is now, with what others wrote in it."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from app.domain.prompts.errors import BaseGone, MessageNotFound, PromptInvalid
from app.domain.prompts.message_edits import Change, changed, message_at
from app.domain.prompts.template import Message, escaped, messages_of, places_of, text_of
from app.kit.edits import applied
from tests.domain.prompts.test_template import TEXTS

CHAT = '{{role "system"}}\nYou are kind.\n\n{{role "user"}}\nHello {{name}}\n{{role "model"}}\nYes?'


def done(text, index, content, base, role=None):
    made = changed(text, Change(index, content, base, role))
    result = applied(text, made.edits)
    assert messages_of(result)[made.index] == made.message
    return result


@given(TEXTS, st.data(), TEXTS, st.sampled_from([None, "system", "user", "assistant"]))
@example('{{role "user"}}', st.just(0), "x", None)
def test_alone_the_message_becomes_exactly_the_content_and_no_other_changes(
    text, data, content, role
):
    content = content.replace("\r", "")
    before = messages_of(text)
    spoken = [at for at, one in enumerate(before) if one.role != "history"]
    assume(spoken)
    index = data.draw(st.sampled_from(spoken)) if hasattr(data, "draw") else 0
    now = messages_of(done(text, index, content, before[index].content, role))
    before[index] = Message(role or before[index].role, content)
    assert now == before


@given(TEXTS)
def test_places_are_where_messages_are(text):
    for place in places_of(text):
        if place.message.role == "history":
            assert place.start == place.end
        else:
            assert text[place.mark[1] : place.start] in ("", "\n")
            assert text[place.start : place.end] == escaped(place.message.content)


def test_many_messages_and_many_words_are_no_product():
    """Every worker's loop waits for this: a long base against each of many messages."""
    text = '{{role "user"}}\nword0\n' * 4_000
    base = " ".join(f"word{number}" for number in range(20_000))
    began = time.thread_time()
    with pytest.raises(BaseGone):
        done(text, 0, "x", base)
    assert time.thread_time() - began < 1  # as a product it took more than ten


def test_what_others_typed_in_the_message_stays():
    live = CHAT.replace("kind", "very kind").replace("Hello", "Hello there")
    assert done(CHAT, 0, "You are kind and brief.", "You are kind.") == CHAT.replace(
        "kind.", "kind and brief."
    )
    assert messages_of(done(live, 0, "You are kind and brief.", "You are kind."))[:2] == [
        Message("system", "You are very kind and brief."),
        Message("user", "Hello there {{name}}"),
    ]


@pytest.mark.parametrize("index", [0, 1, 2, 3, 9])
def test_a_message_that_moved_is_found(index):
    live = '{{role "system"}}\nBe brief.\n\n' + CHAT.replace("Hello {{name}}", "Oh hello {{name}}")
    result = messages_of(done(live, index, "Goodbye {{name}}!", "hello {{name}}"))
    assert result[2] == Message("user", "Oh Goodbye {{name}}!")


def test_of_two_alike_the_one_at_the_index_is_meant():
    pair = [
        Message("user", "Say yes or no, in one word."),
        Message("user", "Say yes or no, in two."),
    ]
    live = text_of([pair[0], Message("user", "Say yes or no, X in two.")])
    assert messages_of(done(live, 1, "Say no, in two.", "Say yes or no, in two."))[0] == pair[0]


def test_a_line_that_would_begin_a_message_is_content():
    result = done(CHAT, 1, 'Hello\n{{role "user"}}\nthere', "Hello {{name}}")
    assert messages_of(result)[1].content == 'Hello\n{{role "user"}}\nthere'
    assert len(messages_of(result)) == 3


def test_a_role_can_change_alone_and_a_plain_text_gets_a_role_line():
    assert done(CHAT, 2, "Yes?", "Yes?", "user").endswith('\n{{role "user"}}\nYes?')
    assert done("Hi", 0, "Hi", "Hi", "system") == '{{role "system"}}\nHi'
    assert done("Hi", 0, "Hi!", "Hi", "user") == "Hi!"
    assert done("Hi", 0, "", "Hi") == '{{role "user"}}\n'


def test_what_is_gone_says_what_is_there_now():
    live = CHAT.replace("You are kind.", "Classify the ticket.")
    with pytest.raises(BaseGone) as gone:
        changed(live, Change(0, "You are polite.", "You are kind."))
    present = {"index": 0, "role": "system", "content": "Classify the ticket."}
    assert gone.value.extra == {"message": present}
    with pytest.raises(BaseGone):
        changed(live, Change(7, "You are polite.", "You are kind."))
    with pytest.raises(BaseGone):  # a blank message has nothing to be known by
        changed(live, Change(0, "Hello", ""))


def test_history_has_no_content_and_an_index_has_to_be_there():
    with pytest.raises(PromptInvalid):
        changed("{{history}}", Change(0, "x", ""))
    with pytest.raises(MessageNotFound):
        message_at("Hi", 1)
    assert message_at("Hi", 0).content == "Hi"
