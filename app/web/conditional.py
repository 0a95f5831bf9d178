"""Conditional requests (RFC 9110, 13): an ETag for what is there, and calls that mind it.

Handlers that write compare inside the transaction that writes, with the row held: of two who read
the same state and write at the same moment one is told that it has changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from app.errors import AppError

NOT_MODIFIED = ResponseSpec(None, description="What the ETag stands for is current.")
_TAG = re.compile(r'(W/)?("[^"]*")')


class PreconditionFailed(AppError):
    """What If-Match or If-None-Match says of it does not hold; `etag` is the present one."""

    code = "precondition_failed"
    status = 412
    title = "It has changed since you read it"
    advice = "Get it again, decide anew, and send the call with the new ETag."

    def __init__(self, etag: str | None) -> None:
        """`etag` is none where nothing is there."""
        super().__init__(
            "Get it again, look at what has changed, and send the call with the new ETag."
            if etag
            else "It is not there any more, or not yet.",
            etag=etag,
        )
        if etag:
            self.headers["ETag"] = etag


def tag_of(*parts: Any) -> str:
    """A strong ETag: equal for equal values, whatever process makes it."""
    return f'"{blake2b(msgspec.json.encode(parts), digest_size=12).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a call that writes says about what it expects to be there."""

    if_match: str = ""
    if_none_match: str = ""

    @property
    def are_given(self) -> bool:
        return bool(self.if_match or self.if_none_match)

    def check(self, etag: str | None) -> None:
        """`etag` of what is there, None = nothing is. Raises `PreconditionFailed`."""
        if self.if_match and not _is_listed(self.if_match, etag, is_weak_enough=False):
            raise PreconditionFailed(etag)
        if self.if_none_match and _is_listed(self.if_none_match, etag, is_weak_enough=True):
            raise PreconditionFailed(etag)


ConditionsDep = NamedDependency[Conditions]
KnownDep = NamedDependency[str]  # the If-None-Match of a call that reads


async def provide_conditions(
    if_match: Annotated[
        str | None, HeaderParameter(name="If-Match", description="Do it only if this is current.")
    ] = None,
    if_none_match: Annotated[
        str | None, HeaderParameter(name="If-None-Match", description="`*`: only if none is there.")
    ] = None,
) -> Conditions:
    return Conditions(if_match or "", if_none_match or "")


async def provide_known(
    if_none_match: Annotated[
        str | None, HeaderParameter(name="If-None-Match", description="The ETag that you have.")
    ] = None,
) -> str:
    return if_none_match or ""


PROVIDERS = {
    "conditions": Provide(provide_conditions),
    "known": Provide(provide_known),
}


def answered(content: Any, etag: str, known: str = "") -> Response[Any]:
    """`content` under its ETag; nothing but 304 for who has it already."""
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if known and _is_listed(known, etag, is_weak_enough=True):
        return Response(None, status_code=304, headers=headers)
    return Response(content, headers=headers)


def _is_listed(header: str, etag: str | None, *, is_weak_enough: bool) -> bool:
    if etag is None:
        return False
    if header.strip() == "*":
        return True
    return any(
        tag == etag and (is_weak_enough or not weak) for weak, tag in _TAG.findall(header[:4096])
    )
