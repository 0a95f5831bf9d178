"""What the live engine counts and measures, for /metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_FAST = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_BYTES = (64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304)

ROOMS = Gauge("promptroom_rooms_open", "Rooms held in memory", multiprocess_mode="livesum")
CONNECTIONS = Gauge(
    "promptroom_connections", "Open room sockets", ["writes"], multiprocess_mode="livesum"
)
DIRTY = Gauge(
    "promptroom_journal_backlog",
    "Accepted updates that are not on disk yet",
    multiprocess_mode="livesum",
)
COMMIT_SECONDS = Histogram(
    "promptroom_journal_commit_seconds", "One group commit, retries included", buckets=_FAST
)
COMMIT_ROWS = Histogram(
    "promptroom_journal_commit_rows",
    "Updates per group commit",
    buckets=(1, 2, 5, 10, 50, 200, 1000),
)
DURABLE_SECONDS = Histogram(
    "promptroom_update_durable_seconds", "From an update's arrival to its commit", buckets=_FAST
)
JOIN_SECONDS = Histogram(
    "promptroom_join_seconds", "From a socket's arrival to its place in the room", buckets=_FAST
)
LOAD_SECONDS = Histogram(
    "promptroom_room_load_seconds", "Loading a room from the log", buckets=_FAST
)
COMPACTION_SECONDS = Histogram(
    "promptroom_compaction_seconds", "One verified compaction", buckets=_FAST
)
FRAME_BYTES = Histogram("promptroom_frame_bytes", "Size of received frames", buckets=_BYTES)
BEHIND = Counter(
    "promptroom_journal_behind", "Appends put off because another worker had written first"
)
FOLLOWED = Counter("promptroom_rows_followed", "Rows of other workers taken in")
CATCH_UPS = Counter("promptroom_catch_ups", "Reads of the log for rows that the bus did not bring")
STORAGE_FAILURES = Counter("promptroom_journal_failures", "Attempts to write that failed")
NACKS = Counter("promptroom_nacks", "Updates refused with a NACK", ["reason"])
CLOSES = Counter("promptroom_closes", "Sockets closed by the server", ["code"])
RESYNCS = Counter("promptroom_resyncs", "Slow readers brought up to date with one diff")
GAPS = Counter("promptroom_gaps", "Updates that came before their predecessors")
EPOCH_CONFLICTS = Counter("promptroom_epoch_conflicts", "Clients that held another history")
LIBRARY_FAILURES = Counter("promptroom_library_failures", "Exceptions and panics of the CRDT")
QUARANTINED = Counter("promptroom_quarantined", "Updates put into quarantine")
HASH_MISMATCHES = Counter("promptroom_text_hash_mismatches", "Clients whose text differed")
