"""Comments as HTML: what Markdown may do, what nobody may, and that it never takes long."""

from __future__ import annotations

import time
from html.parser import HTMLParser
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.threads.policy import mention, mentioned
from app.domain.threads.rendering import html, plain
from tests.security.payloads import PAYLOADS

MAYA = UUID("0197a3c2-6a53-7cc1-9d8b-2f6f4f7d1e11")
NAMES = {MAYA: "Maya <b>Olsen</b>"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("**Yes**, _but_ ~~no~~ `a*b`", "<p><strong>Yes</strong>, <em>but</em> <s>no</s> <code>a*b</code></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
        ("> quoted", "<blockquote>\n<p>quoted</p>\n</blockquote>"),
        ("```py\n<x>\n```", "<pre><code>&lt;x&gt;\n</code></pre>"),
        ("# no heading", "<p># no heading</p>"),
        ("![alt](https://x.example/p.png)", '<p>!<a href="https://x.example/p.png" rel="nofollow noopener noreferrer">alt</a></p>'),
        ("See https://x.example/a_b_c, (https://y.example).", '<p>See <a href="https://x.example/a_b_c" rel="nofollow noopener noreferrer">https://x.example/a_b_c</a>, (<a href="https://y.example" rel="nofollow noopener noreferrer">https://y.example</a>).</p>'),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](data:text/html,y) [z](/w/y)", "<p>[x](data:text/html,y) [z](/w/y)</p>"),
        ("<b>bold</b> & &amp;", "<p>&lt;b&gt;bold&lt;/b&gt; &amp; &amp;</p>"),
    ],
)  # fmt: skip
def test_markdown(body: str, expected: str) -> None:
    assert html(body, {}).strip() == expected


def test_a_mention_has_the_name_that_the_person_has() -> None:
    body = f"{mention(MAYA, 'The boss')} `{mention(MAYA, 'x')}`"
    shown = '<span class="mention">@Maya &lt;b&gt;Olsen&lt;/b&gt;</span>'
    assert shown in html(body, NAMES)
    assert 'class="mention mention-me"' in html(body, NAMES, MAYA)
    assert "@The boss</span>" in html(body, {})
    assert plain(body, NAMES).startswith("@Maya <b>Olsen</b> ")
    assert mentioned(body) == {MAYA: "The boss"}


@given(st.text(max_size=140))
def test_whatever_somebody_is_called_they_can_be_mentioned(name: str) -> None:
    user_id = uuid4()
    assert list(mentioned(f"hey {mention(user_id, name)}!")) == [user_id]


class Elements(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


HARMLESS = {
    "p",
    "br",
    "em",
    "strong",
    "s",
    "code",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "span",
    "a",
}
FRAMES = ["{}", "[x]({})", "[{}](https://x.example)", "<{}>", "`{}`", "> - {}", "```{}\n{}\n```", "https://x.example/{}", '[x](https://x.example "{}")', "&#x3c;{}"]  # fmt: skip


def check(source: str) -> None:
    for tag, attributes in Elements(source).seen:
        assert tag in HARMLESS, source
        allowed = {"a": {"href", "rel"}, "span": {"class"}, "ol": {"start"}}.get(tag, set())
        assert attributes.keys() <= allowed, source
        href = attributes.get("href") or "https:"
        assert href.startswith(("http:", "https:", "mailto:")), source


def test_nothing_gets_through() -> None:
    for payload in PAYLOADS:
        for frame in FRAMES:
            check(html(frame.replace("{}", payload), {}))
        check(html(mention(MAYA, payload), {MAYA: payload}))
        check(html(mention(MAYA, payload), {}))


@given(st.text(st.sampled_from("[]()<>*_~`>#- \n\\&@!:/\"'ahtps1.;")), st.text(max_size=20))
def test_nor_does_anything_else(marks: str, text: str) -> None:
    check(html(marks + text + marks, {}))


MOST = 10_000
HOSTILE = ["[", "[](", "*a ", "*_", "*", ">", "> ", "- ", "1. ", "`", "~~a", "<a", "&amp", "![", "[a](<b", "\\", "@[", '[a](http://b "', "https://a", "\n", " ", "\t"]  # fmt: skip


@pytest.mark.parametrize("count", [MOST, 399])  # all marks, and as many as are parsed at most
def test_hostile_comments_take_bounded_time(count: int) -> None:
    ticks = "".join("`" * n + "a" for n in range(1, 140))
    deep = "\n".join("  " * n + "- x" for n in range(95))
    bodies = [(mark * count)[:MOST] + "x" * (MOST - count * len(mark)) for mark in HOSTILE]
    for body in [*bodies, ticks, deep]:
        begun = time.process_time()
        html(body, {})
        assert time.process_time() - begun < 0.5, body[:20]


def test_how_deep_it_goes() -> None:
    deep = html("> " * 60 + "x", {})
    assert 10 < deep.count("<blockquote>") <= 40
