"""What the live engine does by itself, on the clock: catch up slow readers, compact, close."""

from __future__ import annotations

import asyncio

import structlog

from app.domain.rooms import limits
from app.domain.rooms.errors import RoomBroken
from app.domain.rooms.hub.hub import Hub, Settled
from app.domain.rooms.hub.open_room import Open
from app.domain.rooms.journal.compaction import StateDiffers
from app.domain.rooms.metrics import CLOSES, COMPACTION_SECONDS
from app.domain.rooms.wire import protocol
from app.kit.supervise import Supervisor

log = structlog.get_logger(__name__)

IDLE_SECONDS = 120.0  # without an edit, after which a checkpoint is worth having
HASH_SECONDS = 30.0


class Caretaker:
    """Walks through the open rooms in regular rounds."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._was_read_only = False

    def start(self, tasks: Supervisor) -> None:
        tasks.every("rooms.readers", 0.25, self.look_after_readers)
        tasks.every("rooms.upkeep", 1.0, self.keep_up)
        tasks.every("rooms.text_hashes", HASH_SECONDS, self.compare_texts)

    async def look_after_readers(self) -> None:
        """Bring readers that have drained up to date; cut off those that do not drain."""
        now = asyncio.get_running_loop().time()
        for open_ in tuple(self._hub.rooms.values()):
            for member in tuple(open_.room.members):
                if member.stale_since is None:
                    continue
                if member.stale_since == 0.0:
                    member.stale_since = now
                if member.has_caught_up:
                    open_.room.catch_up(member)
                elif now - member.stale_since > limits.STALL_SECONDS:
                    CLOSES.labels("1013").inc()
                    member.outlet.abort()

    async def keep_up(self) -> None:
        """Tell of pauses, compact what has grown, close what nobody uses."""
        now = asyncio.get_running_loop().time()
        self._tell_read_only()
        for open_ in tuple(self._hub.rooms.values()):
            if open_.changed_at is not None and now - open_.changed_at > IDLE_SECONDS:
                self.tell_settled(open_, self._hub.on_idle)
            is_large = (
                open_.journal_rows >= limits.COMPACT_ROWS
                or open_.journal_bytes >= limits.COMPACT_BYTES
            )
            if is_large and open_.room.is_clean:
                self._hub.spawn(self.compact(open_))
            elif open_.is_idle:
                if now - open_.used_at > limits.GRACE_SECONDS:
                    self._hub.spawn(self.close(open_))
                open_.room.forget_encoding()
        self._close_beyond_budget()

    async def compare_texts(self) -> None:
        """Tell clients what the text should be at our state; one that differs says so."""
        for open_ in tuple(self._hub.rooms.values()):
            room = open_.room
            if not room.members or not room.is_clean or open_.hashed_seq == room.seq:
                continue
            open_.hashed_seq = room.seq
            document = room.document
            room.tell(protocol.text_hash(document.state_vector, document.text_sha256()))
            await asyncio.sleep(0)  # other rooms' edits come first

    def left(self, open_: Open) -> None:
        """The last person has gone: that is a good moment for a checkpoint."""
        open_.used_at = asyncio.get_running_loop().time()
        if open_.changed_at is not None:
            self.tell_settled(open_, self._hub.on_left)

    def tell_settled(self, open_: Open, listeners: list[Settled]) -> None:
        open_.changed_at = None
        for settled in listeners:
            self._hub.spawn(settled(open_.room.id))

    async def compact(self, open_: Open) -> None:
        """Fold the journal into the snapshot. Never while anything is on its way to the disk."""
        room = open_.room
        if open_.is_compacting or not room.is_clean or not self._hub.is_storage_ok:
            return
        open_.is_compacting = True
        upto, size = room.seq, open_.journal_bytes
        try:
            with COMPACTION_SECONDS.time():
                done = await self._hub.log.compact(room.id, upto, room.document)
        except RoomBroken:
            # What people see and what the log gives differ: the log is the truth.
            self._hub.repair.reload(open_)
            return
        except StateDiffers:
            self._hub.repair.begin_epoch(open_)
            return
        finally:
            open_.is_compacting = False
        if done:
            open_.snapshot_seq = upto
            open_.journal_bytes -= size

    async def close(self, open_: Open) -> None:
        """Compact and forget a room, unless someone comes back meanwhile or it is not clean."""
        if open_.journal_rows:
            await self.compact(open_)
        is_busy = open_.is_compacting or open_.is_reloading
        if open_.is_idle and open_.room.is_clean and not is_busy:
            self._hub.forget(open_.room.id)

    def _close_beyond_budget(self) -> None:
        """Documents in memory are bounded: the longest unused idle rooms go first."""
        sizes = {id_: open_.room.document.size for id_, open_ in self._hub.rooms.items()}
        excess = sum(sizes.values()) - limits.OPEN_BYTES
        if excess <= 0:
            return
        idle = [open_ for open_ in self._hub.rooms.values() if open_.is_idle]
        for open_ in sorted(idle, key=lambda open_: open_.used_at):
            if excess <= 0:
                return
            excess -= sizes[open_.room.id]
            self._hub.spawn(self.close(open_))

    def _tell_read_only(self) -> None:
        is_read_only = self._hub.read_only_cause is not None
        if is_read_only and not self._was_read_only:
            self._hub.tell_storage()
        self._was_read_only = is_read_only
