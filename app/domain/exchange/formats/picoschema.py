"""Picoschema, Dotprompt's short form of JSON Schema, and the variables it declares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.domain.exchange.record import Variable, without_empty
from app.domain.exchange.source import Source

_SCALARS = ("string", "number", "integer", "boolean", "null")
_KEY = re.compile(r"([^(?]+)(\?)?(?:\((array|object|enum)(?:,\s*(.*))?\))?", re.DOTALL)
_OURS = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean"}
_THEIRS = {"string": "string", "number": "number", "boolean": "boolean", "json": "any"}


def is_json_schema(value: Any) -> bool:
    """Whether it is the long form already."""
    if not isinstance(value, dict):
        return False
    return value.get("type") in (*_SCALARS, "object", "array") or bool(
        {"properties", "$ref", "anyOf", "oneOf", "allOf", "enum"} & value.keys()
    )


def json_schema(source: Source) -> dict[str, Any]:
    """JSON Schema from either form. Raises `FileInvalid`."""
    value = source.value
    if is_json_schema(value):
        return dict(value)
    if isinstance(value, str):
        return _scalar(source, value)
    if isinstance(value, dict):
        return _object(source)
    return source.bad("A schema is a type such as string, or names with their types.")


def variables(schema: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[Variable]:
    """What an object's JSON Schema declares."""
    required = schema.get("required", [])
    made: list[Variable] = []
    for name, one in schema.get("properties", {}).items():
        told = one if isinstance(one, Mapping) else {}
        default = defaults.get(name)
        made.append(
            {
                "name": name,
                "type": _OURS.get(_main_type(told), "string" if "enum" in told else "json"),
                "required": name in required and default is None,
                "default": default,
                "description": str(told.get("description", "")),
                **without_empty({"enum": told.get("enum")}),
            }
        )
    named = [one["name"] for one in made]
    extra: list[Variable] = [
        {"name": k, "type": _type_of(v), "required": False, "default": v, "description": ""}
        for k, v in defaults.items()
        if k not in named
    ]
    return made + extra


def written(declared: Iterable[Variable]) -> dict[str, Any]:
    """The Picoschema that declares these variables."""
    made: dict[str, Any] = {}
    for one in declared:
        mark = "" if one.get("required") or one.get("default") is not None else "?"
        description = " ".join(str(one.get("description", "")).split())
        if one.get("enum"):
            about = f"(enum, {description})" if description else "(enum)"
            made[f"{one['name']}{mark}{about}"] = list(one["enum"])
        else:
            kind = _THEIRS[str(one.get("type", "string"))]
            made[f"{one['name']}{mark}"] = f"{kind}, {description}" if description else kind
    return made


def _object(source: Source) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    for key in source.value:
        inner = source.under(key)
        if key == "(*)":
            schema["additionalProperties"] = json_schema(inner)
            continue
        found = _KEY.fullmatch(str(key))
        if found is None:
            source.bad("A name may have ? and (array, …), (object, …) or (enum, …) behind it.", key)
        name, optional, kind, description = found.groups()
        made = _property(inner, kind)
        if description:
            made = {**made, "description": description}
        properties[name] = made
        if not optional:
            required.append(name)
    schema.setdefault("additionalProperties", False)
    if required:
        schema["required"] = required
    return schema


def _property(source: Source, kind: str | None) -> dict[str, Any]:
    if kind == "array":
        return {"type": "array", "items": json_schema(source)}
    if kind == "enum":
        if not isinstance(source.value, list):
            source.bad("An enum is a list of values.")
        return {"enum": source.value}
    return json_schema(source)


def _scalar(source: Source, text: str) -> dict[str, Any]:
    kind, _, description = (part.strip() for part in text.partition(","))
    about = {"description": description} if description else {}
    if kind in _SCALARS:
        return {"type": kind, **about}
    if kind == "any":
        return about
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", kind):
        return {"$ref": kind, **about}  # a schema that only the program knows
    return source.bad("A type is string, number, integer, boolean, null or any.")


def _main_type(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):  # nullable
        kind = next((one for one in kind if one != "null"), None)
    return str(kind)


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "json"
