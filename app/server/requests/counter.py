"""Who calls the API, and how often: keys in memory, and how many calls each may make."""

from __future__ import annotations

import msgspec
from limits.aio.storage import RedisStorage

from app.db.engine import Database
from app.domain.keys.ring import LOOK_SECONDS, KeyRing
from app.domain.rooms.events import ACCESS_TOPIC, AccessChanged
from app.kit.bus import Bus
from app.kit.supervise import Supervisor
from app.web.metering import SHARE_SECONDS, Meter
from app.web.ratelimit import Limit

REFUSED_KEYS = Limit("refused-keys", tries=600, seconds=60)  # per address: a guess is a query


class ApiCounter:
    """One for each process."""

    def __init__(
        self, database: Database, calls_per_minute: int, storage: RedisStorage | None
    ) -> None:
        self.ring = KeyRing(database)
        self.calls = Meter(Limit("calls", calls_per_minute, 60), storage)
        self.refused = Meter(REFUSED_KEYS, storage)

    def check_address(self, address: str) -> None:
        """Raises `RateLimited` for one that has brought too many keys that do not exist."""
        if self.refused.is_used_up(address):
            self.refused.refuse()

    def start(self, bus: Bus, tasks: Supervisor) -> None:
        bus.subscribe(ACCESS_TOPIC, self._access_changed)
        tasks.every("keys.look", LOOK_SECONDS, self.ring.look)
        tasks.every("calls.share", SHARE_SECONDS, self.calls.share)
        tasks.every("refused.share", SHARE_SECONDS, self.refused.share)

    def _access_changed(self, payload: bytes) -> None:
        change = msgspec.json.decode(payload, type=AccessChanged)
        self.ring.access_changed(change.workspace_id, change.actor)
