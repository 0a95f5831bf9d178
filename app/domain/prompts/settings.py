"""Rules about a prompt's config and variables, changed one field at a time.  Pure.

A field's address is `config.<key>`, `variables.<name>.<attribute>` or `template_format`. Every
function gives new values and leaves the ones it was given alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from app.domain.prompts.errors import (
    PromptInvalid,
    SettingUnknown,
    VariableNotFound,
    VariableTaken,
)
from app.kit.nesting import levels

Config = dict[str, Any]
Variable = dict[str, Any]
Variables = list[Any]  # of Variable; a list is invariant, and the column says Any

MUSTACHE = "mustache"
JINJA = "jinja"
TEMPLATE_FORMATS = (MUSTACHE, JINJA)
TYPES = ("string", "number", "boolean", "json")
VARIABLE_NAME_LONGEST = 200
VARIABLE_DESCRIPTION_LONGEST = 500
MOST_VARIABLES = 200
MOST_KEYS = 100
DEEPEST = 64  # lists and objects within one another; schemas of tools need a dozen
LARGEST_BYTES = 128 * 1024  # of config or variables as JSON; schemas of tools are the largest part

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = frozenset({"history", "role"})  # words of the template grammar
_NOT_STORABLE = "Leave out NUL characters, numbers beyond 64 bits and very deep nesting."


class Settings(NamedTuple):
    """All that can be set of a text; versions keep it."""

    config: Config
    variables: Variables
    template_format: str = MUSTACHE


class HasSettings(Protocol):
    """A branch, a version, a checkpoint."""

    @property
    def config(self) -> Config: ...
    @property
    def variables(self) -> Sequence[Any]: ...
    @property
    def template_format(self) -> str: ...


def settings_of(one: HasSettings) -> Settings:
    return Settings(one.config, list(one.variables), one.template_format)


def checked_template_format(given: Any) -> str:
    """Raises `PromptInvalid`."""
    if given not in TEMPLATE_FORMATS:
        listed = " or ".join(TEMPLATE_FORMATS)
        raise PromptInvalid({"template_format": f"A template's format is {listed}."})
    return str(given)


def checked(wanted: HasSettings) -> Settings:
    """Whole settings from outside. Raises `PromptInvalid`, `VariableTaken`."""
    return Settings(
        with_config({}, wanted.config),
        checked_variables(list(wanted.variables)),
        checked_template_format(wanted.template_format),
    )


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and 0 < len(value) <= 200 else "Enter a name."


def _between(low: float, high: float) -> Callable[[Any], str]:
    def problem(value: Any) -> str:
        fits = _is_number(value) and low <= value <= high
        return "" if fits else f"Enter a number from {low:g} to {high:g}."

    return problem


def _positive(value: Any) -> str:
    fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 10**9
    return "" if fits else "Enter a whole number from 1."


def _tools(value: Any) -> str:
    fits = isinstance(value, list) and all(isinstance(tool, dict) for tool in value)
    return "" if fits else "Enter a JSON list of objects."


def _object(value: Any) -> str:
    return "" if isinstance(value, dict) else "Enter a JSON object."


def _stop(value: Any) -> str:
    texts = [value] if isinstance(value, str) else value
    fits = isinstance(texts, list) and texts and all(isinstance(t, str) and t for t in texts)
    return "" if fits else "Enter a text or a JSON list of texts."


CONFIG_RULES: dict[str, Callable[[Any], str]] = {
    "model": _text,
    "temperature": _between(0, 2),
    "max_tokens": _positive,
    "tools": _tools,
    "response_schema": _object,
    "top_p": _between(0, 1),
    "stop": _stop,
}


def config_problem(key: str, value: Any) -> str:
    """What is wrong with one entry; keys without a rule take any JSON."""
    if not _KEY.fullmatch(key):
        return "Use letters, digits, dots, hyphens and underscores."
    if not _is_storable(value):
        return _NOT_STORABLE
    rule = CONFIG_RULES.get(key)
    return rule(value) if rule else ""


def with_config(config: Config, changes: Mapping[str, Any]) -> Config:
    """`config` with `changes`; None takes a key out. Raises `PromptInvalid`."""
    problems = {
        f"config.{key}": problem
        for key, value in changes.items()
        if value is not None and (problem := config_problem(key, value))
    }
    if problems:
        raise PromptInvalid(problems)
    merged = {key: value for key, value in {**config, **changes}.items() if value is not None}
    if len(merged) > MOST_KEYS or len(msgspec.json.encode(merged)) > LARGEST_BYTES:
        raise PromptInvalid({"config": "This is more than a prompt's config holds."})
    return merged


def variable_name_problem(name: str) -> str:
    if not _VARIABLE_NAME.fullmatch(name):
        return "Begin with a letter, then letters, digits and underscores, such as order_id."
    if len(name) > VARIABLE_NAME_LONGEST:
        return f"Use at most {VARIABLE_NAME_LONGEST} characters."
    return f"{name} has a meaning of its own in templates." if name in _RESERVED else ""


def default_problem(kind: str, value: Any) -> str:
    """Whether a default fits its variable's type; None = there is none."""
    if value is None:
        return ""
    if not _is_storable(value):
        return _NOT_STORABLE
    fits = {
        "string": isinstance(value, str),
        "number": _is_number(value),
        "boolean": isinstance(value, bool),
        "json": True,
    }[kind]
    return "" if fits else f"This default is no {kind}."


