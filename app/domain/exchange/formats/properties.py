"""Prompty's properties (inputs, outputs, parameters of tools) as variables and JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.exchange.record import Variable, rest, without_empty

_OURS = {"string": "string", "integer": "number", "float": "number", "number": "number"}
_OURS |= {"boolean": "boolean"}
_THEIRS = {"string": "string", "number": "float", "boolean": "boolean", "json": "object"}
_SCHEMA = {"float": "number"}
_KINDS = {"number": "float"}
THREAD = "thread"


def listed(given: Any) -> list[dict[str, Any]]:
    """Properties with their names, from a list, an object of them, or an object of examples."""
    if isinstance(given, list):
        return [dict(one) for one in given if isinstance(one, Mapping)]
    if not isinstance(given, Mapping):
        return []
    return [
        {"name": name, **one}
        if isinstance(one, Mapping)
        else {"name": name, "kind": _kind_of(one), "example": one}
        for name, one in given.items()
    ]


def kind(one: Mapping[str, Any]) -> str:
    return str(one.get("kind") or one.get("type") or "string")


def variables(given: Any) -> list[Variable]:
    """What inputs declare; a thread is no variable but a place."""
    return [_variable(one) for one in listed(given) if kind(one) != THREAD]


def inputs(declared: Any) -> list[dict[str, Any]]:
    """The inputs that declare these variables."""
    return [
        {
            "name": one["name"],
            "kind": _THEIRS[str(one.get("type", "string"))],
            **without_empty(
                {
                    "description": one.get("description"),
                    "default": one.get("default"),
                    "example": one.get("example"),
                    "enumValues": one.get("enum"),
                }
            ),
            **({"required": True} if one.get("required") else {}),
        }
        for one in declared
    ]


def schema(given: Any) -> dict[str, Any] | None:
    """The JSON Schema of an object with these properties."""
    found = listed(given)
    if not found:
        return None
    required = [one["name"] for one in found if one.get("required")]
    made = {"type": "object", "properties": {one["name"]: _inner(one) for one in found}}
    return {**made, **({"required": required} if required else {})}


def properties(given: Any) -> list[dict[str, Any]]:
    """The nearest that properties come to an object's JSON Schema."""
    if not isinstance(given, Mapping):
        return []
    required = given.get("required", [])
    return [
        {
            "name": name,
            **_property(one if isinstance(one, Mapping) else {}),
            **({"required": True} if name in required else {}),
        }
        for name, one in given.get("properties", {}).items()
    ]


def tool(given: Mapping[str, Any]) -> dict[str, Any]:
    """A function as OpenAI describes it; other kinds of tools as they are."""
    if given.get("kind", "function") != "function":
        return dict(given)
    told = {"name": given.get("name", ""), "description": given.get("description")}
    function = without_empty(told)
    parameters = schema(given.get("parameters"))
    if parameters is not None:
        function["parameters"] = parameters
    if given.get("strict") is not None:
        function["strict"] = given["strict"]
    return {
        "type": "function",
        "function": function,
        **rest(given, "name", "kind", "description", "parameters", "strict"),
    }


def written_tool(given: Mapping[str, Any]) -> dict[str, Any]:
    if "kind" in given:
        return dict(given)
    function = given.get("function", given)
    told = {
        "name": function.get("name", ""),
        "kind": "function",
        "description": function.get("description"),
        "parameters": properties(function.get("parameters")),
    }
    strict = {"strict": function["strict"]} if "strict" in function else {}
    return {**without_empty(told), **strict, **rest(given, "type", "function", "name")}


def _variable(one: Mapping[str, Any]) -> Variable:
    default = one.get("default")
    required = one.get("required", one.get("is_required", False))
    example = one.get("example", one.get("sample"))
    return {
        "name": str(one.get("name", "")),
        "type": _OURS.get(kind(one), "json"),
        "required": bool(required) and default is None,
        "default": default,
        "description": str(one.get("description") or ""),
        **without_empty({"enum": one.get("enumValues"), "example": example}),
    }


def _inner(one: Mapping[str, Any]) -> dict[str, Any]:
    name = kind(one)
    made: dict[str, Any] = {"type": _SCHEMA.get(name, name)}
    made |= without_empty(
        {
            "description": one.get("description"),
            "enum": one.get("enumValues"),
            "default": one.get("default"),
        }
    )
    if name == "array" and isinstance(one.get("items"), Mapping):
        made["items"] = _inner(one["items"])
    if name == "object" and one.get("properties"):
        made |= schema(one["properties"]) or {}
    return made


def _property(one: Mapping[str, Any]) -> dict[str, Any]:
    name = str(one.get("type", "string"))
    made: dict[str, Any] = {"kind": _KINDS.get(name, name)}
    made |= without_empty(
        {
            "description": one.get("description"),
            "enumValues": one.get("enum"),
            "default": one.get("default"),
        }
    )
    if isinstance(one.get("items"), Mapping):
        made["items"] = {"name": "item", **_property(one["items"])}
    if isinstance(one.get("properties"), Mapping):
        made["properties"] = properties(one)
    return made


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str) or value is None:
        return "string"
    return "array" if isinstance(value, list) else "object"
