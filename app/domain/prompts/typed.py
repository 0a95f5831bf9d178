"""Settings as people type them in a form: text to value and back.  Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from app.domain.prompts.errors import PromptInvalid

_NUMBERS = frozenset({"temperature", "max_tokens", "top_p"})
OWN_FIELDS = ("model", "temperature", "max_tokens", "tools", "response_schema")
REST = "*"  # `config.*` in a form: an object with every parameter that has no field of its own


def config_value(key: str, text: str) -> Any:
    """What `text` means for a config field; None = empty, which takes the field out.

    Raises `PromptInvalid` about `config.<key>`.
    """
    text = text.strip()
    if not text:
        return None
    if key in _NUMBERS:
        return _number(f"config.{key}", text)
    return text if key == "model" else json_value(f"config.{key}", text)


def rest_changes(config: dict[str, Any], text: str) -> dict[str, Any]:
    """The changes that make the parameters without a field of their own equal to `text`.

    Raises `PromptInvalid` about `config.*`.
    """
    given = json_value("config.*", text) if text.strip() else {}
    if not isinstance(given, dict):
        raise PromptInvalid({"config.*": "Enter a JSON object."})
    for key in OWN_FIELDS:
        if key in given:
            raise PromptInvalid({"config.*": f"{key} has a field of its own."})
    gone = {key: None for key in config if key not in OWN_FIELDS and key not in given}
    return gone | given


def default_value(name: str, kind: str, text: str) -> Any:
    """What `text` means as a variable's default; None = empty, there is none."""
    field = f"variables.{name}.default"
    if text == "":
        return None
    if kind == "number":
        return _number(field, text.strip())
    if kind == "boolean":
        if text.strip().lower() not in ("true", "false"):
            raise PromptInvalid({field: "Enter true or false."})
        return text.strip().lower() == "true"
    return text if kind == "string" else json_value(field, text)


def json_value(field: str, text: str) -> Any:
    """Raises `PromptInvalid` about `field`."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise PromptInvalid({field: f"This is not JSON: {error}."}) from error


def shown(value: Any, *, as_json: bool = False) -> str:
    """A value as text; with `as_json` a text is quoted, too, so that it reads back the same."""
    if value is None:
        return ""
    if isinstance(value, str) and not as_json:
        return value
    text = msgspec.json.encode(value)
    # Small values on one line; tools and schemas as people write them.
    return (text if len(text) < 60 else msgspec.json.format(text, indent=2)).decode()


def _number(field: str, text: str) -> int | float:
    try:
        number = msgspec.json.decode(text.replace(",", "."), type=int | float)
    except msgspec.DecodeError as error:
        raise PromptInvalid({field: "Enter a number."}) from error
    return number
