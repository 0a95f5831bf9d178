"""Static files: cached for ever under the current build, and only what is meant to be served."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from app.server.static_files import static_files
from app.web.assets import Assets
from app.web.problem import EXCEPTION_HANDLERS
from tests.web.support import serve

pytestmark = pytest.mark.anyio

Client = AsyncTestClient[Litestar]

SCRIPT = "export const hello = 1;\n" * 50


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    for name, text in {"js/a.js": SCRIPT, "src/collab.js": "source", "x.woff2": "font"}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path.parent / "outside.txt").write_text("not for you")
    return Assets(tmp_path)


def client_of(assets: Assets) -> Client:
    assert EXCEPTION_HANDLERS
    return serve(static_files(assets))


async def test_a_file_of_this_build_may_be_kept_for_ever(assets: Assets) -> None:
    async with client_of(assets) as client:
        answer = await client.get(assets.url("js/a.js"))
    assert answer.text == SCRIPT
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_a_file_of_another_build_must_be_asked_for_again(assets: Assets) -> None:
    async with client_of(assets) as client:
        answer = await client.get("/static/b/0123456789ab/js/a.js")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


async def test_text_is_compressed_for_those_who_can_read_it(assets: Assets) -> None:
    url = assets.url("js/a.js")
    async with client_of(assets) as client:
        async with client.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as packed:
            raw = b"".join([part async for part in packed.aiter_raw()])
        plain = await client.get(url, headers={"Accept-Encoding": "identity"})
        font = await client.get(assets.url("x.woff2"), headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(raw).decode() == SCRIPT
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in font.headers


async def test_what_the_browser_has_is_not_sent_again(assets: Assets) -> None:
    url = assets.url("js/a.js")
    async with client_of(assets) as client:
        etag = (await client.get(url)).headers["ETag"]
        answer = await client.get(url, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "src/collab.js",
        "js/missing.js",
        "js",
        "../outside.txt",
        "js/../../outside.txt",
        "%2e%2e/outside.txt",
        "..%2foutside.txt",
        "//etc/passwd",
        "js/a.js%00",
    ],
)
async def test_nothing_else_is_there(assets: Assets, path: str) -> None:
    async with client_of(assets) as client:
        answer = await client.get(f"/static/b/{assets.build}/{path}")
    assert answer.status_code == 404
    assert "not for you" not in answer.text
