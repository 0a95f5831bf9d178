"""What one thing costs and what people do: the numbers that `benchmarks.scale_sim` reckons with.

Costs are seconds of one core unless they say otherwise, measured on the machine of
docs/performance.md; where one is a choice between two measurements, both are named.
"""

from __future__ import annotations

# People, all assumed: an office of prompt writers on a busy morning.
ONLINE = 0.2  # of all users have a prompt open
TYPING = 0.1  # of those type at a given moment
EDITS = 3.0  # per second that somebody types; the cursor moves as often
VISIT = 600.0  # seconds that a prompt stays open
TAIL = 1.5  # of n rooms, n / k ** TAIL have k people or more: most have one, some are crowds
MOST_PEOPLE = 200  # in one room: the limit of the product

# A worker.
EDIT = 320e-6  # read, guard, apply, journal: 2,500 a second fill a core, four deliveries included
DELIVERY = 19e-6  # 100 rooms of 5 at 0.15 s per 1,000, 10 of 50 at 0.030 s: 45 more cost 0.87 ms
SAY = 30e-6  # a message to the others: 6 in bursts of 100, 180 when each goes alone
FOLLOW = 60e-6  # a row of another worker: a fifth of EDIT in a profile of two_workers
HEAR = 10e-6  # the presence of another worker's people: 5 in bursts of 100, and to merge it
PERSON_BYTES = 102  # in the list of who is where
PERSON_SAID, PERSON_HEARD = 0.16e-6, 0.33e-6  # to encode and to decode one
MOST_BUSY = 0.6  # of a core; above it queues grow
MOST_CONNECTIONS = 2_000  # measured, p99 3.5 ms

# What the workers share.
COMMIT_SECONDS = 1e-3  # from one commit to the next of the same worker, when edits wait
COMMIT, ROW = 360e-6, 20e-6  # PostgreSQL's CPU: commits of one row and of four, with fsync
DATABASE_CONNECTIONS = 15  # of a worker: pages, rooms, its journal (docs/operations.md)
PUBLISH, HAND_OUT = 4e-6, 3e-6  # Redis's CPU for a message, and for each listener

# What the product does on the clock; from app/domain/rooms.
NEWS_SECONDS, BEAT_SECONDS, LOOK_SECONDS, WHOLE_SECONDS = 0.25, 3.0, 5.0, 6.0
