"""A client for many requests at once; Litestar's own sends one after the other, and blocks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from litestar import Litestar

from tests.conftest import ORIGIN


class Forgetful(httpx.Cookies):
    """One client, many browsers: what one is given the others do not send along."""

    def extract_cookies(self, response: httpx.Response) -> None:
        pass


@asynccontextmanager
async def crowd(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks to the running application, in this very loop."""
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # litestar's own ASGI types
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client,
    ):
        client._cookies = Forgetful()
        yield client
