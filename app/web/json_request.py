"""The request that handlers get: a body that is no usable JSON is the caller's mistake."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import SerializationException, ValidationException

from app.errors import Invalid, UnsupportedMediaType
from app.kit.nesting import is_deeper

_DEEPEST = 100  # lists and objects within one another; decoding and checking use the stack

T = TypeVar("T")
_TYPES = ("", "application/json", "application/x-www-form-urlencoded")


class BodyMalformed(Invalid):
    code = "body_malformed"
    title = "The body is not JSON"
    advice = "Send one JSON value in UTF-8, with `Content-Type: application/json`."


class JsonRequest(Request[Any, Any, State]):
    async def json(self) -> Any:
        """The body's value. Raises `BodyMalformed`, `UnsupportedMediaType`."""
        _check_type(self.headers.get("Content-Type", ""))
        try:
            value = await super().json()
        except (SerializationException, UnicodeDecodeError, RecursionError) as error:
            raise BodyMalformed("Send one JSON value, encoded in UTF-8.") from error
        body = await self.body()
        if body.count(b"[") + body.count(b"{") > _DEEPEST and is_deeper(value, _DEEPEST):
            raise BodyMalformed(f"Nest lists and objects at most {_DEEPEST} deep.")
        return self._typed(value)

    def _typed(self, value: Any) -> Any:
        """`value` as the handler takes it. Raises `ValidationException`.

        Here, and not later with the address, whose texts have to be read as numbers: in a body
        the text "3" is no number and 0 is not false.
        """
        data = self.route_handler.parsed_fn_signature.parameters.get("data")
        kind = data.annotation if data else None
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            return value
        try:
            return _converted(value, kind)
        except msgspec.ValidationError as error:
            message, _, place = str(error).partition(" - at `$")
            key = place.rstrip("`").lstrip(".") or "data"
            raise ValidationException(message, extra=[{"key": key, "message": message}]) from error


def _converted(value: Any, kind: type[T]) -> T:
    """Raises `msgspec.ValidationError`."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        # To JSON 3.0 and 3 are one number.
        return msgspec.convert(_with_whole_numbers(value), kind)


def _with_whole_numbers(value: Any) -> Any:
    """As deep as `_DEEPEST` allows."""
    if isinstance(value, dict):
        return {key: _with_whole_numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_whole_numbers(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _check_type(header: str) -> None:
    """Raises `UnsupportedMediaType` for what says of itself that it is no JSON.

    Nothing is taken for JSON, and so is what curl and others say when nobody told them otherwise.
    """
    kind = header.partition(";")[0].strip().lower()
    if kind not in _TYPES and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType("Send JSON, with Content-Type: application/json.")
