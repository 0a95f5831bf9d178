"""What an ASGI server runs."""

from __future__ import annotations

import os

from litestar import Litestar

from app.server.core import build
from app.settings import from_environment


def create_app() -> Litestar:
    """The application, configured by the environment."""
    return build(from_environment(os.environ))
