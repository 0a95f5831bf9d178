"""The process that may die: runs rounds of hostile updates and leaves a trace of what it was doing."""

from __future__ import annotations

import json
import mmap
import random
import struct
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fuzz import generators, hazards, mutations
from tests.fuzz.documents import scene
from tests.fuzz.room import IDLE, MAKING, STAGES, FindingError, Open, Room, guarded

PER_ROUND = 80
TRACE_BYTES = 1 << 20
HEAD = struct.Struct("<QQQII")  # steps, round, index, stage, length

AIMED: tuple[tuple[Callable[..., Any], int], ...] = (
    (generators.grammar, 30),
    (generators.knotted, 14),
    (generators.cyclic, 4),
    (generators.types, 8),
    (hazards.split_pair, 4),
    (hazards.split_own_pair, 4),
    (hazards.bad_bytes, 3),
    (hazards.nul, 1),
    (hazards.squat, 3),
    (hazards.forge, 4),
    (hazards.counts, 3),
    (hazards.gaps, 3),
    (hazards.ranges, 4),
    (hazards.twice, 3),
    (hazards.depth, 1),
    (hazards.numbers, 4),
    (hazards.fresh_ids, 1),
    (hazards.crowd, 1),
    (hazards.stairs, 1),
)
DAMAGED = ((mutations.mutated, 14), (mutations.spliced, 8), (mutations.replayed, 3))
ATTACKS = [attack for attack, _ in (*AIMED, *DAMAGED)]
WEIGHTS = [weight for _, weight in (*AIMED, *DAMAGED)]
NEEDS_TRAFFIC = {attack for attack, _ in DAMAGED}


class Trace:
    """The last thing that was tried, readable after this process is gone."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), TRACE_BYTES)
        self.steps = self.round = self.index = 0
        self.data = b""

    def write(self, stage: int) -> None:
        self.steps += 1
        HEAD.pack_into(self.map, 0, self.steps, self.round, self.index, stage, len(self.data))

    def attempt(self, round_: int, index: int, data: bytes) -> None:
        self.round, self.index, self.data = round_, index, data[: TRACE_BYTES - HEAD.size]
        self.map[HEAD.size : HEAD.size + len(self.data)] = self.data


def say(line: dict[str, Any]) -> None:
    """One line to the parent."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def attack(rng: random.Random, room: Room) -> tuple[str, str, bytes]:
    """Name, sender and bytes of one hostile update."""
    make = rng.choices(ATTACKS, WEIGHTS)[0]
    more = (room.arrivals,) if make in NEEDS_TRAFFIC else ()
    return make.__name__, *make(rng, room.model, *more)


class Worker:
    """Plays rounds; every line it prints is a finding or a round's tally."""

    def __init__(self, seed: int, trace: Trace, *, bare: bool) -> None:
        self.seed = seed
        self.trace = trace
        self.bare = bare
        self.tally: Counter[str] = Counter()

    def room(self, round_: int) -> Room:
        """The document of a round."""
        steps = 24 if round_ % 4 else 4
        chosen = scene(self.seed * 1_000_003 + round_, steps)
        return Room(chosen, Open if self.bare else guarded, self.trace.write)

    def play(self, round_: int, count: int) -> None:
        """One round; a finding ends the room, not the round."""
        rng = random.Random(f"{self.seed}:{round_}")
        room = self.room(round_)
        for index in range(count):
            self.trace.write(MAKING)
            name, sender, data = attack(rng, room)
            self.trace.attempt(round_, index, data)
            try:
                taken = room.offer(sender, data)
                if self.bare and taken:
                    room.exercise()
                elif index % 10 == 9:
                    room.honest_turn(rng)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self.report(room, error, name, index)
                self.close(room)
                room = self.room(round_)
                continue
            self.tally[f"{name} {'taken' if taken else 'refused'}"] += 1
            if self.bare and taken:
                room = self.room(round_)
        self.finish(room, count)
        self.trace.write(IDLE)

    def finish(self, room: Room, index: int) -> None:
        try:
            if not self.bare:
                room.replay()
        except BaseException as error:
            self.report(room, error, "replay", index)
        self.close(room)

    def close(self, room: Room) -> None:
        for key, value in room.tally.items():
            self.tally[f"- {key}"] += value

    def report(self, room: Room, error: BaseException, name: str, index: int) -> None:
        """Tell the parent, with everything needed to see it again."""
        kind = error.kind if isinstance(error, FindingError) else type(error).__name__
        if self.bare and isinstance(error, (ValueError, RuntimeError)):
            self.tally[f"{name} {type(error).__name__}"] += 1
            return
        stage = STAGES[HEAD.unpack_from(self.trace.map)[3]]
        found = {
            "finding": kind,
            "stage": stage,
            "attack": name,
            "round": self.trace.round,
            "index": index,
            "message": str(error)[:400],
            "update": self.trace.data.hex(),
            "journal": [update.hex() for update in room.journal],
        }
        say(found)


def main() -> None:
    """Arguments: trace file, seed, first round, rounds, updates per round, 'bare' or 'guarded'."""
    path, seed, first, rounds, count, mode = sys.argv[1:]
    worker = Worker(int(seed), Trace(Path(path)), bare=mode == "bare")
    for round_ in range(int(first), int(first) + int(rounds)):
        worker.play(round_, int(count))
        tally, worker.tally = dict(worker.tally), Counter()
        say({"round": round_, "tally": tally})


if __name__ == "__main__":
    main()
