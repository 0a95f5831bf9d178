"""How many workers so many users take, and what those do to Redis and PostgreSQL.

`python -m benchmarks.scale_sim` draws rooms with a heavy tail of sizes and people who type, puts
them on workers, and adds up what all that costs by the numbers in `benchmarks.scale_costs`. Twice:
with everybody at any worker, and with each room's people at one worker ("affinity"). Seeded: the
table in docs/scale.md is what it prints.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from app.domain.rooms.room.presence import tick_seconds
from benchmarks import scale_costs as costs

SEED = 1
USERS = (1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Room:
    people: int
    typing: int
    edits: float  # per second
    ticks: float  # per second, at which cursors are told

    def frames(self, typing: int) -> float:
        """Of presence, per second, when so many of its people type."""
        return min(typing * costs.EDITS, self.ticks)


def rooms_for(people: int, seed: int = SEED) -> list[Room]:
    """Rooms until everybody is in one."""
    dice = random.Random(seed)
    rooms = []
    while people > 0:
        drawn = int((1 - dice.random()) ** (-1 / costs.TAIL))
        size = min(drawn, costs.MOST_PEOPLE, people)
        typing = sum(dice.random() < costs.TYPING for _ in range(size))
        rooms.append(Room(size, typing, typing * costs.EDITS, 1 / tick_seconds(size)))
        people -= size
    return rooms


Place = Callable[[Room, int, random.Random], list[int]]  # the worker of each person


def anywhere(room: Room, workers: int, dice: random.Random) -> list[int]:
    return [int(dice.random() * workers) for _ in range(room.people)]


def affinity(room: Room, workers: int, dice: random.Random) -> list[int]:
    return [int(dice.random() * workers)] * room.people


@dataclass
class Load:
    """What happens per second, once everybody is placed."""

    workers: int
    rooms: int = 0
    held: int = 0  # rooms, each counted at every worker that has it open
    edits: float = 0.0
    deliveries: float = 0.0  # of edits and of presence, to sockets
    followed: float = 0.0  # rows that another worker wrote
    said: float = 0.0  # messages to Redis, without the lists of people
    handed_out: float = 0.0  # messages from Redis
    news: float = 0.0  # people in rooms that somebody has just entered or left
    cpu: list[float] = field(default_factory=list)  # cores, of each worker
    people: list[int] = field(default_factory=list)
    written: list[float] = field(default_factory=list)  # edits, by the worker that commits them

    def __post_init__(self) -> None:
        self.cpu = [0.0] * self.workers
        self.people = [0] * self.workers
        self.written = [0.0] * self.workers

    @property
    def online(self) -> int:
        return sum(self.people)

    # The log

    @property
    def commits(self) -> float:
        """A worker commits what came while the last commit ran: one at a time, without a pause."""
        return sum(rate / (1 + rate * costs.COMMIT_SECONDS) for rate in self.written)

    @property
    def database_cores(self) -> float:
        return self.commits * costs.COMMIT + self.edits * costs.ROW

    @property
    def looked_up(self) -> float:
        """Heads of the log that are compared, for hints that were lost."""
        return self.held / costs.LOOK_SECONDS

    # Redis

    @property
    def listed(self) -> float:
        """People in lists of who is where: all at each beat, and where somebody came or went."""
        return self.online / costs.BEAT_SECONDS + self.news if self.workers > 1 else 0.0

    @property
    def lists_bytes(self) -> float:
        """What Redis sends of that: all of it to all."""
        return self.listed * costs.PERSON_BYTES * self.workers

    @property
    def redis_cores(self) -> float:
        messages = self.said * costs.PUBLISH + self.handed_out * costs.HAND_OUT
        lists = 0.0
        if self.workers > 1:
            lists = self.workers / costs.BEAT_SECONDS + self.workers / costs.NEWS_SECONDS
        return messages + lists * (costs.PUBLISH + self.workers * costs.HAND_OUT)

    # Filling it

    def add(self, room: Room, places: Sequence[int]) -> None:
        """A room whose first people type, each at the worker that `places` has for them."""
        here, typing = Counter(places), Counter(places[: room.typing])
        self.rooms += 1
        self.held += len(here)
        self.edits += room.edits
        self.followed += room.edits * (len(here) - 1)
        frames = sum(room.frames(one) for one in typing.values())
        if self.workers > 1:
            said = frames + room.edits + len(here) / costs.WHOLE_SECONDS
            self.said += said
            self.handed_out += said * len(here)  # also to whoever said it
        for worker, people in here.items():
            self.people[worker] += people
            self.news += 2 * people / costs.VISIT * people
            self._work(worker, people, room, typing[worker], frames)

    def _work(self, worker: int, people: int, room: Room, typing: int, frames: float) -> None:
        if self.workers > 1:
            self.cpu[worker] += costs.SAY / costs.WHOLE_SECONDS
        if not room.typing:
            return
        own, ours = typing * costs.EDITS, room.frames(typing)
        sent = room.edits * people - own + room.frames(room.typing) * people
        self.written[worker] += own
        self.deliveries += sent
        self.cpu[worker] += (
            own * costs.EDIT
            + (room.edits - own) * costs.FOLLOW
            + sent * costs.DELIVERY
            + (frames - ours) * costs.HEAR
            + ((own + ours) * costs.SAY if self.workers > 1 else 0.0)
        )

    def finish(self) -> None:
        """Everybody is placed: now the lists of people, which every worker hears from all."""
        for worker in range(self.workers):
            said = self.listed / self.workers * costs.PERSON_SAID
            self.cpu[worker] += said + self.listed * costs.PERSON_HEARD


def load(rooms: Sequence[Room], workers: int, place: Place, seed: int = SEED) -> Load:
    """What `rooms` come to on so many workers."""
    dice = random.Random(seed)
    found = Load(workers)
    for room in rooms:
        found.add(room, place(room, workers, dice))
    found.finish()
    return found


def enough(rooms: Sequence[Room], place: Place, seed: int = SEED) -> Load:
    """On as few workers as carry it, if the busiest is about as busy as the others."""
    online = sum(room.people for room in rooms)
    workers = math.ceil(online / costs.MOST_CONNECTIONS)
    while True:
        found = load(rooms, workers, place, seed)
        needed = math.ceil(sum(found.cpu) / costs.MOST_BUSY)
        if needed <= workers:
            return found
        workers = max(workers + 1, needed)


FIGURES: dict[str, Callable[[Load], str]] = {
    "people online": lambda load: f"{load.online:,}",
    "rooms open": lambda load: f"{load.rooms:,}",
    "edits/s": lambda load: f"{load.edits:,.0f}",
    "deliveries to sockets/s": lambda load: f"{load.deliveries:,.0f}",
    "**workers** (cores)": lambda load: f"**{load.workers:,}**",
    "core of a worker, mean": lambda load: f"{sum(load.cpu) / load.workers:.0%}",
    "core of the busiest worker": lambda load: f"{max(load.cpu):.0%}",
    "workers that have a room open": lambda load: f"{load.held / load.rooms:.2f}",
    "rows followed/s": lambda load: f"{load.followed:,.0f}",
    "Redis: messages in/s": lambda load: f"{load.said:,.0f}",
    "Redis: messages out/s": lambda load: f"{load.handed_out:,.0f}",
    "Redis: lists of people, MB/s out": lambda load: f"{load.lists_bytes / 1e6:,.1f}",
    "Redis: cores": lambda load: f"{load.redis_cores:.2f}",
    "PostgreSQL: commits/s": lambda load: f"{load.commits:,.0f}",
    "PostgreSQL: rows in a commit": lambda load: f"{load.edits / load.commits:.2f}",
    "PostgreSQL: cores": lambda load: f"{load.database_cores:.2f}",
    "PostgreSQL: heads compared/s": lambda load: f"{load.looked_up:,.0f}",
    "PostgreSQL: connections": lambda load: f"{load.workers * costs.DATABASE_CONNECTIONS:,}",
}


def table() -> Iterator[str]:
    """Lines of Markdown: a column for each number of users and way of placing them."""
    columns = []
    for users in USERS:
        rooms = rooms_for(round(users * costs.ONLINE))
        columns += [enough(rooms, anywhere), enough(rooms, affinity)]
    heads = [f"{users:,} {way}" for users in USERS for way in ("anywhere", "affinity")]
    yield _line("users, placed", heads)
    yield _line("---", ["---:"] * len(columns))
    for name, told in FIGURES.items():
        yield _line(name, [told(column) for column in columns])


def _line(first: str, rest: Sequence[str]) -> str:
    return "| " + " | ".join([first, *rest]) + " |"


if __name__ == "__main__":
    print("\n".join(table()))
