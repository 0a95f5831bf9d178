"""Puts the live engine together and takes it apart again."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from app.db.engine import Database
from app.domain.rooms import limits
from app.domain.rooms.gate import Gate, Gatekeeper
from app.domain.rooms.hub.caretaker import Caretaker
from app.domain.rooms.hub.follower import Follower
from app.domain.rooms.hub.hub import Hub
from app.domain.rooms.hub.peers import BEAT_SECONDS, LOOK_SECONDS, NEWS_SECONDS, Peers
from app.domain.rooms.journal.flight import FlightRecorder, is_the_librarys_doing
from app.domain.rooms.journal.journal import Store
from app.domain.rooms.journal.log import DocumentLog
from app.domain.rooms.journal.store_postgres import PostgresStore
from app.domain.rooms.journal.store_sqlite import SqliteStore
from app.domain.rooms.sockets import Rooms
from app.kit.bus import Bus
from app.kit.helper import Helper
from app.kit.supervise import Supervisor
from app.server.processes.worker_numbers import flight_file
from app.settings import Settings


def _store(database: Database) -> Store:
    if database.is_sqlite:
        store = SqliteStore(Path(database.url.database or ""), database.turns)
        store.reserve()
        return store
    return PostgresStore(database.dsn)


def _meet(hub: Hub, bus: Bus, tasks: Supervisor) -> None:
    """Know of the other workers, in this process's place for them."""
    follower = Follower(hub.log, hub.journal, hub)
    hub.peers = peers = Peers(bus, follower, hub.rooms, hub.share_presence_soon, hub.spawn)
    tasks.every("rooms.beat", BEAT_SECONDS, peers.beat)
    tasks.every("rooms.news", NEWS_SECONDS, peers.news)
    tasks.every("rooms.look", LOOK_SECONDS, peers.look)


@asynccontextmanager
async def live_engine(
    settings: Settings, database: Database, bus: Bus, tasks: Supervisor, gatekeeper: Gatekeeper
) -> AsyncGenerator[Rooms, None]:
    """The running engine; on leaving, everything accepted is on disk or still in the clients.

    `database` is the engine's own (`Database.apart`), the gatekeeper's, too.
    """
    # The journal's thread has to win the interpreter back after each commit; with the default
    # of 5 ms a busy loop would make every acknowledgement wait that long.
    sys.setswitchinterval(0.0005)
    # The one who follows a worker that died has its number.
    worker = int(os.environ.get("PROMPTROOM_WORKER", "0"))
    recorder = FlightRecorder(flight_file(settings.data_dir, worker))
    helper = Helper()
    # everywhere: the engine acts for whoever is in a room, and the gate has let them in
    log = DocumentLog(database.everywhere(), recorder, helper)
    death = os.environ.get("PROMPTROOM_PREDECESSOR_DEATH", "")
    if (crash := recorder.recover(is_blamed=is_the_librarys_doing(death))) is not None:
        await log.quarantine_crash(crash)
        recorder.disarm()
    hub = Hub(log, _store(database), recorder, bus)
    hub.start()
    if not database.is_sqlite:
        _meet(hub, bus, tasks)
    gate = Gate(hub, gatekeeper)
    caretaker = Caretaker(hub)
    caretaker.start(tasks)
    tasks.every("rooms.recheck", limits.RECHECK_SECONDS, gate.recheck_everyone)
    try:
        yield Rooms(hub, gate, caretaker, asyncio.Semaphore(limits.JOINS_AT_ONCE))
    finally:
        gate.stop()
        await hub.stop()
        helper.close()
        recorder.close()
