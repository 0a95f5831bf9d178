"""A failure says what the caller needs and nothing of the inside (S36), whichever handler fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.testing import AsyncTestClient
from sqlalchemy.exc import IntegrityError, OperationalError
from structlog.testing import capture_logs

from tests.conftest import ORIGIN
from tests.security.book import ACCOUNT, IN_WORKSPACE, PUBLIC, filled
from tests.security.world import World

pytestmark = pytest.mark.anyio

WORDS = "planted secret words"
INSIDE = re.compile(
    r"planted|Traceback|SELECT|sqlite|\.py\b|/work/|/usr/|site-packages|line \d+|sqlalche"
    r"|litestar|object at 0x|OperationalError|RuntimeError",
    re.IGNORECASE,
)
FAILURES: dict[str, tuple[Callable[[], BaseException], int, str]] = {
    "a bug": (lambda: RuntimeError(WORDS), 500, "internal"),
    "a missing key": (lambda: KeyError(WORDS), 500, "internal"),
    "a group": (lambda: ExceptionGroup(WORDS, [ValueError(WORDS)]), 500, "internal"),
    "a refused row": (
        lambda: IntegrityError(f"SELECT {WORDS}", {"password": WORDS}, Exception(WORDS)),
        500,
        "internal",
    ),
    "a lost database": (
        lambda: OperationalError(f"SELECT {WORDS}", {"password": WORDS}, Exception(WORDS)),
        503,
        "storage_failed",
    ),
}
NOTHING = ("GET", "/api/openapi.json/{path}")  # the framework's own 404
ROUTES = [key for key in IN_WORKSPACE | ACCOUNT | PUBLIC if key != NOTHING]
IDS = {
    "token": "t",
    "code": "not_found",
    "build": "b",
    "path": "css/base.css",
    "session_id": "01a20bb0-53fe-77e4-93af-72cb7e8fd8af",
}


class Planted:
    """What every handler does for a while."""

    def __init__(self, app: Litestar) -> None:
        self.failure: Callable[[], BaseException] | None = None
        self._usual = [(handler, handler._fn) for handler in handlers_of(app)]
        for handler, usual in self._usual:
            handler._fn = self._instead_of(usual, is_sync=handler.has_sync_callable)

    def take_out(self) -> None:
        """Other tests have the same application."""
        for handler, usual in self._usual:
            handler._fn = usual

    def _instead_of(self, usual: Any, *, is_sync: bool) -> Any:
        def planted(**given: Any) -> Any:
            if self.failure is not None:
                raise self.failure()
            return usual(**given)

        async def planted_async(**given: Any) -> Any:
            return await planted(**given)

        return planted if is_sync else planted_async


def handlers_of(app: Litestar) -> Iterator[Any]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            yield from (h for h in route.route_handlers if "OPTIONS" not in h.http_methods)


@pytest.fixture
def planted(app: Litestar) -> Iterator[Planted]:
    planted = Planted(app)
    with capture_logs():  # hundreds of traces
        yield planted
    planted.take_out()


@pytest.fixture
async def client(app: Litestar, planted: Planted) -> Any:
    """One that shows what a server would answer, whatever is raised."""
    async with AsyncTestClient(app, base_url=ORIGIN, raise_server_exceptions=False) as client:
        client.follow_redirects = False
        yield client


@pytest.mark.parametrize("name", list(FAILURES))
async def test_nothing_of_the_inside_is_told(
    client: Any, planted: Planted, mine: World, name: str
) -> None:
    make, status, code = FAILURES[name]
    planted.failure = make
    for method, path in ROUTES:
        url = filled(path, IDS | mine.ids)
        is_api = path.startswith("/api/")
        headers = (mine.key if path.startswith("/api/v1") else mine.owner).headers
        body: dict[str, Any] = {}
        if (call := IN_WORKSPACE.get((method, path))) and call.json is not None:
            body["json"] = filled(call.json, mine.ids)
        answer = await client.request(method, url, headers=headers, **body)
        assert answer.status_code == status, (method, path, answer.text)
        assert not INSIDE.search(answer.text), (method, path, answer.text)
        assert not INSIDE.search(str(answer.headers)), (method, path)
        request_id = answer.headers["x-request-id"]
        assert len(request_id) >= 16
        if is_api:
            assert answer.headers["content-type"] == "application/problem+json"
            problem = answer.json()
            assert (problem["status"], problem["code"]) == (status, code)
            assert problem["request_id"] == request_id
        elif method != "HEAD":
            assert answer.headers["content-type"].startswith("text/html"), path
            assert request_id in answer.text, path
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("name", list(FAILURES))
async def test_a_fragment_fails_as_a_fragment(
    client: Any, planted: Planted, mine: World, name: str
) -> None:
    planted.failure = FAILURES[name][0]
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"} | mine.owner.headers
    answer = await client.get(filled("/w/{workspace}", mine.ids), headers=headers)
    assert answer.status_code == FAILURES[name][1]
    assert "<html" not in answer.text
    assert not INSIDE.search(answer.text)
