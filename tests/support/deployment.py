"""The product as operators run it: one process with SQLite, or many with PostgreSQL and Redis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.server import HEADLESS, Server
from tests.support.services import PostgresServer, RedisServer

SECRET_KEY = "a secret for all workers of a test, forty-eight long"


@dataclass(frozen=True)
class Cluster:
    """Several workers, and what they share."""

    server: Server
    postgres: PostgresServer
    redis: RedisServer
    database: str

    def sql(self, statement: str) -> str:
        """What psql prints: rows as lines, columns apart by `|`."""
        return self.postgres.run(statement, self.database)


@contextmanager
def alone(data_dir: Path) -> Iterator[Server]:
    """One worker, SQLite, the bus within the process."""
    with Server(data_dir, HEADLESS) as server:
        yield server


@contextmanager
def cluster(
    data_dir: Path, workers: int, *, redis: bool = True, **settings: str
) -> Iterator[Cluster]:
    """PostgreSQL, Redis and so many workers behind one port; without `redis` it is not there yet.

    `settings` by their names in the environment.
    """
    with PostgresServer() as postgres, RedisServer() as bus:
        if not redis:
            bus.stop()
        database = postgres.create_database()
        environment = HEADLESS | {
            **settings,
            "PROMPTROOM_DATABASE_URL": postgres.database_url(database),
            "PROMPTROOM_REDIS_URL": bus.url,
            "PROMPTROOM_SECRET_KEY": SECRET_KEY,
        }
        with Server(data_dir, environment, workers=workers) as server:
            server.wait_for_workers(workers)
            yield Cluster(server, postgres, bus, database)
