"""What a room asks of the hub that owns it; made-up ones stand in for it in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.domain.rooms.room.member import Member

if TYPE_CHECKING:  # a room has a host, and the host is told which room
    from app.domain.rooms.room.room import Room


class Host(Protocol):
    def record(self, room: Room, number: int, actor: str, update: bytes) -> None:
        """Queue an accepted update for the journal."""

    def arm(self, room: Room, actor: str, update: bytes, seq: int = -1) -> None:
        """Note in the flight recorder that `update` is about to be applied.

        `seq` is its place in the log if it has one already.
        """

    def disarm(self) -> None: ...

    def reload(self, room: Room, offender: Member, update: bytes, cause: str) -> None:
        """The document may be half changed: load it from the log, quarantine the update."""

    def serve_from_log(self, room: Room, member: Member, state_vector: bytes) -> None:
        """Answer a join while the journal fails: with what is on disk and nothing else."""

    @property
    def is_storage_ok(self) -> bool: ...

    @property
    def read_only_cause(self) -> str | None:
        """Why no edit is taken at the moment, if so."""
