"""Where templates and static files lie: beside the package, or bundled inside a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def resource(name: str) -> Path:
    """The folder `templates` or `static`."""
    sibling = _PACKAGE.parent / name
    return sibling if sibling.is_dir() else _PACKAGE / "_bundled" / name
