"""A comment's Markdown as HTML that can do nothing: no HTML of its own, no pictures, few links.

Two nets: the parser takes HTML for text and knows a part of CommonMark, and what it makes passes a
sanitiser that lets a short list of elements through. Either alone would do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from uuid import UUID

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup, escape

from app.domain.threads.policy import MENTION

_NESTED = 40  # levels of quotes and lists; what lies deeper is not shown as such
_MOST_MARKS = 400  # a comment with more of what may nest is shown as it was typed

_RULES = ("emphasis", "backticks", "strikethrough", "escape", "link", "autolink", "entity")
_BLOCKS = ("blockquote", "list", "fence", "code")
_TAGS = {"p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span"}
_SCHEMES = {"http", "https", "mailto"}
_ADDRESS = re.compile(r"https?://[^\s<>\"'`]{0,2000}[^\s<>\"'`.,:;!?)\]}*_~]")
_MARK = re.compile(r"[\[*_~`>]|^[ \t]*[-+\d]", re.MULTILINE)


def html(body: str, names: Mapping[UUID, str], me: UUID | None = None) -> Markup:
    """`body` for a page. `names` are those of the people mentioned, as they are called now.

    Somebody who is not among them is shown as written. A mention of `me` has a class of its own.
    """
    environment = {"names": names, "me": me}
    parser = _PLAIN if _is_overgrown(body) else _MARKDOWN
    made = parser.render(body, environment)
    return Markup(_CLEANER.clean(made))  # noqa: S704  # it is what the sanitiser let through


def plain(body: str, names: Mapping[UUID, str] | None = None) -> str:
    """`body` as it was typed, with @Name for mentions: for mail, titles and excerpts."""
    called = names or {}
    return MENTION.sub(lambda found: f"@{called.get(UUID(found['id']), found['name'])}", body)


def _is_overgrown(body: str) -> bool:
    """Whether it could keep the parser busy; people's comments have a few dozen marks."""
    return len(_MARK.findall(body)) > _MOST_MARKS


def _parser(*rules: str) -> MarkdownIt:
    parser = MarkdownIt("zero", {"breaks": True, "maxNesting": _NESTED})
    parser.enable(["newline", *rules])
    parser.validateLink = _is_harmless  # type: ignore[method-assign]  # as its manual says
    parser.inline.add_terminator_char("@")
    parser.inline.ruler.before("newline", "mention", _mention)
    parser.core.ruler.push("addresses", _addresses)
    parser.add_render_rule("mention", _shown)
    return parser


def _is_harmless(url: str) -> bool:
    return url.partition(":")[0].lower() in _SCHEMES


def _mention(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  # the parser's interface
    found = MENTION.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        token = state.push("mention", "span", 0)
        token.meta = {"id": UUID(found["id"]), "name": found["name"]}
    state.pos = found.end()
    return True


def _shown(
    _self: RendererHTML, tokens: list[Token], index: int, _options: object, environment: object
) -> str:
    assert isinstance(environment, dict)  # noqa: S101  # it is the one from `html`
    who = tokens[index].meta["id"]
    name = environment["names"].get(who, tokens[index].meta["name"])
    kind = "mention mention-me" if who == environment["me"] else "mention"
    return f'<span class="{kind}">@{escape(name)}</span>'


def _addresses(state: StateCore) -> None:
    """Links of addresses that were simply typed, where they are neither in a link nor in code."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = list(_linked(block.children))


def _linked(tokens: list[Token]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type == "text" and not depth and "://" in token.content:
            yield from _split(token.content)
        else:
            yield token


def _split(text: str) -> Iterator[Token]:
    at = 0
    for found in _ADDRESS.finditer(text):
        yield Token("text", "", 0, content=text[at : found.start()])
        yield Token("link_open", "a", 1, attrs={"href": found[0]})
        yield Token("text", "", 0, content=found[0])
        yield Token("link_close", "a", -1)
        at = found.end()
    yield Token("text", "", 0, content=text[at:])


_MARKDOWN = _parser(*_RULES, *_BLOCKS)
_PLAIN = _parser()
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
    allowed_classes={"span": {"mention", "mention-me"}},
    url_schemes=_SCHEMES,
    url_relative="deny",
    link_rel="nofollow noopener noreferrer",
)
