"""Refuses the text `null` where a number may be left out: decoding takes it for nothing."""

from __future__ import annotations

from typing import Any

from litestar import Request

from app.errors import InvalidFields

_NUMBERS = ("version", "limit")


def refuse_null(request: Request[Any, Any, Any]) -> None:
    """Before a handler: a program's unset value must not mean another version than it thinks.

    Raises `InvalidFields`.
    """
    for name in _NUMBERS:
        if request.query_params.get(name) == "null":
            raise InvalidFields({name: "Enter a number, or leave it out."})
