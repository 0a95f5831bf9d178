"""Every bound of the live engine, with its reason."""

from __future__ import annotations

from typing import Any

KIB = 1024
MIB = 1024 * KIB

FRAME_BYTES = 256 * KIB  # one keystroke is 30 bytes; a paste of a whole long prompt fits
STEP2_BYTES = 4 * MIB  # a week of offline work
TEXT_UNITS = 2 * MIB  # UTF-16 units; the same for CRDT, REST and restore
TEXT_UNITS_WARN = 1 * MIB
AWARENESS_BYTES = 4 * KIB
CLIENT_IDS_PER_CONNECTION = 2  # y-websocket uses one, a reconnecting tab briefly two

UPDATES_PER_SECOND = 60  # a held key repeats 30 times a second
UPDATES_BURST = 200
WORK_SECONDS = 0.002  # of the loop that count as one update; a keystroke takes 20 µs
DEBT_SECONDS = 30.0  # beyond it waiting makes no sense
MESSAGES_PER_SECOND = 400  # updates, barriers, presence; five times what a busy editor sends
MESSAGES_BURST = 1500
HELD_MESSAGES = 200  # of one connection while its room waits for the disk; then it is not read

CONNECTIONS_PER_ROOM = 250
CONNECTIONS_PER_PERSON = 20  # per room: tabs of one person, or processes with one key
DATABASE_CONNECTIONS = (
    4  # of the rooms alone: a burst of joins and the pages never wait for each other
)
JOINS_AT_ONCE = (
    3  # leaves one for compaction, for catching up, and to look at those who lost a right
)
JOINS_WAITING = 2000  # beyond it a joiner is told to come back later

HIGH_WATER = 1 * MIB  # unread bytes after which a reader gets no more updates, but one resync
LOW_WATER = 64 * KIB
ABORT_WATER = 8 * MIB
STALL_SECONDS = 30.0

PRESENCE_TICKS = ((50, 0.05), (150, 0.1), (1 << 30, 0.2))  # up to n people: seconds per frame

COMPACT_ROWS = 500  # loading 500 rows takes about 2 ms
COMPACT_BYTES = 1 * MIB
GRACE_SECONDS = 60.0  # a reload, the back button, a lost train connection
OPEN_BYTES = 512 * MIB  # of documents held in memory, idle ones closed first

READ_ONLY_AFTER = 10.0  # seconds of failing storage until edits are refused
RECHECK_SECONDS = 30.0  # how long a lost "access changed" message may leave a socket open
REVOKE_SECONDS = 0.5  # between telling a removed member and closing the socket
PING_SECONDS = 20


def for_client() -> dict[str, Any]:
    """The limits that a client is told in HELLO."""
    return {
        "frame": FRAME_BYTES,
        "step2": STEP2_BYTES,
        "text": TEXT_UNITS,
        "text_warn": TEXT_UNITS_WARN,
        "awareness": AWARENESS_BYTES,
        "rate": UPDATES_PER_SECOND,
        "burst": UPDATES_BURST,
    }
