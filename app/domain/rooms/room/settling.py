"""How a room waits for the disk: who is owed a durable state, and what is held meanwhile."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from app.domain.rooms.room.host import Host
from app.domain.rooms.room.pending import OnTheWay


class Settling:
    """The part of a room that stops taking messages until all that it holds is on disk."""

    def __init__(self, number: int, host: Host) -> None:
        self.own = OnTheWay(number)
        self._host = host
        self._joining: list[tuple[Callable[[], None], Callable[[], None]]] = []
        self._held: deque[Callable[[], None]] = deque()
        self._is_holding = False
        self._is_frozen = False

    @property
    def is_owing(self) -> bool:
        """Messages wait here that were not taken yet."""
        return bool(self._held)

    @property
    def is_holding(self) -> bool:
        """Messages wait, because a newcomer is owed a state that is wholly on disk."""
        return self._is_holding

    @property
    def is_frozen(self) -> bool:
        """The document is being loaded again; what is in memory is not to be touched."""
        return self._is_frozen

    def freeze(self) -> None:
        """Take no messages until `thaw`: the document is being loaded again."""
        self._is_holding = self._is_frozen = True

    def thaw(self) -> None:
        self._is_frozen = False
        self.settle()

    def give_up(self) -> None:
        """It will never settle: those who wait for that get what the log says."""
        self._is_frozen = False
        self.settle_from_log()

    def defer(self, call: Callable[[], None]) -> None:
        """Do `call` when the room takes messages again, in order."""
        self._held.append(call)

    def settle(self) -> None:
        """Serve who waited for a durable state, then take the messages that were held."""
        while not self._is_frozen and not self.own:
            joining, self._joining = self._joining, []
            for serve, _ in joining:
                serve()
            self._release()
            if not self._joining and not self._held:
                return

    def settle_from_log(self) -> None:
        """The disk refuses: serve who waits with what it holds, and let edits be typed on."""
        joining, self._joining = self._joining, []
        for _, serve in joining:
            serve()
        if not self._is_frozen:
            self._release()

    def _release(self) -> None:
        self._is_holding = False
        while self._held and not self._is_holding:
            self._held.popleft()()

    def when_durable(self, call: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Do `call` at a moment when all that the document holds is on disk.

        `otherwise` is done instead while the disk refuses.
        """
        if not self._host.is_storage_ok:
            otherwise()
        elif not self.own and not self._is_frozen:
            call()
        else:
            self._joining.append((call, otherwise))
            self._is_holding = True
