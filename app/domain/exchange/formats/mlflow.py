"""MLflow: what `register_prompt` takes, or a version as its registry stores it in tags."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from app.domain.exchange import parts
from app.domain.exchange.record import Record, rest
from app.domain.exchange.source import Source, as_json
from app.domain.prompts import template
from app.domain.prompts.template import Message

NAME = "mlflow"
_KNOWN = ("name", "template", "commit_message", "tags", "response_format", "model_config")
_TEXT = "mlflow.prompt.text"
_CONFIG = "_mlflow_prompt_model_config"
_STORED = (_TEXT, _CONFIG, "_mlflow_prompt_type", "mlflow.prompt.is_prompt")


def looks_like(value: Any) -> bool:
    if not isinstance(value, dict) or "name" not in value:
        return False
    tags = value.get("tags")
    return "template" in value or (isinstance(tags, dict) and _TEXT in tags)


def read(source: Source) -> Iterator[Record]:
    tags = source.object_at("tags")
    body = source.value.get("template")
    config = source.object_at("model_config")
    if body is None:
        body = _stored(source, tags, _TEXT)
        config = config or _stored(source, tags, _CONFIG) or {}
    if isinstance(body, list) and "template" in source.value:
        text = parts.read_messages(source.under("template"))
    elif isinstance(body, list):
        text = parts.read_messages(Source(source.file, "", body, lambda: None))
    elif isinstance(body, str):
        text = template.text_of([Message("user", body)])
    else:
        source.bad("template has to be a text or a list of messages.", "template")
    plain = [key for key, value in tags.items() if value == "" and key not in _STORED]
    version = source.value.get("version")
    ext = rest(source.value, *_KNOWN, "version")
    if more := rest(tags, *plain, *_STORED):
        ext["tags"] = more
    schema = source.value.get("response_format")
    yield Record(
        name=source.text_at("name", needed=True),
        text=text,
        kind="chat" if isinstance(body, list) else "text",
        provider=str(config.get("provider") or ""),
        model=str(config.get("model_name") or ""),
        params=rest(config, "provider", "model_name"),
        response_schema=schema if isinstance(schema, dict) else None,
        tags=tuple(plain),
        version=version if isinstance(version, int) else None,
        message=source.text_at("commit_message"),
        ext={NAME: ext} if ext else {},
        origin=source,
    )


def write(record: Record) -> bytes:
    ext = record.own(NAME)
    config = {"provider": record.provider, "model_name": record.model}
    told = {key: value for key, value in config.items() if value} | dict(record.params)
    is_text = record.kind == "text"
    body: Any = parts.write_messages(record.text)
    made: dict[str, Any] = {
        "name": record.name.replace("/", "."),  # theirs have letters, digits, dots, - and _ only
        "template": str(body[0]["content"]) if is_text and body else body,
    }
    if record.version:
        made["version"] = record.version
    if record.message:
        made["commit_message"] = record.message
    if tags := {**dict.fromkeys(record.tags, ""), **ext.pop("tags", {})}:
        made["tags"] = tags
    if record.response_schema is not None:
        made["response_format"] = record.response_schema
    if told:
        made["model_config"] = told
    return as_json({**made, **ext})


def _stored(source: Source, tags: dict[str, Any], key: str) -> Any:
    """What a tag holds: JSON, or plain text."""
    value = tags.get(key)
    if not isinstance(value, str):
        return value
    is_chat = tags.get("_mlflow_prompt_type") == "chat"
    if key == _TEXT and not is_chat:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return source.bad("This tag has to hold JSON.", "tags", key)
