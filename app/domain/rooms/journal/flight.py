"""The flight recorder: which update was being applied when the process died.

The CRDT library is native code: it can abort or hang on bytes that the guard let through, and
no `except` sees that. So each update is copied into a small memory-mapped file before it is
applied and taken out afterwards. The pages belong to the kernel and survive the process, so the
next process finds the culprit and quarantines it instead of meeting it again.

Who is killed from outside at that moment died of something else. Quarantining its update would
lock an honest client out, or take an acknowledged row out of the log, so the cause of death is
asked for, and only an update that is there at three deaths in a row is suspect by itself.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog

from app.domain.rooms.limits import STEP2_BYTES

log = structlog.get_logger(__name__)

_HEADER = struct.Struct("<B16s48sqI")  # armed, document, actor, sequence or -1, length
_STRIKES = struct.Struct("<32sB")  # the last innocent's digest, and how often it was there
_SLOT = _HEADER.size + STEP2_BYTES
_SIZE = _SLOT + _STRIKES.size
_MOST_STRIKES = 3
_GUILTY = 2  # in the place of "armed"
_NATIVE = {f"signal {name}" for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE")}


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
            try:
                # Not a hole: a mapped page that a full disk has no block for kills the process.
                os.posix_fallocate(file.fileno(), 0, _SIZE)
            except OSError as error:
                log.warning("flight.not_recorded", cause=error.strerror)
                self._map = mmap.mmap(-1, _SIZE)
            else:
                self._map = mmap.mmap(file.fileno(), _SIZE)

    def arm(self, document_id: UUID, actor: str, update: bytes, seq: int = -1) -> None:
        """Note `update` down. The armed byte is written last, so a half-written slot is none."""
        slot = self._map
        end = _HEADER.size + len(update)
        if end <= _SLOT:
            slot[_HEADER.size : end] = update
        _HEADER.pack_into(
            slot, 0, 0, document_id.bytes, actor.encode()[:48], seq, min(len(update), STEP2_BYTES)
        )
        slot[0] = 1

    def disarm(self) -> None:
        self._map[0] = 0

    def recover(self, *, is_blamed: bool) -> InFlight | None:
        """What the process before this one died on; call `disarm` when it has been put away.

        `is_blamed` says whether that death is the kind that the library causes.
        """
        armed, document, actor, seq, length = _HEADER.unpack_from(self._map, 0)
        if not armed:
            return None
        update = bytes(self._map[_HEADER.size : _HEADER.size + length])
        if not (is_blamed or armed == _GUILTY or self._is_always_there(document + update)):
            self.disarm()
            return None
        self._map[0] = _GUILTY  # stands until it is put away, should this process end before
        return InFlight(UUID(bytes=document), actor.rstrip(b"\0").decode(), seq, update)

    def _is_always_there(self, suspect: bytes) -> bool:
        digest = hashlib.sha256(suspect).digest()
        last, strikes = _STRIKES.unpack_from(self._map, _SLOT)
        strikes = min(strikes + 1, _MOST_STRIKES) if digest == last else 1
        _STRIKES.pack_into(self._map, _SLOT, digest, strikes)
        return strikes == _MOST_STRIKES

    def close(self) -> None:
        self._map.close()


def is_the_librarys_doing(death: str) -> bool:
    """Whether a process that ended so, in the supervisor's words, may have died of an update."""
    return death == "hung" or death in _NATIVE
