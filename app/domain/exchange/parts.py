"""Messages of other tools as our text: what is not words stands in lines of its own.

An image is a line `{{media url="…"}}`, as in Dotprompt. Any other part, the calls of tools, and a
role or name that our messages do not have, are a line `{{part {…}}}` with the JSON of it. So all of
it is shown, edited, compared and versioned like the rest of the text, and none of it is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.domain.exchange.source import Source
from app.domain.prompts import template
from app.domain.prompts.template import Message, Role

OURS: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "model": "assistant",
}
_MESSAGE = "message"  # the type of the part that tells of the message itself
_MEDIA = re.compile(r'\{\{media url="([^"\n]*)"((?: [A-Za-z_]+="[^"\n]*")*)\}\}')
_ATTRIBUTE = re.compile(r' ([A-Za-z_]+)="([^"\n]*)"')
_PART = re.compile(r"\{\{part (\{.*\})\}\}")


def read_messages(source: Source, *, skip: tuple[str, ...] = ()) -> str:
    """The text that a list of OpenAI-like messages is; `skip` are keys that say nothing."""
    return template.text_of(read_message(one, skip=skip) for one in source.each())


def write_messages(text: str, *, history: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The messages of a text in OpenAI's shape; `history` stands for where the caller's own go."""
    made = []
    for one in template.messages_of(text):
        if one.role == "history":
            if history is not None:
                made.append(dict(history))
        else:
            made.append(message_of(one))
    return made


def message_of(one: Message) -> dict[str, Any]:
    """A message of ours in OpenAI's shape."""
    more, content = _told(one.content)
    role = more.pop("role", one.role)
    if "content" in more:  # null, or something that is neither text nor a list
        return {"role": role, **more}
    return {"role": role, "content": content_of(content), **more}


def body_of(message: Mapping[str, Any], role: Role) -> str:
    """The content of ours that says all of a message whose role is none of ours or has more."""
    content = message.get("content")
    more = _beside(message)
    if message["role"] != role and message["role"] != "model":
        more = {"role": message["role"], **more}
    words = ""
    if isinstance(content, str):
        words = content
    elif isinstance(content, list):
        words = "\n".join(_lines(content))
    else:
        more["content"] = content
    if not more and not _told(words)[0]:
        return words
    head = _part({"type": _MESSAGE, **more})
    return f"{head}\n{words}" if words else head


def content_of(words: str) -> str | list[Any]:
    """Content in OpenAI's shape: a text, or a list of parts when it has any."""
    found: list[Any] = []
    for line in words.split("\n"):
        part = _part_of(line)
        if part is not None:
            found.append(part)
        elif found and isinstance(found[-1], str):
            found[-1] += f"\n{line}"
        else:
            found.append(line)
    if all(isinstance(one, str) for one in found):
        return words
    return [{"type": "text", "text": one} if isinstance(one, str) else one for one in found]


def has_parts(text: str) -> bool:
    return any(_part_of(line) is not None for line in text.split("\n"))


def read_message(source: Source, *, skip: tuple[str, ...] = ()) -> Message:
    """One of them."""
    if not isinstance(source.value, dict):
        source.bad("A message has to be an object with role and content.")
    role = source.value.get("role")
    if not isinstance(role, str) or not re.fullmatch(r"[A-Za-z_]{1,32}", role):
        source.bad("A message needs a role: system, user, assistant or tool.", "role")
    message = {key: value for key, value in source.value.items() if key not in skip}
    _check_content(source)
    mine = OURS.get(role, "user")
    return Message(mine, body_of(message, mine))


def _check_content(source: Source) -> None:
    content = source.value.get("content")
    if content is None and not _beside(source.value):
        source.bad("This message has no content. Give it some, or take it out.", "content")
    if not isinstance(content, str | list | None):
        source.bad("content has to be a text or a list of parts.", "content")
    for index, part in enumerate(content if isinstance(content, list) else ()):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            source.bad("A part has to be an object with a type, such as text.", "content", index)
        if part["type"] in ("text", "input_text") and not isinstance(part.get("text"), str):
            source.bad("A part of type text needs a text.", "content", index)


def _beside(message: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key not in ("role", "content")}


def _lines(parts: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The lines of parts, such that `content_of` finds the same parts in them."""
    was_text = False
    for part in parts:
        is_text = _is_plain_text(part)
        if is_text and not was_text and content_of(part["text"]) == part["text"]:
            yield part["text"]
        else:
            yield _media(part) or _part(part)
        was_text = is_text


def _is_plain_text(part: Mapping[str, Any]) -> bool:
    return part["type"] in ("text", "input_text") and part.keys() == {"type", "text"}


def _media(part: Mapping[str, Any]) -> str:
    """An image's line, "" when it says more than such a line can."""
    image = part.get("image_url")
    told = {"url": image} if isinstance(image, str) else image
    if part["type"] not in ("image_url", "input_image") or not isinstance(told, dict):
        return ""
    more = {k: v for k, v in part.items() if k not in ("type", "image_url")}
    told = {**told, **more}
    if "url" not in told or not all(isinstance(v, str) for v in told.values()):
        return ""
    line = "{{" + " ".join(["media", *(f'{key}="{told[key]}"' for key in _url_first(told))]) + "}}"
    return line if _MEDIA.fullmatch(line) else ""


def _url_first(told: Mapping[str, Any]) -> list[str]:
    return ["url", *(key for key in told if key != "url")]


def _part(part: Mapping[str, Any]) -> str:
    return "{{part " + json.dumps(part, ensure_ascii=False) + "}}"


def _part_of(line: str) -> dict[str, Any] | None:
    """The part that a line is, in OpenAI's shape; None = it is text."""
    if not line.startswith("{{"):
        return None
    media = _MEDIA.fullmatch(line)
    if media is not None:
        url = {"url": media[1]} | dict(_ATTRIBUTE.findall(media[2]))
        return {"type": "image_url", "image_url": url}
    written = _PART.fullmatch(line)
    if written is None:
        return None
    try:
        part = json.loads(written[1])
    except (ValueError, RecursionError):
        return None
    return part if isinstance(part.get("type"), str) else None


def _told(content: str) -> tuple[dict[str, Any], str]:
    """What the first line tells of the message itself, and the rest."""
    head, _, words = content.partition("\n")
    part = _part_of(head)
    if part is None or part["type"] != _MESSAGE:
        return {}, content
    return {key: value for key, value in part.items() if key != "type"}, words
