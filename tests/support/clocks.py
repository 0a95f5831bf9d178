"""Time that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from app.kit import clock


class HeldClock:
    """Both clocks of the program: `clock.utc_now()` and the one that rate limits count by."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        seconds = SimpleNamespace(time=self._seconds)
        monkeypatch.setattr(clock, "utc_now", lambda: self.now)
        for module in (
            "limits.aio.storage.memory",
            "limits.aio.strategies",
            "app.web.ratelimit",
        ):
            monkeypatch.setattr(f"{module}.time", seconds)

    def _seconds(self) -> float:
        return self.now.timestamp()

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)
