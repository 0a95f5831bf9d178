"""OpenAI: a list of messages, or the body of a chat or responses call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from app.domain.exchange import parts
from app.domain.exchange.record import Record, rest
from app.domain.exchange.source import Source, as_json
from app.domain.prompts import template
from app.domain.prompts.template import Message

NAME = "openai"
_KNOWN = ("messages", "input", "instructions", "model", "tools", "response_format")


def looks_like(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and isinstance(value[0], dict) and "role" in value[0]
    return isinstance(value, dict) and bool({"messages", "input", "prompt"} & value.keys())


def read(source: Source) -> Iterator[Record]:
    name = PurePosixPath(source.file).name.split(".")[0]
    if isinstance(source.value, list):
        yield Record(
            name=name, is_named_by_file=True, text=parts.read_messages(source), origin=source
        )
        return
    if not {"messages", "input"} & source.value.keys():
        source.bad(
            "This names a prompt that OpenAI keeps and has no words of it. Copy the messages from "
            "its dashboard into messages."
        )
    tools = source.list_at("tools")
    for index, one in enumerate(tools):
        if not isinstance(one, dict):
            source.bad("A tool has to be an object.", "tools", index)
    form = source.value.get("response_format")
    schema = _schema(form)
    params = rest(source.value, *_KNOWN)
    ext = {"response_format": form} if form is not None and form != _form(schema) else {}
    yield Record(
        name=name,
        is_named_by_file=True,
        text=_text(source),
        model=source.text_at("model"),
        params=params,
        tools=tuple(tools),
        response_schema=schema,
        ext={NAME: ext} if ext else {},
        origin=source,
    )


def write(record: Record) -> bytes:
    ext = record.own(NAME)
    made: dict[str, Any] = {"model": record.model} if record.model else {}
    made["messages"] = parts.write_messages(record.text)
    made |= record.params
    if record.tools:
        made["tools"] = list(record.tools)
    form = ext.get("response_format")
    if form is None or _schema(form) != record.response_schema:
        form = _form(record.response_schema)
    if form is not None:
        made["response_format"] = form
    return as_json(made)


def _text(source: Source) -> str:
    key = "messages" if "messages" in source.value else "input"
    found = source.value[key]
    made = []
    if source.value.get("instructions"):
        made.append(Message("system", source.text_at("instructions")))
    if isinstance(found, str) and key == "input":
        return template.text_of([*made, Message("user", found)])
    if not isinstance(found, list):
        source.bad(f"{key} has to be a list of messages.", key)
    return template.text_of([*made, *map(parts.read_message, source.under(key).each())])


def _schema(form: Any) -> dict[str, Any] | None:
    if not isinstance(form, dict):
        return None
    inner = form.get("json_schema")
    schema = inner.get("schema") if isinstance(inner, dict) else form.get("schema")
    return schema if isinstance(schema, dict) else None


def _form(schema: Any) -> dict[str, Any] | None:
    if schema is None:
        return None
    return {"type": "json_schema", "json_schema": {"name": "response", "schema": schema}}
