"""Liveness, readiness and figures."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient
from sqlalchemy import text

from app.db import migrate
from app.db.engine import Database
from app.server.monitoring import health
from app.settings import Settings
from tests.support.services import RedisServer
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

Client = AsyncTestClient[Litestar]


async def readiness(client: Client) -> tuple[int, dict[str, Any]]:
    answer = await client.get("/health/ready")
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()


async def test_a_living_process_says_so(client: Client) -> None:
    answer = await client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


class TestReadiness:
    async def test_all_is_well(self, client: Client) -> None:
        status, said = await readiness(client)
        assert (status, said["status"], said["failing"]) == (200, "ok", [])
        assert said["parts"].keys() == {"database", "migrations", "bus", "disk", "journal"}

    async def test_an_old_schema_is_named(self, client: Client, database: Database) -> None:
        oldest = migrate.revisions()[0]
        async with database.transaction() as tx:
            await tx.execute(text(f"UPDATE alembic_version SET version_num = '{oldest}'"))
        status, said = await readiness(client)
        assert (status, said["failing"]) == (503, ["migrations"])
        assert said["parts"]["migrations"]["detail"].startswith(f"at {oldest}, this release needs")

    async def test_a_schema_of_a_newer_release_will_do(
        self, client: Client, database: Database
    ) -> None:
        async with database.transaction() as tx:
            await tx.execute(text("UPDATE alembic_version SET version_num = 'newer'"))
        status, said = await readiness(client)
        assert (status, said["failing"]) == (200, [])
        assert "newer than this release" in said["parts"]["migrations"]["detail"]

    async def test_a_full_disk_is_named(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(health.shutil, "disk_usage", lambda _: SimpleNamespace(free=99 * 2**20))
        status, said = await readiness(client)
        assert (status, said["failing"]) == (503, ["disk"])
        assert said["parts"]["disk"]["detail"] == "99 MB free"

    async def test_a_disk_that_went_away_is_named(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone(_path: object) -> None:
            raise FileNotFoundError(2, "No such file or directory")

        monkeypatch.setattr(health.shutil, "disk_usage", gone)
        assert (await readiness(client))[1]["failing"] == ["disk"]

    async def test_a_lost_bus_is_named(self, client: Client, app: Litestar) -> None:
        app.state.bus.is_healthy = False
        status, said = await readiness(client)
        assert (status, said["status"], said["failing"]) == (200, "degraded", ["bus"])

    async def test_a_draining_worker_takes_nobody(self, client: Client, app: Litestar) -> None:
        app.state.is_draining = True
        status, said = await readiness(client)
        assert (status, said["status"], said["failing"]) == (503, "draining", ["worker"])
        assert (await client.get("/health/live")).status_code == 200

    async def test_a_journal_that_cannot_write_is_named(
        self, client: Client, app: Litestar, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fields = {"ok": False, "cause": "the disk is full", "read_only": False}
        monkeypatch.setattr(type(app.state.hub), "storage_fields", lambda _self: fields)
        _, said = await readiness(client)
        assert said["failing"] == ["journal"]
        assert said["parts"]["journal"]["detail"] == "the disk is full"

    async def test_a_database_that_does_not_answer_is_named(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def never(_database: Database) -> bool:
            await asyncio.sleep(60)
            return True

        monkeypatch.setattr(health, "_PATIENCE_SECONDS", 0.05)
        monkeypatch.setattr(Database, "is_reachable", never)
        _, said = await readiness(client)
        assert said["failing"] == ["database"]
        assert said["parts"]["database"]["detail"].startswith("no answer within")

    async def test_a_broken_database_is_named_and_not_a_bug(
        self, client: Client, database: Database
    ) -> None:
        async with database.transaction() as tx:
            await tx.execute(text("DROP TABLE alembic_version"))
        status, said = await readiness(client)
        assert (status, said["failing"]) == (503, ["migrations"])
        assert said["parts"]["migrations"]["detail"].startswith("at nothing")


class TestWithRedis:
    """A worker lives through the loss of its Redis, and says so."""

    @pytest.fixture
    def redis(self) -> Iterator[RedisServer]:
        with RedisServer() as server:
            yield server

    @pytest.fixture
    def settings(self, settings: Settings, redis: RedisServer) -> Settings:
        redis.stop()
        return msgspec.structs.replace(settings, redis_url=redis.url)

    async def test_it_starts_without_and_finds_it(self, client: Client, redis: RedisServer) -> None:
        status, said = await readiness(client)
        assert (status, said["status"], said["failing"]) == (200, "degraded", ["bus"])
        assert said["parts"]["bus"] == {"ok": False, "detail": "not connected"}
        redis.start()
        await until(lambda: client.app.state.bus.is_healthy)
        assert (await readiness(client))[1]["status"] == "ok"
        redis.kill()
        await until(lambda: not client.app.state.bus.is_healthy)
        assert (await readiness(client))[0] == 200

    async def test_what_else_fails_is_still_unavailable(self, client: Client) -> None:
        client.app.state.settings = msgspec.structs.replace(
            client.app.state.settings, data_dir=Path("/nowhere")
        )
        status, said = await readiness(client)
        assert (status, said["status"]) == (503, "unavailable")
        assert said["failing"] == ["bus", "disk"]


class TestFigures:
    async def test_they_are_prometheus_text(self, client: Client) -> None:
        answer = await client.get("/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert "# TYPE promptroom_rooms_open gauge" in answer.text

    async def test_requests_count_by_template_and_not_by_path(self, client: Client) -> None:
        for number in range(3):
            await client.get(f"/join/token-{number}")
        figures = (await client.get("/metrics")).text
        assert 'route="/join/{token}"' in figures
        assert "token-1" not in figures
