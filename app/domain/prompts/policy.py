"""Rules about a prompt's name, details and text that need neither database nor clock."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import count

from app.domain.prompts.errors import PromptInvalid, TextInvalid
from app.kit.ids import slug

NAME_LONGEST = 255
TITLE_LONGEST = 200
DESCRIPTION_LONGEST = 1000
FOLDER_LONGEST = 100
TAG_LONGEST = 64
MOST_TAGS = 20

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*)*")
NAME_PATTERN = f"^{_NAME.pattern}$"
_IN_FOLDER = r"[^/\u0000-\u001f\u007f-\u00a0]"
_FOLDER = rf"{_IN_FOLDER}*[^/\s\u0000-\u001f\u007f-\u00a0]{_IN_FOLDER}*"
FOLDER_PATTERN = f"^({_FOLDER}(/{_FOLDER})*)?$"


def name_problem(name: str) -> str:
    """What is wrong with a prompt's name, "" when nothing is."""
    if not name:
        return "Enter a name."
    if len(name) > NAME_LONGEST:
        return f"Use at most {NAME_LONGEST} characters."
    if not _NAME.fullmatch(name):
        return (
            "Use lower-case letters, digits, dots, hyphens and underscores, with slashes "
            "between parts, such as support/refund-triage."
        )
    return ""


def title_problem(title: str) -> str:
    if not title:
        return "Enter a title."
    if len(title) > TITLE_LONGEST:
        return f"Use at most {TITLE_LONGEST} characters."
    return "" if title.isprintable() else "Use a single line."


def description_problem(description: str) -> str:
    if len(description) > DESCRIPTION_LONGEST:
        return f"Use at most {DESCRIPTION_LONGEST} characters."
    return "" if is_storable(description) else "Leave out control characters."


def folder_problem(folder: str) -> str:
    """Folders are names for people, with slashes between those within one another; "" is none."""
    if len(folder) > FOLDER_LONGEST:
        return f"Use at most {FOLDER_LONGEST} characters."
    if not folder.isprintable():
        return "Use a single line."
    if folder.strip("/") != folder:
        return "Put no slash at either end."
    return "Put a name between two slashes." if "//" in folder else ""


def normal_folder(folder: str) -> str:
    """Without space around any of its names: Support / Refunds is Support/Refunds."""
    return "/".join(
        " ".join(part.split()) if part.isprintable() else part for part in folder.split("/")
    )


def tags_problem(tags: list[str]) -> str:
    """What is wrong with tags that `normal_tags` gave."""
    if len(tags) > MOST_TAGS:
        return f"Use at most {MOST_TAGS} tags."
    for tag in tags:
        if len(tag) > TAG_LONGEST:
            return f"A tag has at most {TAG_LONGEST} characters."
        if "," in tag or not tag.isprintable():
            return "A tag is a word or a few, without commas."
    return ""


def normal_tags(tags: Iterable[str]) -> list[str]:
    """Lower case, once each, in alphabetical order: Support and support are one tag."""
    plain = (" ".join(unicodedata.normalize("NFC", tag).lower().split()) for tag in tags)
    return sorted({tag.removeprefix("#") for tag in plain} - {""})


def check_details(**values: str | list[str] | None) -> None:
    """Check name, title, description, folder and tags; None = not given.

    Raises `PromptInvalid` about all of them at once.
    """
    problems = {
        name: _PROBLEMS[name](value)  # type: ignore[operator]  # each takes its own field's type
        for name, value in values.items()
        if value is not None
    }
    found = {name: text for name, text in problems.items() if text}
    if found:
        raise PromptInvalid(found)


_PROBLEMS = {
    "name": name_problem,
    "title": title_problem,
    "description": description_problem,
    "folder": folder_problem,
    "tags": tags_problem,
}


def name_from(title: str) -> str:
    """A name for programs, made from a title for people."""
    return slug(title, "prompt")


def numbered(stem: str) -> Iterator[str]:
    """As in refund, refund-2, refund-3 and so on."""
    yield stem
    for number in count(2):
        yield f"{stem}-{number}"


def title_from(name: str) -> str:
    """support/refund-triage → Refund triage."""
    words = re.sub(r"[._-]+", " ", name.rsplit("/", 1)[-1]).strip()
    return words[:1].upper() + words[1:] or name


def normal_text(text: str) -> str:
    """Text with one kind of line end. Raises `TextInvalid` for what no database can keep."""
    if not is_storable(text):
        raise TextInvalid("Leave out NUL characters and halves of surrogate pairs.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_storable(text: str) -> bool:
    """Whether both databases can keep it."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
