"""SIGKILL at random moments under load: nothing acknowledged is lost, nothing is there twice.

`python -m tests.failure.kill_nine --kills 200 --seed 1 --editors 8`
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.failure.editors import Editor, miscounted
from tests.failure.headless import Prompt, a_prompt, text_of
from tests.support.server import HEADLESS, KEY, Server
from tests.support.waiting import until
from tests.support.yclient import YClient

_PAUSE = 0.06  # seconds between two words of one editor, on average
_LONG_LIFE = 1.1  # seconds; whoever lived so long did work


@dataclass
class Outcome:
    """What is left after the last kill."""

    kills: int = 0
    parent_kills: int = 0
    written: int = 0
    acknowledged: int = 0
    abandoned: int = 0  # of editors that came back with nothing, before any acknowledgement
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)  # of clients, REST and the restarted server
    refusals: list[int] = field(default_factory=list)
    quarantined: int = 0
    recoveries: list[float] = field(default_factory=list)  # seconds from kill to the next echo

    @property
    def is_good(self) -> bool:
        complaints = self.lost or self.doubled or self.refusals or self.quarantined
        is_all = self.acknowledged + self.abandoned == self.written
        return not complaints and len(self.texts) == 1 and is_all

    def __str__(self) -> str:
        ordered = sorted(self.recoveries) or [0.0]
        return (
            f"kills {self.kills} (of the whole server {self.parent_kills}), words written "
            f"{self.written}, acknowledged {self.acknowledged}, given up unacknowledged "
            f"{self.abandoned}, lost {len(self.lost)}, doubled "
            f"{len(self.doubled)}, different texts {len(self.texts)}, permanent refusals "
            f"{len(self.refusals)}, quarantined {self.quarantined}; from kill to next "
            f"acknowledgement: median {statistics.median(ordered):.2f} s, p95 "
            f"{ordered[int(len(ordered) * 0.95)]:.2f} s, worst {ordered[-1]:.2f} s"
        )


async def run(data_dir: Path, kills: int, seed: int, editors: int) -> Outcome:
    dice = random.Random(seed)
    server = Server(data_dir, HEADLESS)
    await asyncio.to_thread(server.start)
    try:
        return await _run(server, kills, dice, editors)
    except TimeoutError:
        sys.stderr.write(server.logs()[-20_000:])
        raise
    finally:
        await asyncio.to_thread(server.kill_everything)


async def _run(server: Server, kills: int, dice: random.Random, count: int) -> Outcome:
    outcome = Outcome()
    prompt = await asyncio.to_thread(a_prompt, server)
    editors = [
        Editor(
            number,
            prompt.url(server),
            KEY,
            random.Random(dice.random()),
            is_forgetful=number % 2 == 1,
        )
        for number in range(count)
    ]
    stop = asyncio.Event()
    typing = [asyncio.create_task(editor.type_until(stop, _PAUSE)) for editor in editors]
    for _ in range(kills):
        # Three quick deaths in a row and the supervisor begins to pause, as it should.
        await asyncio.sleep(dice.choice([dice.uniform(0, 0.1), dice.uniform(0, 1), _LONG_LIFE]))
        await _kill(server, dice, outcome)
        if dice.random() < 0.9:  # else the next one comes while the server is starting
            await _recovered(editors, outcome)
    stop.set()
    await asyncio.gather(*typing)
    await asyncio.gather(*(editor.finish(60) for editor in editors))
    await _compare(server, prompt, editors, outcome)
    return outcome


async def _kill(server: Server, dice: random.Random, outcome: Outcome) -> None:
    outcome.kills += 1
    if dice.random() < 0.1:
        outcome.parent_kills += 1
        await asyncio.to_thread(server.kill_everything)
        await asyncio.to_thread(server.start)  # killed before it ever worked it would give up
    else:
        await asyncio.to_thread(server.kill_worker)


async def _recovered(editors: list[Editor], outcome: Outcome) -> None:
    """Wait for the first acknowledgement on a connection that was made after the kill."""
    killed_at = time.monotonic()

    def is_back() -> bool:
        return any(
            editor.connected_at > killed_at and editor.acknowledged_at > editor.connected_at
            for editor in editors
        )

    await until(is_back, 60, "an acknowledgement after a kill")
    outcome.recoveries.append(time.monotonic() - killed_at)


async def _compare(server: Server, prompt: Prompt, editors: list[Editor], outcome: Outcome) -> None:
    longest = max((editor.client.content for editor in editors), key=len)
    for editor in editors:
        await editor.client.until(lambda e=editor: e.client.content == longest, 30)
    outcome.texts = {editor.client.content for editor in editors}
    outcome.texts.add(await asyncio.to_thread(text_of, server, prompt))
    for editor in editors:
        await editor.client.close()
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)
    async with YClient(prompt.url(server), KEY) as fresh:
        outcome.texts.add(fresh.content)
        outcome.lost, outcome.doubled = miscounted(editors, fresh.content)
    outcome.written = sum(len(editor.written) for editor in editors)
    outcome.abandoned = sum(len(editor.abandoned) for editor in editors)
    outcome.acknowledged = sum(len(editor.acknowledged) for editor in editors)
    outcome.refusals = [code for editor in editors for code in editor.refusals]
    outcome.quarantined = len(list(server.events("room.quarantined")))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.failure.kill_nine", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--editors", type=int, default=8)
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="promptroom-") as directory:
        outcome = asyncio.run(run(Path(directory), options.kills, options.seed, options.editors))
    seconds = time.monotonic() - started
    sys.stdout.write(f"{outcome} (seed {options.seed}, {seconds:.0f} s)\n")
    sys.exit(0 if outcome.is_good else 1)


if __name__ == "__main__":
    main()