def variable(given: Mapping[str, Any]) -> Variable:
    """A whole, checked variable. Raises `PromptInvalid`."""
    made = {
        "name": given.get("name", ""),
        "type": given.get("type", "string"),
        "required": given.get("required", given.get("default") is None),
        "default": given.get("default"),
        "description": given.get("description", ""),
    }
    problem = variable_name_problem(made["name"]) or _attributes_problem(made)
    if problem:
        raise PromptInvalid({f"variables.{made['name']}": problem})
    return made


def _attributes_problem(made: Variable) -> str:
    if made["type"] not in TYPES:
        return f"A type is one of {', '.join(TYPES)}."
    if len(made["description"]) > VARIABLE_DESCRIPTION_LONGEST:
        return f"A description has at most {VARIABLE_DESCRIPTION_LONGEST} characters."
    if not _is_storable(made["description"]):
        return "Leave out NUL characters."
    return default_problem(made["type"], made["default"])


def checked_variables(given: list[Mapping[str, Any]]) -> Variables:
    """All of a prompt's variables. Raises `PromptInvalid`, `VariableTaken`."""
    made: Variables = []
    for one in given:
        made = with_variable(made, one)
    return made


def with_variable(variables: Variables, given: Mapping[str, Any]) -> Variables:
    """One more variable, at the end. Raises `PromptInvalid`, `VariableTaken`."""
    made = variable(given)
    if any(one["name"] == made["name"] for one in variables):
        raise VariableTaken(f"{made['name']} is declared already.", name=made["name"])
    return _bounded([*variables, made])


def without_variable(variables: Variables, name: str) -> Variables:
    """Raises `VariableNotFound`."""
    find(variables, name)
    return [one for one in variables if one["name"] != name]


def with_attribute(variables: Variables, name: str, attribute: str, value: Any) -> Variables:
    """Change one attribute of one variable.

    A default that does not fit a new type goes. Raises `VariableNotFound`, `SettingUnknown`,
    `PromptInvalid`, `VariableTaken`.
    """
    before = find(variables, name)
    if attribute not in before:
        raise SettingUnknown(f"A variable has {', '.join(before)}; not {attribute}.")
    taken = attribute == "name" and any(v["name"] == value for v in variables if v is not before)
    if taken:
        raise VariableTaken(f"{value} is declared already.", name=value)
    after = {**before, attribute: value}
    if attribute == "type" and value in TYPES and default_problem(value, before["default"]):
        after["default"] = None
    made = variable(after)
    return _bounded([made if one is before else one for one in variables])


def find(variables: Variables, name: str) -> Variable:
    """Raises `VariableNotFound`."""
    for one in variables:
        if one["name"] == name:
            found: Variable = one
            return found
    raise VariableNotFound(f"{name} is not declared.", name=name)


def changed_fields(before: Settings, after: Settings) -> list[str]:
    """The addresses that differ, such as config.temperature and variables.currency."""
    keys = _differing(_written(before.config), _written(after.config))
    old_named = {one["name"]: _written(one) for one in before.variables}
    new_named = {one["name"]: _written(one) for one in after.variables}
    names = _differing(old_named, new_named)
    fields = [f"config.{key}" for key in keys] + [f"variables.{name}" for name in names]
    if before.template_format != after.template_format:
        fields.append("template_format")
    reordered = not fields and list(old_named) != list(new_named)
    return ["variables"] if reordered else fields


def _written(values: Mapping[str, Any]) -> dict[str, bytes]:
    """Each value as text: as values, objects are equal in whatever order their keys are."""
    return {name: msgspec.json.encode(value) for name, value in values.items()}


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]


def _bounded(variables: Variables) -> Variables:
    if len(variables) > MOST_VARIABLES or len(msgspec.json.encode(variables)) > LARGEST_BYTES:
        raise PromptInvalid({"variables": "These are more variables than a prompt holds."})
    return variables


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_storable(value: Any) -> bool:
    """Whether both databases and every client keep this JSON value as it is."""
    for depth, level in enumerate(levels(value)):
        if depth > DEEPEST or len(level) > LARGEST_BYTES or not all(map(_is_plain, level)):
            return False
    return True


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    return math.isfinite(value) if isinstance(value, float) else True
