r"""Values in the place of variables. Pure.

The grammar is the server's (`app/domain/prompts/template.py`; a test holds one against the other):
`{{name}}` and `{{name.part}}` are variables, `\{{` is two braces, anything else is text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from app.sdk.errors import RenderFailed

_SPACE = r"[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
_EXPRESSION = re.compile(
    rf"\\\{{\{{|\{{\{{{_SPACE}*"
    rf"(?:>{_SPACE}*(?P<reference>[A-Za-z0-9_./-]+)(?:@(?P<label>[A-Za-z0-9_.-]+))?"
    rf"|(?P<name>[A-Za-z_][A-Za-z0-9_.]*)){_SPACE}*\}}\}}"
)
_MISSING: Any = object()


class Declared(Protocol):
    """What is known of a variable."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def required(self) -> bool | None: ...
    @property
    def default(self) -> Any: ...


def variables_in(text: str) -> list[str]:
    """The variables that `text` uses, in the order of their first use."""
    names = (match["name"] for match in _EXPRESSION.finditer(text))
    return list(dict.fromkeys(n.split(".")[0] for n in names if n and n != "history"))


def render(
    sources: Sequence[str], declared: Sequence[Declared], given: Mapping[str, Any]
) -> list[str]:
    """Each of `sources` with values in it.

    What is given and not used is let pass: a prompt may lose a variable while programs run.
    Raises `RenderFailed` that names everything wrong at once.
    """
    known = {one.name: one for one in declared}
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name in dict.fromkeys(name for source in sources for name in variables_in(source)):
        value = _value(known.get(name), given.get(name, _MISSING))
        if isinstance(value, _Wrong):
            problems[name] = value.what
        else:
            values[name] = value
    if problems:
        raise RenderFailed(problems)
    done = [_EXPRESSION.sub(lambda match: _put(match, values, problems), one) for one in sources]
    if problems:
        raise RenderFailed(problems)
    return done


class _Wrong:
    def __init__(self, what: str) -> None:
        self.what = what


def _value(declared: Declared | None, value: Any) -> Any:
    if value is _MISSING:
        if declared is None or (declared.default is None and declared.required is not False):
            return _Wrong("is missing")
        return "" if declared.default is None else declared.default
    fits = _FITS.get(declared.type, _is_json) if declared is not None else _is_json
    if not fits(value):
        return _Wrong(f"has to be a {declared.type if declared else 'JSON value'}")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


_FITS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": _is_number,
}


def _put(match: re.Match[str], values: Mapping[str, Any], problems: dict[str, str]) -> str:
    if match[0] == "\\{{":
        return "{{"
    if match["reference"]:
        problems[match["reference"]] = "is a prompt that the server did not put in"
        return ""
    name = match["name"]
    if name == "history":
        return match[0]
    first, *path = name.split(".")
    value = values[first]
    for step in path:
        value = value.get(step, _MISSING) if isinstance(value, dict) else _MISSING
    if value is _MISSING:
        problems[name] = "is missing"
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
