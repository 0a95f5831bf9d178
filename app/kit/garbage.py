"""Full collections of garbage at moments when nobody waits.

Such a collection stops the whole process for about 0.6 µs per object that it looks at: 0.2 s with
2,000 people in rooms. By itself the interpreter starts one whenever a quarter of all objects is
new, which is exactly while people come in and type. Young garbage, which is nearly all there is,
is collected as ever: that takes a millisecond.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

ROUND_SECONDS = 1.0
QUIET_SECONDS = 0.5  # since the last edit
QUIET_SHARE = 0.25  # of a core: less than that and nobody is coming in or fetching in bulk either
# Both in collections of the middle generation, each of which lets up to 7,000 objects grow old.
_SOME = 2
_MANY = 45  # what 2,000 people leave behind who came and went: about 60 MB
_NEVER = 1 << 30


def keep_from_collecting() -> None:
    """Make no full collection by itself from now on; a `Sweeper` has to `look` instead."""
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)


class Sweeper:
    """Collects when it is quiet, or when so much has grown old that it cannot wait."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        busy: Callable[[], float] = time.process_time,
    ) -> None:
        self._now = now
        self._busy = busy
        self._disturbed_at = self._looked_at = now()
        self._busy_before = busy()

    def disturb(self, *_: object) -> None:
        """Somebody edits, and the next edit is near."""
        self._disturbed_at = self._now()

    async def look(self) -> None:
        grown_old = gc.get_count()[2]
        if grown_old >= (_SOME if self._is_quiet() else _MANY):
            gc.collect()

    def _is_quiet(self) -> bool:
        """Nobody edits, and the process did little since the last time."""
        now, busy = self._now(), self._busy()
        share = (busy - self._busy_before) / max(now - self._looked_at, 0.001)
        self._looked_at, self._busy_before = now, busy
        return share < QUIET_SHARE and now - self._disturbed_at > QUIET_SECONDS
