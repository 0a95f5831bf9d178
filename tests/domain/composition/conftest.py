"""The same hands as for what is released."""

from __future__ import annotations

from tests.domain.releases.conftest import fetch, key, place, release

__all__ = ["fetch", "key", "place", "release"]
