"""What a worker has to tell others: bounded, in order, sent again until it has arrived."""

from __future__ import annotations

from collections import deque

MOST = 20_000  # commands; at 1,000 a second an outage of 20 s is made good, and it costs a few MB
MOST_BYTES = 16 * 1024 * 1024
BATCH = 500  # commands that are written at once; they take half a millisecond
BATCH_BYTES = 256 * 1024


class BusQueue:
    """Commands wait, are taken for sending, and stay until their answer has come.

    When there are too many, the oldest that was not sent goes: it is the one that the receivers
    have most likely found in the database meanwhile.
    """

    def __init__(self) -> None:
        self.has_lost = False  # until somebody says so to the others
        self._waiting: deque[bytes] = deque()
        self._sent: deque[bytes] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._sent)

    def put(self, command: bytes) -> int:
        """Let `command` wait; how many had to go for it."""
        self._waiting.append(command)
        self._bytes += len(command)
        dropped = 0
        while self._waiting and (len(self) > MOST or self._bytes > MOST_BYTES):
            self._bytes -= len(self._waiting.popleft())
            dropped += 1
        self.has_lost |= dropped > 0
        return dropped

    def take(self) -> list[bytes]:
        """The next commands to send."""
        batch: list[bytes] = []
        size = 0
        while self._waiting and len(batch) < BATCH and size < BATCH_BYTES:
            command = self._waiting.popleft()
            batch.append(command)
            size += len(command)
        self._sent.extend(batch)
        return batch

    def answered(self) -> None:
        """The oldest one sent has arrived."""
        self._bytes -= len(self._sent.popleft())

    def rewind(self) -> None:
        """The connection is gone: what was sent without an answer has to be sent again."""
        self._waiting.extendleft(reversed(self._sent))
        self._sent.clear()

    def give_up_sent(self) -> int:
        """What was sent is refused: sending it again would not help. How many that are."""
        dropped = len(self._sent)
        self._bytes -= sum(map(len, self._sent))
        self._sent.clear()
        self.has_lost |= dropped > 0
        return dropped
