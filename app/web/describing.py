"""Notes on the fields of the API for its description, beside those that are checked by decoding.

A length or a pattern in a note checks nothing: the slice's own rules do, each with its code and a
sentence for people. It says to programs what those rules are, and schemathesis compares the two.
"""

from __future__ import annotations

from typing import Any

from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from msgspec import Meta

# PostgreSQL has no place for NUL. Halves of surrogate pairs are refused, too: no JSON has them.
STORABLE = r"^[^\u0000]*$"
BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
# Of an invitation; empty is for whoever has the link.
EMAIL = r'^\s*([^\s@<>(),;:\\"\[\]]+@[^\s@<>(),;:\\"\[\]]+)?\s*$'
LARGEST_INTEGER = 2**31 - 1


def noted(description: str | None = None, examples: list[Any] | None = None, **schema: Any) -> Meta:
    """A note with the names of Litestar's `Schema`: `max_length`, `pattern`, `minimum` and so on.

    `items` is about the texts of a list.
    """
    if items := schema.get("items"):
        schema["items"] = Schema(type=OpenAPIType.STRING, **items)
    return Meta(description=description, examples=examples, extra_json_schema={"extra": schema})
