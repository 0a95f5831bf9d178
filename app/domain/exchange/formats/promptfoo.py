"""promptfoo: a `promptfooconfig.yaml` with the prompt and its tests. Written only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.domain.exchange import parts, yaml_text
from app.domain.exchange.record import Record, without_empty
from app.domain.prompts import template

NAME = "promptfoo"


def write(record: Record) -> bytes:
    """Nunjucks reads Jinja; braces that are words in Mustache are made words for it."""
    text = record.text if record.template_format == "jinja2" else template.as_jinja(record.text)
    messages = parts.write_messages(text)
    is_text = record.kind == "text" and len(messages) == 1
    raw = messages[0]["content"] if is_text else json.dumps(messages, ensure_ascii=False, indent=2)
    label = f"{record.name} v{record.version}" if record.version else record.name
    made = {
        "description": record.description or record.title or record.name,
        "prompts": [{"id": record.name, "label": label, "raw": raw}],
        "providers": [_provider(record)],
        "defaultTest": _defaults(record),
        "tests": [_test(one) for one in record.tests],
    }
    return yaml_text.dump(without_empty(made)).encode()


def _provider(record: Record) -> Any:
    model = record.model or "echo"
    provider = f"{record.provider}:{model}" if record.provider and record.model else model
    config = dict(record.params)
    if record.tools:
        config["tools"] = list(record.tools)
    if record.response_schema is not None:
        config["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "response", "schema": record.response_schema},
        }
    return {"id": provider, "config": config} if config else provider


def _defaults(record: Record) -> dict[str, Any]:
    found = {v["name"]: v["default"] for v in record.variables if v.get("default") is not None}
    return {"vars": found} if found else {}


def _test(one: Any) -> dict[str, Any]:
    """A test of ours, of GitHub's (`input`, `expected`), or one that has their shape already."""
    if not isinstance(one, Mapping):
        return {"vars": {"input": one}}
    asserts = one.get("assert")
    if asserts is None and one.get("expected") is not None:
        asserts = [{"type": "contains", "value": one["expected"]}]
    variables = one.get("vars")
    if not isinstance(variables, Mapping):
        variables = {key: value for key, value in one.items() if key not in ("expected", "assert")}
    return without_empty({"vars": dict(variables), "assert": asserts})
