"""What a worker tells its supervisor through a pipe, one byte at a time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

BEAT = b"."  # the event loop turns
READY = b"R"  # requests are answered from now on
EMPTY = b"E"  # the same, and nobody has set this server up yet
FAILED = b"F"  # the start failed and the worker has said why
CLOSED = b"C"  # no new connections are taken any more

BEAT_SECONDS = 0.5


class Heart:
    """Beats on the event loop, so that it stops when the loop is stuck."""

    def __init__(self, pipe: int, orphaned: Callable[[], None]) -> None:
        """`orphaned` is called once when the supervisor no longer listens."""
        self._pipe = pipe
        self._orphaned = orphaned
        self._timer: asyncio.TimerHandle | None = None
        os.set_blocking(pipe, False)
        # A grandchild that inherited it would keep it open after our death.
        os.set_inheritable(pipe, False)  # noqa: FBT003  # positional-only

    def start(self) -> None:
        if self.say(BEAT):
            self._timer = asyncio.get_running_loop().call_later(BEAT_SECONDS, self.start)
        else:
            self._orphaned()

    def say(self, byte: bytes) -> bool:
        """False when nobody listens any more."""
        try:
            os.write(self._pipe, byte)
        except BlockingIOError:
            return True  # the pipe is full: the supervisor is paused, but it is there
        except OSError:
            return False
        return True

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
