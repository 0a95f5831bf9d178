"""HTTP clients that keep their connections, ask again and again, and try nothing twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import httpx

PAUSES = (0.0, 0.01, 0.1, 0.5, 1.5)  # seconds between two questions; a client has one of them
GENTLE = (0.1, 0.3, 0.5, 0.8, 1.5)


@dataclass
class Hammer:
    """`paths` are asked by turns; whatever is not answered with 200 is a failure."""

    url: str
    paths: Sequence[str]
    headers: Mapping[str, str] = field(default_factory=dict)
    pauses: Sequence[float] = PAUSES
    answered: Counter[str] = field(default_factory=Counter)  # by path
    failures: list[str] = field(default_factory=list)
    is_over: bool = False

    async def strike(self, clients: int) -> None:
        """Until it is over."""
        await asyncio.gather(*(self._strike(number) for number in range(clients)))

    async def _strike(self, number: int) -> None:
        path = self.paths[number % len(self.paths)]
        pause = self.pauses[number % len(self.pauses)]
        client = httpx.AsyncClient(
            base_url=self.url,
            headers=self.headers,
            # Shorter than the server keeps them, as a proxy has it: else both may hang up at once.
            limits=httpx.Limits(max_keepalive_connections=1, keepalive_expiry=3.0),
            timeout=30,
            verify=False,
        )
        async with client:
            while not self.is_over:
                try:
                    status = (await client.get(path)).status_code
                    if status != 200:
                        self.failures.append(f"{path}: {status}")
                    self.answered[path] += 1
                except httpx.HTTPError as error:
                    self.failures.append(f"{path}: {type(error).__name__}")
                await asyncio.sleep(pause)
