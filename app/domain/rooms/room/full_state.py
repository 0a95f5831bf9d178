"""The whole state as one frame, encoded once for a storm of joins."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

_RECENT = 256  # frames kept so that an encoding stays usable while people type


class FullState:
    """An encoding of the state up to some sequence number, and the frames that followed it."""

    def __init__(self) -> None:
        self._seq = 0
        self._frame: bytes | None = None
        self._recent: deque[tuple[int, bytes]] = deque(maxlen=_RECENT)

    def follow(self, seq: int, frame: bytes, *, has_deletes: bool) -> None:
        """The update numbered `seq` is on disk."""
        self._recent.append((seq, frame))
        if has_deletes:
            self._frame = None  # deleted words are not shown to who comes later

    def frame(self, seq: int, encode: Callable[[], bytes]) -> bytes:
        """What gives a newcomer the state at `seq`; `encode` is called when that is needed."""
        if self._frame is not None:
            newer = [frame for number, frame in self._recent if number > self._seq]
            if len(newer) == seq - self._seq:
                return self._frame + b"".join(newer)
        self._seq, self._frame = seq, encode()
        return self._frame

    def forget(self) -> None:
        """Free the memory; the next newcomer costs an encoding."""
        self._frame = None
        self._recent.clear()
