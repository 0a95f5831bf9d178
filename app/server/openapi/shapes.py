"""Shapes of the description as they are meant: without the framework's wrapping, and closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.domain.prompts.settings import MOST_KEYS

_REFERENCE = "#/components/schemas/"

# What a shape says beyond its fields. A call with both, or with one of a pair, is refused.
_NOT_BOTH: dict[str, list[str]] = {
    "PromptInput": ["text", "messages"],
    "PromptPatch": ["text", "messages"],
}
_TOGETHER: dict[str, dict[str, list[str]]] = {
    "AnchorInput": {"start": ["end"], "end": ["start"]},
}
# Of a config's known keys; all others are kept as they are.
_CONFIG: dict[str, dict[str, Any]] = {
    "model": {"type": "string", "minLength": 1, "maxLength": 200},
    "temperature": {"type": "number", "minimum": 0, "maximum": 2},
    "max_tokens": {"type": "integer", "minimum": 1, "maximum": 10**9},
    "top_p": {"type": "number", "minimum": 0, "maximum": 1},
    "tools": {"type": "array", "items": {"type": "object"}},
    "response_schema": {"type": "object"},
    "stop": {
        "anyOf": [
            {"type": "string", "minLength": 1},
            {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
        ]
    },
}
_CONFIG_SHAPE: dict[str, Any] = {
    # null takes a key out, or leaves it out
    "properties": {key: {"anyOf": [one, {"type": "null"}]} for key, one in _CONFIG.items()},
    "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_.-]{0,63}$"},
    "maxProperties": MOST_KEYS,
}


def tidied(node: Any) -> Any:
    """`node` where a choice of one thing is that thing, and no parameter of an address is null."""
    if isinstance(node, list):
        return [tidied(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: tidied(one) for key, one in node.items()}
    if found.get("in") in ("query", "path", "header"):
        found["schema"] = _without_null(found["schema"])
    return _unwrapped(found)


def close(schema: dict[str, Any]) -> None:
    """Say of every shape that calls take what it does not take."""
    shapes = schema["components"]["schemas"]
    for name in _taken(schema):
        shapes[name]["additionalProperties"] = False
        if config := shapes[name].get("properties", {}).get("config"):
            config |= _CONFIG_SHAPE
        if name in _NOT_BOTH:
            shapes[name]["not"] = {"required": _NOT_BOTH[name]}
        if name in _TOGETHER:
            shapes[name]["dependentRequired"] = _TOGETHER[name]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    choices = schema.get("oneOf")
    if choices is None:
        return schema
    left = [one for one in choices if one != {"type": "null"}]
    return _unwrapped({**schema, "oneOf": left})


def _unwrapped(schema: dict[str, Any]) -> dict[str, Any]:
    choices = schema.get("oneOf")
    if not isinstance(choices, list) or len(choices) != 1:
        return schema
    rest = {key: one for key, one in schema.items() if key != "oneOf"}
    return {**choices[0], **rest}


def _taken(schema: dict[str, Any]) -> set[str]:
    """The shapes that bodies are made of."""
    shapes = schema["components"]["schemas"]
    found: set[str] = set()
    waiting = [
        operation["requestBody"]
        for item in schema.get("paths", {}).values()
        for operation in item.values()
        if "requestBody" in operation
    ]
    while waiting:
        for name in _references(waiting.pop()):
            if name not in found and name in shapes:
                found.add(name)
                waiting.append(shapes[name])
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].removeprefix(_REFERENCE)
        for one in node.values():
            yield from _references(one)
    elif isinstance(node, list):
        for one in node:
            yield from _references(one)
