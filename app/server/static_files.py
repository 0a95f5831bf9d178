"""Serves static files from memory: a known set of small files, each compressed once."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from app.errors import NotFound
from app.web.assets import Assets, served

_FOR_EVER = "public, max-age=31536000, immutable"
_CHECK_FIRST = "no-cache"
_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg+xml")
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """What is sent for one file."""

    body: bytes
    gzipped: bytes | None
    media_type: str
    etag: str

    @classmethod
    def read(cls, path: Path) -> StaticFile:
        body = path.read_bytes()
        guessed = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        media_type = _TYPES.get(path.suffix, guessed)
        # mtime=0: the same file gives the same bytes on every worker and after every start.
        packed = gzip.compress(body, 6, mtime=0) if media_type.startswith(_COMPRESSIBLE) else None
        return cls(
            body=body,
            gzipped=packed if packed and len(packed) < len(body) else None,
            media_type=media_type,
            etag=f'"{hashlib.sha256(body).hexdigest()[:20]}"',
        )


def static_files(assets: Assets) -> HTTPRouteHandler:
    """The route behind `asset()`.

    The build in the address is not looked up but compared: only the current build's files may be
    kept for ever. A page from before an upgrade still gets the file of that name, to be asked
    for again.
    """
    paths = {p.relative_to(assets.directory).as_posix(): p for p in served(assets.directory)}
    files: dict[str, StaticFile] = {}

    @get(
        "/static/b/{build:str}/{file:path}",
        opt={"public": True},
        include_in_schema=False,
        sync_to_thread=False,
    )
    def serve_static(
        request: Request[None, None, State], build: FromPath[str], file: FromPath[Path]
    ) -> Response[bytes]:
        """The file, or 304 when the browser has it."""
        name = file.as_posix().lstrip("/")
        if name not in paths:  # a set of names, so no path can lead outside
            raise NotFound(f"There is no static file {name!r}.")
        if name not in files:
            files[name] = StaticFile.read(paths[name])
        return _answer(request, files[name], is_current=build == assets.build)

    return serve_static


def _answer(
    request: Request[None, None, State], file: StaticFile, *, is_current: bool
) -> Response[bytes]:
    headers = {
        "ETag": file.etag,
        "Cache-Control": _FOR_EVER if is_current else _CHECK_FIRST,
        "Vary": "Accept-Encoding",
    }
    if file.etag in request.headers.get("If-None-Match", ""):
        return Response(b"", status_code=304, headers=headers)
    body = file.body
    if file.gzipped is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = file.gzipped
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=file.media_type, headers=headers)
