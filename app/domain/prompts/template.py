r"""A prompt's text and its messages: the same content in two shapes.

The grammar is the editor's too (`static/js/editor/template.js`); a change belongs in both.

- A line that holds only `{{role "system"}}` (or user, assistant, model = assistant) begins a
  message; a line that holds only `{{history}}` marks where the caller's own messages go.
- Text that follows neither (before the first such line, or after a history line) is a user
  message, unless it is blank.
- Between a message and the next such line stands one newline, or one empty line; that much
  belongs to neither message. Every other character is content.
- Content is template source, not plain text: `{{name}}` is a variable, `{{> name@label}}` a
  reference, `\{{` two literal braces. All three pass through here untouched.
- Within a message, a line that would begin another one carries one more backslash in the text
  than in the content. So any messages survive the way into text and back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["system", "user", "assistant", "history"]
ROLES: tuple[Role, ...] = get_args(Role)

# What JavaScript calls white space, so that server and editor agree to the character.
_SPACE = r"[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
_ROLE = rf"""role{_SPACE}+["'](system|user|assistant|model)["']"""
_MARK = rf"\{{\{{{_SPACE}*(?:{_ROLE}|history){_SPACE}*\}}\}}"
_MEANS: dict[str | None, Role] = {
    "system": "system",
    "user": "user",
    "assistant": "assistant",
    "model": "assistant",
    None: "history",
}
_MARK_LINE = re.compile(rf"[ \t]*{_MARK}[ \t]*")
_ESCAPED_MARK_LINE = re.compile(rf"([ \t]*)(\\+)({_MARK}[ \t]*)")
_EXPRESSION = re.compile(
    rf"\\\{{\{{|\{{\{{{_SPACE}*"
    rf"(?:>{_SPACE}*(?P<reference>[A-Za-z0-9_./-]+)(?:@(?P<label>[A-Za-z0-9_.-]+))?"
    rf"|(?P<name>[A-Za-z_][A-Za-z0-9_.]*)){_SPACE}*\}}\}}"
)


@dataclass(frozen=True, slots=True)
class Message:
    """`content` is template source; a history mark has the role "history" and no content."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Reference:
    """`{{> name@label}}`: another prompt's text; no label = whatever is released there."""

    name: str
    label: str | None


def messages_of(text: str) -> list[Message]:
    """The messages in `text`. Every text has a reading; blank text has no message."""
    found: list[Message] = []
    role: Role | None = None  # None = no role line yet, or a history line came last
    body: list[str] = []
    for line in text.split("\n"):
        mark = _mark(line)
        if mark is None:
            body.append(_unescaped(line))
            continue
        found += _finished(role, body, is_last=False)
        body = []
        role = mark
        if mark == "history":
            found.append(Message("history", ""))
            role = None
    return found + _finished(role, body, is_last=True)


def text_of(messages: Iterable[Message]) -> str:
    """The text that `messages_of` reads as `messages`, each with a role line of its own.

    A single user message stands without one, as a person would write it.
    """
    parts = list(messages)
    if len(parts) == 1 and parts[0].role == "user" and not _is_blank(parts[0].content):
        return _escaped(parts[0].content)
    return "\n\n".join(_written(message) for message in parts)


def variables_in(text: str) -> list[str]:
    """The variables that `text` uses, in the order of their first use; `{{a.b}}` uses `a`."""
    names = (match["name"] for match in _EXPRESSION.finditer(text))
    return list(dict.fromkeys(n.split(".")[0] for n in names if n and n != "history"))


def references_in(text: str) -> list[Reference]:
    """The prompts that `text` includes, in the order of their first mention."""
    found = (match for match in _EXPRESSION.finditer(text) if match["reference"])
    return list(dict.fromkeys(Reference(m["reference"], m["label"]) for m in found))


def with_references(text: str, text_for: Callable[[Reference], str]) -> str:
    """`text` with each reference replaced by what `text_for` gives."""

    def replaced(match: re.Match[str]) -> str:
        name = match["reference"]
        return text_for(Reference(name, match["label"])) if name else match[0]

    return _EXPRESSION.sub(replaced, text)


def _mark(line: str) -> Role | None:
    match = _MARK_LINE.fullmatch(line)
    if match is None:
        return None
    return _MEANS[match[1]]


def _finished(role: Role | None, body: list[str], *, is_last: bool) -> list[Message]:
    lines = body if is_last or not body or body[-1] else body[:-1]  # the empty line before a mark
    content = "\n".join(lines)
    if role is None:
        return [] if _is_blank(content) else [Message("user", content)]
    return [Message(role, content)]


def _written(message: Message) -> str:
    if message.role == "history":
        return "{{history}}"
    return f'{{{{role "{message.role}"}}}}\n{_escaped(message.content)}'


def _escaped(content: str) -> str:
    return "\n".join(map(_with_backslash, content.split("\n"))) if "{{" in content else content


def _with_backslash(line: str) -> str:
    if _MARK_LINE.fullmatch(line) or _ESCAPED_MARK_LINE.fullmatch(line):
        at = len(line) - len(line.lstrip(" \t"))
        return f"{line[:at]}\\{line[at:]}"
    return line


def _unescaped(line: str) -> str:
    match = _ESCAPED_MARK_LINE.fullmatch(line)
    return f"{match[1]}{match[2][1:]}{match[3]}" if match else line


def _is_blank(content: str) -> bool:
    return not content.strip()
