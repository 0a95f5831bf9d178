"""One reader of the change stream: what it has not been sent yet, within bounds."""

from __future__ import annotations

import asyncio
from collections import deque
from uuid import UUID

MOST_BYTES = 256 * 1024  # that wait for a reader; whoever is further behind comes again


class Reader:
    """Fed by `News`, emptied by the response."""

    def __init__(self, workspace_id: UUID, key_id: UUID) -> None:
        self.workspace_id = workspace_id
        self.key_id = key_id
        self.is_closed = False
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._woken = asyncio.Event()

    def offer(self, event: bytes) -> None:
        """To be sent in its turn; a reader that lets too much wait is closed."""
        if self.is_closed:
            return
        self._waiting.append(event)
        self._bytes += len(event)
        if self._bytes > MOST_BYTES:
            self.close()
        self._woken.set()

    def close(self) -> None:
        """Nothing more is sent."""
        self.is_closed = True
        self._waiting.clear()
        self._woken.set()

    async def next(self, patience: float) -> bytes:
        """What waits, together; nothing when that is nothing for `patience` seconds, or closed."""
        if not self._waiting and not self.is_closed:
            try:
                async with asyncio.timeout(patience):
                    await self._woken.wait()
            except TimeoutError:
                return b""
        self._woken.clear()
        found = b"".join(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        return found
