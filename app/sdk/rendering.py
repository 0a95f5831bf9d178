r"""Values in the place of variables, the Mustache way and in Jinja. Pure.

The grammar is the server's (`app/domain/prompts/template.py`; a test holds one against the other):
`{{name}}` and `{{name.part}}` are variables, `\{{` is two braces, anything else is text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from app.sdk.errors import JinjaMissing, RenderFailed

_SPACE = r"[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
_EXPRESSION = re.compile(
    rf"\\\{{\{{|\{{\{{{_SPACE}*"
    rf"(?:>{_SPACE}*(?P<reference>[A-Za-z0-9_./-]+)(?:@(?P<label>[A-Za-z0-9_.-]+))?"
    rf"|(?P<name>[A-Za-z_][A-Za-z0-9_.]*)){_SPACE}*\}}\}}"
)
LONGEST = 4 * 1024 * 1024  # characters that a Jinja text may make


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
    """Each of `sources`, which are Mustache texts, with values in it.

    What is given and not used is let pass: a prompt may lose a variable while programs run.
    Raises `RenderFailed` that names everything wrong at once.
    """
    values, absent, problems = _values(declared, given, _used(sources))
    if problems:
        raise RenderFailed(problems)
    values |= dict.fromkeys(absent, "")
    done = [_EXPRESSION.sub(lambda match: _put(match, values, problems), one) for one in sources]
    if problems:
        raise RenderFailed(problems)
    return done


def render_jinja(
    text: str, declared: Sequence[Declared], given: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """The messages, as role and content, of a Jinja text: the code is the server's.

    Raises `RenderFailed`, and `JinjaMissing` where jinja2 is not installed.
    """
    try:
        from app.sandbox.rendering import check, rendered  # noqa: PLC0415  # an extra
        from app.sandbox.trouble import Trouble  # noqa: PLC0415
    except ImportError as error:
        raise JinjaMissing from error
    try:
        values, absent, problems = _values(declared, given, ())
        if problems:
            raise RenderFailed(_values(declared, given, check(text))[2])
        known = {name: value for name, value in given.items() if name not in absent}
        if wrong := [name for name, value in known.items() if not _is_json(value)]:
            raise RenderFailed(dict.fromkeys(wrong, "has to be a JSON value"))
        return rendered(text, known | values, absent, LONGEST)
    except Trouble as trouble:
        if trouble.kind == "missing":
            raise RenderFailed(dict.fromkeys(trouble.names, "is missing")) from trouble
        raise RenderFailed({"template": str(trouble)}) from trouble


def _used(sources: Sequence[str]) -> Iterable[str]:
    return (name for source in sources for name in variables_in(source))


def _values(
    declared: Sequence[Declared], given: Mapping[str, Any], used: Iterable[str]
) -> tuple[dict[str, Any], list[str], dict[str, str]]:
    """What is known, what is not and need not be, and what is wrong; as the server sees it."""
    known = {one.name: one for one in declared}
    values: dict[str, Any] = {}
    absent: list[str] = []
    problems: dict[str, str] = {}
    for name in dict.fromkeys((*known, *used)):
        about, value = known.get(name), given.get(name)
        if value is not None:
            values[name] = value
            if not _FITS.get(about.type if about else "", _is_json)(value):
                problems[name] = f"has to be a {about.type if about else 'JSON value'}"
        elif about is not None and about.default is not None:
            values[name] = about.default
        elif about is not None and about.required is False:
            absent.append(name)
        else:
            problems[name] = "is missing"
    return values, absent, problems


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
    "json": lambda value: isinstance(value, dict | list) and _is_json(value),
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
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        problems[name] = "is missing"
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
