"""All workers replaced, twice, while people type and programs fetch: nobody loses anything.

`python -m tests.failure.rolling_restart --workers 3 --editors 60 --restarts 2 --seed 1`
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.failure.editors import Editor, miscounted
from tests.failure.headless import Prompt, a_prompt, text_of
from tests.support.deployment import Cluster, cluster
from tests.support.hammer import GENTLE, Hammer
from tests.support.listeners import Listener, log_of
from tests.support.server import KEY
from tests.support.yclient import YClient

_PER_ROOM = 5
_PAUSE = 0.8  # seconds between two words of one editor, on average
_HEADERS = {"Authorization": f"Bearer {KEY}"}


class Traveller(Editor):
    """An editor that notes how long it was away, each time."""

    def __init__(self, *given: object, **named: bool) -> None:
        super().__init__(*given, **named)  # type: ignore[arg-type]
        self.away: list[float] = []
        self.goodbyes: list[int | None] = []  # close codes
        self._since = 0.0

    async def _come_back(self) -> None:
        if not self._since:
            self._since = time.monotonic()
            self.goodbyes.append(self.client.close_code)
        await super()._come_back()
        if self.client.is_open:
            self.away.append(time.monotonic() - self._since)
            self._since = 0.0


@dataclass
class Outcome:
    """What is left when the last predecessor is gone."""

    restarts: int = 0
    written: int = 0
    acknowledged: int = 0
    answers: int = 0
    failures: list[str] = field(default_factory=list)  # of HTTP
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)  # rooms whose readers do not hold one text
    refusals: list[int] = field(default_factory=list)
    goodbyes: set[int | None] = field(default_factory=set)
    away: list[float] = field(default_factory=list)
    told: int = 0  # changes, to each listener
    untold: list[str] = field(default_factory=list)  # what a listener was not told as it happened

    @property
    def is_good(self) -> bool:
        complaints = [*self.failures, *self.lost, *self.doubled, *self.torn, *self.untold]
        complaints += map(str, self.refusals)
        return not complaints and self.acknowledged == self.written and self.goodbyes <= {1012}

    def __str__(self) -> str:
        away = sorted(self.away) or [0.0]
        return (
            f"restarts {self.restarts}; HTTP answers {self.answers}, failures "
            f"{self.failures[:5]} ({len(self.failures)}); words written {self.written}, "
            f"acknowledged {self.acknowledged}, lost {len(self.lost)}, doubled "
            f"{len(self.doubled)}, rooms with different texts {len(self.torn)}, permanent "
            f"refusals {self.refusals}, close codes {self.goodbyes}; sockets moved "
            f"{len(self.away)}; changes told {self.told}, wrongly {self.untold[:3]}; away: median {away[len(away) // 2]:.3f} s, p95 "
            f"{away[int(len(away) * 0.95)]:.3f} s, longest {away[-1]:.3f} s"
        )


@dataclass(frozen=True)
class Plan:
    seed: int
    workers: int = 3
    editors: int = 60
    clients: int = 15  # of HTTP
    listeners: int = 6
    restarts: int = 2


async def run(data_dir: Path, plan: Plan) -> Outcome:
    with cluster(data_dir, plan.workers) as many:
        try:
            return await _run(many, plan)
        except TimeoutError:
            sys.stderr.write(many.server.logs()[-20_000:])
            raise


async def _run(many: Cluster, plan: Plan) -> Outcome:
    dice = random.Random(plan.seed)
    rooms = [
        await asyncio.to_thread(a_prompt, many.server, f"travel/room-{number}", "Hello")
        for number in range(max(1, plan.editors // _PER_ROOM))
    ]
    by_room = [
        [
            Traveller(number, room.url(many.server), KEY, random.Random(dice.random()))
            for number in range(place * _PER_ROOM, (place + 1) * _PER_ROOM)
        ]
        for place, room in enumerate(rooms)
    ]
    editors = [editor for some in by_room for editor in some]
    for editor in editors:
        await editor.client.open()
    paths = ["/health/live", *(f"/api/v1/prompts/{room.id}" for room in rooms), "/sign-in"]
    hammer = Hammer(many.server.url, paths, _HEADERS, GENTLE)
    stop = asyncio.Event()
    typing = [asyncio.create_task(editor.type_until(stop, _PAUSE)) for editor in editors]
    striking = asyncio.create_task(hammer.strike(plan.clients))
    outcome = Outcome(plan.restarts)
    async with AsyncExitStack() as stack:
        fresh = [Listener(many.server.url, KEY) for _ in range(plan.listeners)]
        listeners = [await stack.enter_async_context(one) for one in fresh]
        moving = asyncio.create_task(_move_until(stop, many, rooms[0]))
        for _ in range(plan.restarts):
            await asyncio.to_thread(many.server.restart_workers, plan.workers)
        stop.set()
        await moving
        await _ask_listeners(many, listeners, outcome)
    hammer.is_over = True
    await asyncio.gather(striking, *typing)
    await asyncio.gather(*(editor.finish(60) for editor in editors))
    outcome.answers, outcome.failures = hammer.answered.total(), hammer.failures
    for room, some in zip(rooms, by_room, strict=True):
        await _compare(many, room, some, outcome)
    for editor in editors:
        outcome.written += len(editor.written)
        outcome.acknowledged += len(editor.acknowledged)
        outcome.refusals += editor.refusals
        outcome.goodbyes.update(editor.goodbyes)
        outcome.away += editor.away
    return outcome


async def _move_until(stop: asyncio.Event, many: Cluster, room: Prompt) -> None:
    """A label comes and goes, so that there is something to be told of."""
    address = f"{many.server.url}/api/v1/prompts/{room.id}"
    none_kept = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(headers=_HEADERS, timeout=30, limits=none_kept) as api:
        (await api.post(f"{address}/versions", json={"message": "One"})).raise_for_status()
        while not stop.is_set():
            label = f"{address}/labels/production"
            (await api.put(label, json={"version": 1})).raise_for_status()
            (await api.delete(label)).raise_for_status()
            await asyncio.sleep(0.05)


async def _ask_listeners(many: Cluster, listeners: list[Listener], outcome: Outcome) -> None:
    """Each has been told of each change once, over all the streams that it had."""
    head = (await log_of(many.server.url, KEY))["last_event_id"]
    last = int(head.partition("-")[0])
    for one in listeners:
        await one.hears(last, 60)
        if one.seqs != list(range(one.seqs[0], last + 1)) or "resync" in one.kinds:
            outcome.untold.append(f"{one.seqs[0]} to {last}: {len(one.seqs)} changes")
        if len(one.ends) < outcome.restarts or "cut" in one.ends:
            outcome.untold.append(f"streams ended with {one.ends}")
    outcome.told = min(len(one.seqs) for one in listeners)


async def _compare(many: Cluster, room: Prompt, editors: list[Traveller], outcome: Outcome) -> None:
    longest = max((editor.client.content for editor in editors), key=len)
    for editor in editors:
        await editor.client.until(lambda e=editor: e.client.content == longest, 60)
    texts = {longest, await asyncio.to_thread(text_of, many.server, room)}
    async with YClient(room.url(many.server), KEY) as fresh:
        texts.add(fresh.content)
    for editor in editors:
        await editor.client.close()
    if len(texts) > 1:
        outcome.torn.append(room.id)
    lost, doubled = miscounted([*editors], longest)
    outcome.lost += lost
    outcome.doubled += doubled


def main() -> None:
    command = "python -m tests.failure.rolling_restart"
    parser = argparse.ArgumentParser(prog=command, description=__doc__)
    for name, default in (("workers", 3), ("editors", 60), ("restarts", 2), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    plan = Plan(given.seed, given.workers, given.editors, restarts=given.restarts)
    with tempfile.TemporaryDirectory(prefix="promptroom-") as directory:
        outcome = asyncio.run(run(Path(directory), plan))
    sys.stdout.write(f"{outcome} (seed {plan.seed})\n")
    sys.exit(0 if outcome.is_good else 1)


if __name__ == "__main__":
    main()
