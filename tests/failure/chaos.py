"""Everything may die: workers, Redis, PostgreSQL and connections, while fifty people type.

`python -m tests.failure.chaos --minutes 20 --seed 1 --workers 4 --editors 50`
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.failure.editors import Editor, miscounted
from tests.failure.headless import Prompt, a_prompt, text_of
from tests.support.deployment import Cluster, cluster
from tests.support.server import KEY
from tests.support.yclient import YClient

_PAUSE = 0.4  # seconds between two words of one editor, on average
_PER_ROOM = 5
_CALM = (0.5, 3.0)  # seconds between two faults
_HEALED_SECONDS = 120.0


@dataclass
class Outcome:
    """What is left when everything works again."""

    faults: Counter[str] = field(default_factory=Counter)
    written: int = 0
    acknowledged: int = 0
    abandoned: int = 0  # of editors that came back with nothing, before any acknowledgement
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)  # rooms whose readers do not hold one text
    refusals: list[int] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        complaints = self.lost or self.doubled or self.torn or self.refusals
        return not complaints and self.acknowledged + self.abandoned == self.written

    def __str__(self) -> str:
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()))
        return (
            f"faults: {faults}; words written {self.written}, acknowledged {self.acknowledged}, "
            f"given up unacknowledged {self.abandoned}, lost {len(self.lost)}, doubled "
            f"{len(self.doubled)}, rooms with different texts {len(self.torn)}, permanent "
            f"refusals {self.refusals}"
        )


class Faults:
    """What can happen to a cluster; each comes to an end by itself."""

    def __init__(self, many: Cluster, dice: random.Random, longest: float) -> None:
        self._many = many
        self._dice = dice
        self._longest = longest  # seconds of an outage
        self.editors: list[Editor] = []

    def pick(self) -> tuple[str, Callable[[], Awaitable[None]]]:
        every = [
            ("worker killed", self.kill_worker),
            ("worker paused", self.pause_worker),
            ("Redis stopped", self.stop_redis),
            ("Redis flushed", self.flush_redis),
            ("PostgreSQL restarted", self.restart_postgres),
            ("connections cut", self.cut),
        ]
        return self._dice.choices(every, weights=(4, 1, 1, 1, 1, 2))[0]

    async def kill_worker(self) -> None:
        if workers := self._many.server.workers():
            _signal(self._dice.choice(workers), signal.SIGKILL)

    async def pause_worker(self) -> None:
        """Longer than the supervisor waits: it takes the worker for hung and replaces it."""
        if workers := self._many.server.workers():
            pid = self._dice.choice(workers)
            _signal(pid, signal.SIGSTOP)
            await asyncio.sleep(self._dice.uniform(1, self._longest / 3))
            _signal(pid, signal.SIGCONT)

    async def stop_redis(self) -> None:
        await asyncio.to_thread(self._many.redis.stop)
        await asyncio.sleep(self._dice.uniform(1, self._longest))
        await asyncio.to_thread(self._many.redis.start)

    async def flush_redis(self) -> None:
        await asyncio.to_thread(self._many.redis.flush)

    async def restart_postgres(self) -> None:
        await asyncio.to_thread(self._many.postgres.restart)

    async def cut(self) -> None:
        for editor in self._dice.sample(self.editors, len(self.editors) // 3):
            if editor.client.is_open:
                editor.client.drop()


def _signal(pid: int, what: signal.Signals) -> None:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return  # replaced meanwhile


@dataclass(frozen=True)
class Plan:
    seconds: float
    seed: int
    workers: int = 4
    editors: int = 50
    longest: float = 60.0  # seconds of an outage


async def run(data_dir: Path, plan: Plan) -> Outcome:
    with cluster(data_dir, plan.workers) as many:
        try:
            return await _run(many, plan)
        except TimeoutError:
            sys.stderr.write(many.server.logs()[-20_000:])
            raise


async def _run(many: Cluster, plan: Plan) -> Outcome:
    outcome, dice = Outcome(), random.Random(plan.seed)
    faults = Faults(many, dice, plan.longest)
    rooms = [
        await asyncio.to_thread(a_prompt, many.server, f"chaos/room-{number}")
        for number in range(max(1, plan.editors // _PER_ROOM))
    ]
    by_room = [_editors(many, room, number, dice) for number, room in enumerate(rooms)]
    faults.editors = editors = [editor for some in by_room for editor in some]
    stop = asyncio.Event()
    typing = [asyncio.create_task(editor.type_until(stop, _PAUSE)) for editor in editors]
    end = time.monotonic() + plan.seconds
    while time.monotonic() < end:
        await asyncio.sleep(dice.uniform(*_CALM))
        name, happen = faults.pick()
        outcome.faults[name] += 1
        await happen()
    stop.set()
    await asyncio.gather(*typing)
    await asyncio.gather(*(editor.finish(_HEALED_SECONDS) for editor in editors))
    for room, some in zip(rooms, by_room, strict=True):
        await _compare(many, room, some, outcome)
    outcome.written = sum(len(editor.written) for editor in editors)
    outcome.abandoned = sum(len(editor.abandoned) for editor in editors)
    outcome.acknowledged = sum(len(editor.acknowledged) for editor in editors)
    outcome.refusals = [code for editor in editors for code in editor.refusals]
    return outcome


def _editors(many: Cluster, room: Prompt, number: int, dice: random.Random) -> list[Editor]:
    return [
        Editor(
            number * _PER_ROOM + place,
            room.url(many.server),
            KEY,
            random.Random(dice.random()),
            is_forgetful=place % 2 == 1,
        )
        for place in range(_PER_ROOM)
    ]


async def _compare(many: Cluster, room: Prompt, editors: list[Editor], outcome: Outcome) -> None:
    """All who were here, whoever comes now to any worker, and REST hold one text."""
    longest = max((editor.client.content for editor in editors), key=len)
    for editor in editors:
        await editor.client.until(lambda e=editor: e.client.content == longest, 60)
    texts = {editor.client.content for editor in editors}
    for _ in range(4):
        texts.add(await asyncio.to_thread(text_of, many.server, room))
        async with YClient(room.url(many.server), KEY) as fresh:
            texts.add(fresh.content)
    for editor in editors:
        await editor.client.close()
    if len(texts) > 1:
        outcome.torn.append(room.id)
    lost, doubled = miscounted(editors, longest)
    outcome.lost += lost
    outcome.doubled += doubled


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.failure.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--editors", type=int, default=50)
    options = parser.parse_args()
    plan = Plan(options.minutes * 60, options.seed, options.workers, options.editors)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="promptroom-") as directory:
        outcome = asyncio.run(run(Path(directory), plan))
    seconds = time.monotonic() - started
    sys.stdout.write(f"{outcome} (seed {plan.seed}, {seconds:.0f} s)\n")
    sys.exit(0 if outcome.is_good else 1)


if __name__ == "__main__":
    main()
