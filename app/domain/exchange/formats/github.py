"""GitHub Models: a `.prompt.yml` with messages, test data and evaluators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from app.domain.exchange import parts, yaml_text
from app.domain.exchange.record import Record, inverse, renamed, rest, without_empty
from app.domain.exchange.source import Source

NAME = "github"
SUFFIXES = (".prompt.yml", ".prompt.yaml")
PARAMS = {
    "maxTokens": "max_tokens",
    "maxCompletionTokens": "max_completion_tokens",
    "topP": "top_p",
}
_KNOWN = ("name", "description", "model", "modelParameters", "messages", "testData", "jsonSchema")


def looks_like(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("messages"), list)


def read(source: Source) -> Iterator[Record]:
    if not isinstance(source.value, dict):
        source.bad("Such a file has keys: name, model, messages.")
    if not isinstance(source.value.get("messages"), list):
        source.bad("Add messages, a list of role and content.", "messages")
    stem = PurePosixPath(source.file).name.split(".")[0]
    ext = rest(source.value, *_KNOWN)
    title = source.text_at("name")
    schema = _schema(source)
    written = source.value.get("jsonSchema")
    if written is not None and written != _written(schema):
        ext["jsonSchema"] = written
    yield Record(
        name=stem or title,
        is_named_by_file=bool(stem),
        title=title,
        description=source.text_at("description"),
        text=parts.read_messages(source.under("messages")),
        model=source.text_at("model"),
        params=renamed(source.object_at("modelParameters"), PARAMS),
        response_schema=schema,
        tests=tuple(source.list_at("testData")),
        ext={NAME: ext} if ext else {},
        origin=source,
    )


def write(record: Record) -> bytes:
    ext = record.own(NAME)
    schema = ext.pop("jsonSchema", None)
    if schema is None or _decoded(schema) != record.response_schema:
        schema = _written(record.response_schema)
    made = {
        "name": record.title,
        "description": record.description,
        "model": record.model,
        "modelParameters": renamed(record.params, inverse(PARAMS)),
        "messages": parts.write_messages(record.text),
        "testData": list(record.tests),
        "jsonSchema": schema,
    }
    if record.response_schema is not None:
        ext.setdefault("responseFormat", "json_schema")
    told = without_empty(made) | {"messages": made["messages"]}
    return yaml_text.dump({**told, **ext}).encode()


def _schema(source: Source) -> dict[str, Any] | None:
    given = source.value.get("jsonSchema")
    if given is None:
        return None
    schema = _decoded(given)
    if schema is None:
        source.bad("jsonSchema has to be an object, or JSON of one.", "jsonSchema")
    return schema


def _decoded(given: Any) -> dict[str, Any] | None:
    """The schema itself, out of the name and strictness that stand around it."""
    try:
        value = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        return None
    if isinstance(value, dict) and isinstance(value.get("schema"), dict):
        value = value["schema"]
    return value if isinstance(value, dict) else None


def _written(schema: Any) -> str | None:
    if schema is None:
        return None
    return json.dumps({"name": "response", "schema": schema}, ensure_ascii=False, indent=2) + "\n"
