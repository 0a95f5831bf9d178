"""The request that handlers get: a body that is no usable JSON is the caller's mistake."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import SerializationException

from app.errors import Invalid
from app.kit.nesting import is_deeper

_DEEPEST = 100  # lists and objects within one another; decoding and checking use the stack


class BodyMalformed(Invalid):
    code = "body_malformed"
    title = "The body is not JSON"
    advice = "Send one JSON value in UTF-8, with `Content-Type: application/json`."


class JsonRequest(Request[Any, Any, State]):
    async def json(self) -> Any:
        """The body's value. Raises `BodyMalformed`."""
        try:
            value = await super().json()
        except (SerializationException, UnicodeDecodeError, RecursionError) as error:
            raise BodyMalformed("Send one JSON value, encoded in UTF-8.") from error
        body = await self.body()
        if body.count(b"[") + body.count(b"{") > _DEEPEST and is_deeper(value, _DEEPEST):
            raise BodyMalformed(f"Nest lists and objects at most {_DEEPEST} deep.")
        return value
