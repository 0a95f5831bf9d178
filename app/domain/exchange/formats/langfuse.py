"""Langfuse: what its API takes and gives; one prompt, an array of them, or a page of its list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from app.domain.exchange import parts
from app.domain.exchange.record import Record, rest, without_empty
from app.domain.exchange.source import Source, as_json
from app.domain.prompts import template
from app.domain.prompts.template import Message

NAME = "langfuse"
_KNOWN = ("name", "type", "prompt", "config", "labels", "tags", "commitMessage", "version")
_THEIR_REFERENCE = re.compile(
    r"@@@langfusePrompt:name=([A-Za-z0-9_./-]+)(?:\|label=([A-Za-z0-9_.-]+))?@@@"
)
_OUR_REFERENCE = re.compile(r"\{\{> ([A-Za-z0-9_./-]+)(?:@([A-Za-z0-9_.-]+))?\}\}")


def looks_like(value: Any) -> bool:
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        value = value["data"]
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and "prompt" in first and "name" in first


def read(source: Source) -> Iterator[Record]:
    if isinstance(source.value, dict) and "data" in source.value:
        source = source.under("data")
    for one in source.each() if isinstance(source.value, list) else [source]:
        if not isinstance(one.value, dict):
            one.bad("A prompt has to be an object with name and prompt.")
        yield _prompt(one)


def _prompt(source: Source) -> Record:
    name = source.text_at("name", needed=True)
    prompt = source.value.get("prompt")
    placeholders: list[str] = []
    if isinstance(prompt, list):
        text, placeholders = _chat(source.under("prompt")), _placeholders(prompt)
    elif isinstance(prompt, str):
        text = template.text_of([Message("user", prompt)])
    else:
        source.bad("prompt has to be a text or a list of messages.", "prompt")
    config = source.object_at("config")
    ext = rest(source.value, *_KNOWN)
    if placeholders not in ([], ["history"]):
        ext["placeholders"] = placeholders
    model, tools, schema = config.get("model"), config.get("tools"), config.get("response_schema")
    has_tools = isinstance(tools, list) and all(isinstance(one, dict) for one in tools)
    taken = {
        "model": isinstance(model, str) and model,
        "tools": has_tools,
        "response_schema": isinstance(schema, dict),
    }
    return Record(
        name=name,
        text=_theirs_to_ours(text),
        kind="chat" if isinstance(prompt, list) else "text",
        model=str(model) if taken["model"] else "",
        params=rest(config, *(key for key, is_taken in taken.items() if is_taken)),
        tools=tuple(tools) if has_tools else (),  # type: ignore[arg-type]  # a list then
        response_schema=schema if isinstance(schema, dict) else None,
        tags=tuple(_texts(source, "tags")),
        labels=tuple(_texts(source, "labels")),
        version=_version(source),
        message=source.text_at("commitMessage"),
        ext={NAME: ext} if ext else {},
        origin=source,
    )


def write(record: Record) -> bytes:
    """One prompt as `POST /api/public/v2/prompts` takes it."""
    return as_json(plain(record))


def plain(record: Record) -> dict[str, Any]:
    ext = record.own(NAME)
    names = ext.pop("placeholders", [])
    config = without_empty({"model": record.model}) | dict(record.params)
    if record.tools:
        config["tools"] = list(record.tools)
    if record.response_schema is not None:
        config["response_schema"] = record.response_schema
    told = {"version": record.version} if record.version else {}
    return {
        "name": record.name,
        **told,
        "type": record.kind,
        "prompt": _messages(record.text, names) if record.kind == "chat" else _words(record.text),
        "config": config,
        "labels": list(record.labels),
        "tags": list(record.tags),
        **({"commitMessage": record.message} if record.message else {}),
        **ext,
    }


def _chat(source: Source) -> str:
    made = []
    for one in source.each():
        if isinstance(one.value, dict) and one.value.get("type") == "placeholder":
            made.append(Message("history", ""))
        else:
            made.append(parts.read_message(one, skip=("type",)))
    return template.text_of(made)


def _placeholders(prompt: list[Any]) -> list[str]:
    return [
        str(one.get("name", "history"))
        for one in prompt
        if isinstance(one, dict) and one.get("type") == "placeholder"
    ]


def _messages(text: str, names: list[str]) -> list[dict[str, Any]]:
    made, left = [], iter(names)
    for one in template.messages_of(_ours_to_theirs(text)):
        if one.role == "history":
            made.append({"type": "placeholder", "name": next(left, "history")})
        else:
            made.append({"type": "chatmessage", **parts.message_of(one)})
    return made


def _words(text: str) -> str:
    return "\n\n".join(one.content for one in template.messages_of(_ours_to_theirs(text)))


def _theirs_to_ours(text: str) -> str:
    return _THEIR_REFERENCE.sub(lambda m: "{{> " + m[1] + (f"@{m[2]}" if m[2] else "") + "}}", text)


def _ours_to_theirs(text: str) -> str:
    return _OUR_REFERENCE.sub(
        lambda m: f"@@@langfusePrompt:name={m[1]}" + (f"|label={m[2]}" if m[2] else "") + "@@@",
        text,
    )


def _texts(source: Source, key: str) -> list[str]:
    values = source.list_at(key)
    for index, value in enumerate(values):
        if not isinstance(value, str):
            source.bad(f"{key} has to be a list of texts.", key, index)
    return values


def _version(source: Source) -> int | None:
    version = source.value.get("version")
    if version is None:
        return None
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        source.bad("version has to be a whole number from 1.", "version")
    return version
