"""One socket's place in a room: who it is, what it may do, and how much it has not read yet."""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

import structlog

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.rooms import limits
from app.domain.rooms.metrics import CLOSES, NACKS
from app.domain.rooms.wire import protocol
from app.domain.rooms.wire.protocol import CloseCode
from app.domain.rooms.wire.refusal import REASONS

log = structlog.get_logger(__name__)

_UNECHOED = 64  # they are cumulative, so the last ones say it all


class Outlet(Protocol):
    """The socket below: never blocks, and says how much the peer has not taken yet."""

    def write_frame(self, frame: bytes) -> None: ...

    @property
    def buffered(self) -> int: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def close_with(self, code: int, reason: str) -> None: ...

    def abort(self) -> None: ...


class Bucket:
    """A token bucket; time comes from the caller, so that tests need none."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = 0.0

    def take(self, now: float, tokens: float = 1.0) -> float:
        """Take some; the answer is how many seconds of debt there are then, 0 for none."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        self._tokens -= tokens
        return -self._tokens / self._rate if self._tokens < 0 else 0.0


NACK_MESSAGES = {
    "readonly": "Your role does not allow writing here.",
    "too_large": "The text would become longer than allowed. Shorten it or split the prompt.",
    "invalid": "This edit cannot be merged.",
    "epoch": "This document was replaced. Reload to continue with the new one.",
}


class Member:
    """A connection in a room."""

    def __init__(
        self, connection_id: str, principal: Principal, outlet: Outlet, *, speaks_ours: bool
    ) -> None:
        self.id = connection_id
        self.principal = principal
        self.outlet = outlet
        self.speaks_ours = speaks_ours  # asked for types from 100 up with ?ack=1
        self.client_ids: set[int] = set()
        self.is_synced = False  # has the room's state, so updates make sense to it
        self.is_leaving = False  # told to go; nothing it sends is taken any more
        self.is_gone = False  # its socket is closed
        self.is_revoked = False  # may no longer write, or be here; its socket closes in a moment
        self.has_gap = False  # sent an edit without what it stands on, and was asked for both
        self.unechoed: deque[bytes] = deque(maxlen=_UNECHOED)  # barriers that came meanwhile
        self.stale_since: float | None = None  # reads too slowly; gets one diff later
        self.behind: bytes = b""  # the state vector of what it was sent, while stale
        self.updates = Bucket(limits.UPDATES_PER_SECOND, limits.UPDATES_BURST)
        self.messages = Bucket(limits.MESSAGES_PER_SECOND, limits.MESSAGES_BURST)

    @property
    def actor(self) -> str:
        return self.principal.actor

    @property
    def can_write(self) -> bool:
        return self.principal.can(Permission.PROMPTS_WRITE) and not self.is_revoked

    @property
    def role(self) -> str:
        """The word that a client shows: a member's role, or what the key amounts to."""
        if self.principal.role is not None:
            return str(self.principal.role)
        return "editor" if self.principal.can(Permission.PROMPTS_WRITE) else "viewer"

    @property
    def user(self) -> dict[str, Any]:
        """What others may know of this person; the only identity that presence ever carries."""
        return user_of(self.principal)

    def send(self, frame: bytes) -> None:
        """Write a frame now. One that nothing is read from for 8 MiB is cut off."""
        if self.outlet.buffered > limits.ABORT_WATER:
            CLOSES.labels("1013").inc()
            self.outlet.abort()
            return
        self.outlet.write_frame(frame)

    def send_message(self, message: bytes) -> None:
        self.send(protocol.websocket_frame(message))

    def send_ours(self, message: bytes) -> None:
        """A message of type 100 or more: only to who asked for them."""
        if self.speaks_ours:
            self.send_message(message)

    def fall_behind(self, state_vector: bytes) -> None:
        """Send it no more updates; later, in one, what is missing since `state_vector`."""
        self.behind = state_vector
        self.stale_since = 0.0  # the caretaker, who has a clock, sets the time

    @property
    def is_slow(self) -> bool:
        return self.outlet.buffered > limits.HIGH_WATER

    @property
    def has_caught_up(self) -> bool:
        return self.outlet.buffered <= limits.LOW_WATER

    def nack(self, reason: str, message: str = "", count: int = 1) -> None:
        NACKS.labels(reason).inc()
        text = message or NACK_MESSAGES[reason]
        self.send_ours(protocol.nack(reason, count, text))

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Begin closing; a stock client is told why in the protocol it knows."""
        CLOSES.labels(str(int(code))).inc()
        text = reason or code.meaning
        if code.is_permanent and not self.speaks_ours:
            self.send_message(protocol.permission_denied(text))
        self.is_leaving = True
        self.is_synced = False
        self.outlet.close_with(int(code), text.encode()[:120].decode(errors="ignore"))

    def refuse(self, reason: str) -> None:
        """Close for bytes that no honest client sends."""
        log.warning("room.refused", connection=self.id, actor=self.actor, reason=reason)
        self.nack("invalid", REASONS.get(reason, ""))
        self.close(CloseCode.INVALID, reason)


def user_of(principal: Principal) -> dict[str, Any]:
    """A principal as others see it: id, name, hue, initials."""
    words = principal.name.split() or ["?"]
    letters = words[0][:1] + (words[-1][:1] if len(words) > 1 else "")
    return {
        "id": principal.actor,
        "name": principal.name,
        "hue": principal.hue,
        "initials": letters.upper(),
    }
