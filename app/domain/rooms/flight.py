"""The flight recorder: which update was being applied when the process died.

The CRDT library is native code: it can abort or hang on bytes that the guard let through, and
no `except` sees that. So each update is copied into a small memory-mapped file before it is
applied and taken out afterwards. The pages belong to the kernel and survive the process, so the
next process finds the culprit and quarantines it instead of meeting it again.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.domain.rooms.limits import STEP2_BYTES

_HEADER = struct.Struct("<B16s48sqI")  # armed, document, actor, sequence or -1, length
_SIZE = _HEADER.size + STEP2_BYTES


@dataclass(frozen=True, slots=True)
class InFlight:
    """What was being applied. `seq` is -1 for an update that was not in the journal yet."""

    document_id: UUID
    actor: str
    seq: int
    update: bytes


class FlightRecorder:
    """One slot per worker process: applies never overlap, they hold the interpreter."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.truncate(_SIZE)
            self._map = mmap.mmap(file.fileno(), _SIZE)

    def arm(self, document_id: UUID, actor: str, update: bytes, seq: int = -1) -> None:
        """Note `update` down. The armed byte is written last, so a half-written slot is none."""
        slot = self._map
        end = _HEADER.size + len(update)
        if end <= _SIZE:
            slot[_HEADER.size : end] = update
        _HEADER.pack_into(
            slot, 0, 0, document_id.bytes, actor.encode()[:48], seq, min(len(update), STEP2_BYTES)
        )
        slot[0] = 1

    def disarm(self) -> None:
        self._map[0] = 0

    def recover(self) -> InFlight | None:
        """What the process before this one died on, once."""
        armed, document, actor, seq, length = _HEADER.unpack_from(self._map, 0)
        self.disarm()
        if not armed:
            return None
        update = self._map[_HEADER.size : _HEADER.size + length]
        return InFlight(UUID(bytes=document), actor.rstrip(b"\0").decode(), seq, bytes(update))

    def close(self) -> None:
        self._map.close()
