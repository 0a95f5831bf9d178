"""Jinja with nothing that reaches anywhere: no loader, few names, plain values.

Sizes are checked where one expression could ask for gigabytes. Time and memory are not: whoever
renders what strangers wrote does it in a process with limits (`cell.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, Undefined
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS, do_center, do_indent
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.utils import Namespace

MOST_RANGE = 1000  # steps of one loop over numbers
WIDEST = 200  # characters that a filter may pad or indent by
LARGEST = 4 * 1024 * 1024  # characters or items that one operation may make
_BITS = 4096  # of a number; what has more than 4,300 digits cannot be written anyway


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Left out are those that make markup, reach for attributes by name, or answer differently each
# time they are asked.
_FILTERS = _words(
    """abs batch capitalize count d default dictsort e escape filesizeformat first float groupby
    int items join last length list lower map max min reject rejectattr replace reverse round
    select selectattr slice sort sum title trim truncate unique upper urlencode wordcount
    wordwrap"""
)
_TESTS = _words(
    """!= < <= == > >= boolean defined divisibleby eq equalto even false float ge gt greaterthan
    in integer iterable le lessthan lower lt mapping ne none number odd sequence string true
    undefined upper"""
)
_METHODS: dict[type, frozenset[str]] = {
    str: _words(
        """capitalize count endswith find isalnum isalpha isdigit islower isspace isupper join
        lower lstrip partition removeprefix removesuffix replace rfind rpartition rsplit rstrip
        split splitlines startswith strip swapcase title upper"""
    ),
    dict: _words("get items keys values"),
    list: _words("count index"),
    tuple: _words("count index"),
}
_LOOP = _words(
    """changed cycle depth depth0 first index index0 last length nextitem previtem revindex
    revindex0"""
)


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment that every text is read and rendered with."""

    intercepted_binops = frozenset(("*", "**", "+", "%"))

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            finalize=text_of,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            optimized=False,  # it would run filters while a text is only checked
            cache_size=0,
        )
        self.filters = {name: FILTERS[name] for name in _FILTERS} | {
            "center": _center,
            "format": _format,
            "indent": _indent,
            "string": text_of,
            "tojson": _tojson,
        }
        self.tests = {name: TESTS[name] for name in _TESTS}
        self.globals = {"dict": dict, "namespace": Namespace, "range": _range}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if attr.startswith("_"):
            return False
        if isinstance(obj, LoopContext):
            return attr in _LOOP
        if isinstance(obj, Namespace):
            return True
        return any(isinstance(obj, kind) and attr in names for kind, names in _METHODS.items())

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A value's own keys come first: `order.items` is what the order has as items."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def wrap_str_format(self, value: Any) -> Any:
        """Not offered; `is_safe_attribute` refuses the method itself."""
        return None

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        what = f"The attribute {attribute} of a {type(obj).__name__} cannot be used here."
        return self.undefined(what, name=attribute, obj=obj, exc=SecurityError)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "*":
            _check_product(left, right)
        elif operator == "+":
            _check_size(_length(left) + _length(right))
        elif operator == "**":
            _check_power(left, right)
        elif isinstance(left, str):
            raise SecurityError("Use the filter format in the place of %.")
        return super().call_binop(context, operator, left, right)


def text_of(value: Any) -> Any:
    """A text as it is, everything else as JSON: the same as where variables alone are filled in."""
    return value if isinstance(value, str | Undefined) else as_json(value)


def as_json(value: Any, indent: int | None = None) -> str:
    between = None if indent else (",", ":")
    return json.dumps(value, ensure_ascii=False, separators=between, indent=indent, default=_plain)


def _plain(value: Any) -> Any:
    """What filters and loops give, as lists. An undefined value says so by itself."""
    if isinstance(value, Undefined):
        return str(value)
    if isinstance(value, Iterator | range | Mapping) or type(value).__name__.startswith("dict_"):
        return list(value)
    raise SecurityError(f"A {type(value).__name__} cannot be written.")


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _check_size(size: int) -> None:
    if size > LARGEST:
        raise SecurityError("This makes more than a text may have.")


def _check_product(left: Any, right: Any) -> None:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, int):
            _check_size(_length(other) * max(0, one))
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())


def _check_power(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * max(0, right))


def _check_bits(bits: int) -> None:
    if bits > _BITS:
        raise SecurityError("This makes too large a number.")


def _check_width(width: Any) -> None:
    if isinstance(width, str):
        width = len(width)
    if isinstance(width, int) and width > WIDEST:
        raise SecurityError(f"Use at most {WIDEST} characters of space.")


def _range(*arguments: int) -> range:
    steps = range(*arguments)
    # not len(): it raises for what does not fit into a machine's word
    if steps and (steps[-1] - steps[0]) // steps.step >= MOST_RANGE:
        raise SecurityError(f"A range has at most {MOST_RANGE} steps here.")
    return steps


def _center(value: str, width: int = 80) -> str:
    _check_width(width)
    return do_center(value, width)


def _indent(s: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:  # noqa: FBT001, FBT002  # as jinja2 has it
    _check_width(width)
    return do_indent(s, width, first, blank)


def _format(value: str, *args: Any, **kwargs: Any) -> str:
    """As `%` does it, without what asks for a width that is long or comes from elsewhere."""
    digits = ""
    for character in value:
        digits = digits + character if character.isdigit() else ""
        if len(digits) > 3:
            raise SecurityError("Use widths of at most three digits.")
    if "*" in value:
        raise SecurityError("Write the width into the format.")
    return str(value) % (kwargs or args)


def _tojson(value: Any, indent: int | None = None) -> str:
    """JSON as it is; jinja2's own writes it for pages, with escapes in the place of < and >."""
    _check_width(indent)
    return as_json(value, indent)
