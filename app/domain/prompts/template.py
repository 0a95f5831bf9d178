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
from collections.abc import Callable, Iterable, Iterator
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
EXPRESSION = re.compile(
    rf"\\\{{\{{|\{{\{{{_SPACE}*"
    rf"(?:>{_SPACE}*(?P<reference>[A-Za-z0-9_./-]+)(?:@(?P<label>[A-Za-z0-9_.-]+))?"
    rf"|(?P<name>[A-Za-z_][A-Za-z0-9_.]*)){_SPACE}*\}}\}}"
)

# The same without references, for texts in which they are resolved: twice as fast.
VARIABLE = re.compile(rf"\\\{{\{{|\{{\{{{_SPACE}*([A-Za-z_][A-Za-z0-9_.]*){_SPACE}*\}}\}}")
_JINJA = re.compile(r"\{{2,}[%#]?|\{[%#]")
_JINJA_AT_END = re.compile(rf"{_JINJA.pattern}|\{{$")


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands in a text, as offsets: its role line, and its content as it is there.

    `mark` is empty for a user message without a role line. `gap` is what is left free before the
    next role or history line, None when none follows.
    """

    message: Message
    mark: tuple[int, int]
    start: int
    end: int
    gap: str | None


def messages_of(text: str) -> list[Message]:
    """The messages in `text`. Every text has a reading; blank text has no message."""
    return [place.message for place in places_of(text)]


def places_of(text: str) -> list[Place]:
    """The same, and where each of them stands."""
    found: list[Place] = []
    role: Role | None = None  # None = no role line yet, or a history line came last
    mark, start, at = (0, 0), 0, 0
    for line in text.split("\n"):
        after = min(at + len(line) + 1, len(text))
        if (means := _mark(line)) is not None:
            found += _placed(text, role, mark, start, at)
            if means == "history":
                found.append(Place(Message("history", ""), (at, at + len(line)), after, after, ""))
            role = None if means == "history" else means
            mark = (after, after) if means == "history" else (at, at + len(line))
            start = after
        at += len(line) + 1
    return found + _placed(text, role, mark, start, None)


def text_of(messages: Iterable[Message]) -> str:
    """The text that `messages_of` reads as `messages`, each with a role line of its own.

    A single user message stands without one, as a person would write it.
    """
    parts = list(messages)
    if len(parts) == 1 and parts[0].role == "user" and not _is_blank(parts[0].content):
        return escaped(parts[0].content)
    return "\n\n".join(_written(message) for message in parts)


def escaped(content: str) -> str:
    """`content` as it stands in a text, where none of its lines begins another message."""
    return "\n".join(map(_with_backslash, content.split("\n"))) if "{{" in content else content


def variables_in(text: str) -> list[str]:
    """The variables that `text` uses, in the order of their first use; `{{a.b}}` uses `a`."""
    names = (match["name"] for match in EXPRESSION.finditer(text))
    return list(dict.fromkeys(n.split(".")[0] for n in names if n and n != "history"))


def references_in(text: str) -> list[Reference]:
    """The prompts that `text` includes, in the order of their first mention."""
    found = (match for match in EXPRESSION.finditer(text) if match["reference"])
    return list(dict.fromkeys(Reference(m["reference"], m["label"]) for m in found))


def with_references(text: str, text_for: Callable[[Reference], str]) -> str:
    """`text` with each reference replaced by what `text_for` gives."""

    def replaced(match: re.Match[str]) -> str:
        name = match["reference"]
        return text_for(Reference(name, match["label"])) if name else match[0]

    return EXPRESSION.sub(replaced, text)


def as_jinja(text: str) -> str:
    """A Mustache text as the Jinja text that says the same: other braces are words there."""
    return "".join(_jinja_pieces(text))


def is_plain(text: str) -> bool:
    """Whether `text` says the same in Mustache and in Jinja."""
    return as_jinja(text) == text


def _jinja_pieces(text: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n")):
        if number:
            yield "\n"
        if _MARK_LINE.fullmatch(line) or _ESCAPED_MARK_LINE.fullmatch(line):
            yield line
            continue
        end = 0
        for match in EXPRESSION.finditer(line):
            # a brace before an expression would become a part of it
            yield _JINJA_AT_END.sub(_word_in_jinja, line[end : match.start()])
            is_kept = match["reference"] or (match["name"] and match["name"] != "history")
            yield match[0] if is_kept else _words_in_jinja(match[0].removeprefix("\\"))
            end = match.end()
        yield _JINJA.sub(_word_in_jinja, line[end:])


def _word_in_jinja(match: re.Match[str]) -> str:
    return _words_in_jinja(match[0])


def _words_in_jinja(words: str) -> str:
    return "{{ '" + words + "' }}"


def role_line(role: str) -> str:
    return f'{{{{role "{role}"}}}}'


def _mark(line: str) -> Role | None:
    match = _MARK_LINE.fullmatch(line)
    if match is None:
        return None
    return _MEANS[match[1]]


def _placed(
    text: str, role: Role | None, mark: tuple[int, int], start: int, next_mark: int | None
) -> list[Place]:
    end, gap = len(text), None
    if next_mark is not None:
        gap = next((one for one in ("\n\n", "\n") if text.endswith(one, start, next_mark)), "")
        end = next_mark - len(gap)
    content = "\n".join(map(_unescaped, text[start:end].split("\n")))
    if role is None and _is_blank(content):
        return []
    return [Place(Message(role or "user", content), mark, start, end, gap)]


def _written(message: Message) -> str:
    if message.role == "history":
        return "{{history}}"
    return f"{role_line(message.role)}\n{escaped(message.content)}"


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
