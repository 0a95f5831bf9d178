"""The application with a library that dies, or never returns, on certain words."""

from __future__ import annotations

import ctypes

from litestar import Litestar

from app.asgi import create_app
from app.domain.rooms.room.document import LiveDocument

CRASH = "CRASH-PLEASE"
HANG = "HANG-PLEASE"


def poisoned() -> Litestar:
    apply = LiveDocument.apply

    def planted(document: LiveDocument, update: bytes) -> None:
        if CRASH.encode() in update:
            ctypes.string_at(0)  # SIGSEGV in native code
        while HANG.encode() in update:
            pass
        apply(document, update)

    LiveDocument.apply = planted  # type: ignore[method-assign]
    return create_app()
