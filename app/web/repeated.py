"""A write whose turn it is, as the request's own code knows it: `server.requests.idempotent`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Response
from litestar.enums import MediaType
from litestar.serialization import get_serializer
from sqlalchemy.ext.asyncio import AsyncSession

KEPT_HEADERS = frozenset({"content-type", "location", "etag", "link", "cache-control"})


@dataclass(slots=True)
class Repeatable:
    """A call that may be made again. `keep` puts its answer beside what it has changed."""

    object_id: UUID
    status: int  # of an answer that names none
    keep: Callable[[AsyncSession, int, dict[str, str], bytes], Awaitable[None]]
    answer: tuple[int, dict[str, str], bytes] | None = None

    async def seal(self, tx: AsyncSession) -> None:
        """Right before the commit of the request's transaction."""
        if self.answer is not None:
            await self.keep(tx, *self.answer)


CURRENT: ContextVar[Repeatable | None] = ContextVar("repeatable", default=None)


async def note_answer(response: Response[Any]) -> Response[Any]:
    """Litestar's after_request: what will be sent, known before the transaction is committed."""
    call = CURRENT.get()
    if call is not None:
        status = response.status_code or call.status
        body = b""
        if response.content is not None:
            media_type = response.media_type or MediaType.JSON
            body = response.render(response.content, media_type, get_serializer())
        headers = {
            name.lower(): value
            for name, value in response.headers.items()
            if name.lower() in KEPT_HEADERS and value is not None
        }
        if body:
            headers.setdefault("content-type", "application/json")
        call.answer = (status, headers, body)
    return response


def own_id() -> UUID | None:
    """The id of what this call makes, if it may be made again; then it is made once."""
    call = CURRENT.get()
    return call.object_id if call is not None else None
