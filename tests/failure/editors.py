"""Editors that type on through crashes and remember what was acknowledged to them."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from collections import Counter

from websockets.exceptions import InvalidHandshake, WebSocketException

from tests.support.yclient import YClient

_TOKEN = re.compile(r"«[^«»]*»")
PERMANENT = range(4400, 4500)


class Editor:
    """Writes unique words, one at a time, and reconnects whenever it is cut off.

    A forgetful one comes back with an empty document, as a closed tab does: what was acknowledged
    to it is then on the server or nowhere. The others would heal a loss before anyone saw it.
    """

    def __init__(
        self, number: int, url: str, bearer: str, dice: random.Random, *, is_forgetful: bool = False
    ) -> None:
        self.number = number
        self.is_forgetful = is_forgetful
        self.abandoned: set[str] = set()  # forgotten before they were acknowledged
        self._bearer = bearer
        self.client = YClient(url, bearer)
        self.written: list[str] = []
        self.acknowledged: set[str] = set()
        self.acknowledged_at = 0.0  # when the last echo came, by the monotonic clock
        self.connected_at = 0.0
        self.refusals: list[int] = []  # close codes after which no client comes back
        self._dice = dice
        self._waiting: list[tuple[int, str]] = []  # barriers and the words before them

    async def type_until(self, stop: asyncio.Event, pause: float) -> None:
        while not stop.is_set():
            if not self.client.is_open:
                await self._come_back()
            else:
                await self._write()
                await asyncio.sleep(self._dice.uniform(0, 2 * pause))
            self._note()

    async def finish(self, seconds: float) -> None:
        """Come back if need be and wait until everything is acknowledged."""
        async with asyncio.timeout(seconds):
            while self._waiting or not self.client.is_open:
                if not self.client.is_open:
                    await self._come_back()
                    continue
                await self.client.barrier()
                with contextlib.suppress(TimeoutError):
                    await self.client.durable(2)
                self._note()

    async def _write(self) -> None:
        """Put a word between two words, so that none is ever torn apart."""
        text = self.client.content
        ends = [0, *(match.end() for match in _TOKEN.finditer(text))]
        at = len(text[: self._dice.choice(ends)].encode())
        word = f"«{self.number}.{len(self.written)}»"
        self.written.append(word)
        await self.client.edit(at, word)
        self._waiting.append((self.client.sent, word))

    async def _come_back(self) -> None:
        if self.client.close_code in PERMANENT:
            self.refusals.append(self.client.close_code or 0)
        if self.is_forgetful:
            self._forget()
        with contextlib.suppress(
            OSError, InvalidHandshake, WebSocketException, TimeoutError, EOFError
        ):
            self.client.take_outgoing()  # the exchange of states carries them
            await self.client.open()
            self.connected_at = time.monotonic()
            return
        await asyncio.sleep(self._dice.uniform(0.01, 0.1))

    def _forget(self) -> None:
        """Begin with an empty document; words without an echo are nobody's promise any more."""
        self._note()
        self.abandoned.update(word for _, word in self._waiting)
        self._waiting = []
        self.client = YClient(self.client.url, self._bearer)

    def _note(self) -> None:
        """Remember what the echoes that came say."""
        done = [word for upto, word in self._waiting if upto <= self.client.acknowledged]
        if done:
            self.acknowledged.update(done)
            self.acknowledged_at = time.monotonic()
            self._waiting = [(u, w) for u, w in self._waiting if u > self.client.acknowledged]


def miscounted(editors: list[Editor], text: str) -> tuple[list[str], list[str]]:
    """Acknowledged words that are not in `text`, and words that are there more than once."""
    count = Counter(_TOKEN.findall(text))
    acknowledged = {word for editor in editors for word in editor.acknowledged}
    lost = sorted(word for word in acknowledged if not count[word])
    doubled = sorted(word for word, times in count.items() if times > 1)
    return lost, doubled
