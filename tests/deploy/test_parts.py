"""The database's role and Redis's users, made as the compose file makes them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from tests.deploy.recipe import DEPLOY, ROOT
from tests.support.services import PostgresServer, RedisServer

pytestmark = pytest.mark.failure


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    subprocess.run(["sh", DEPLOY / "secrets.sh", tmp_path], check=True, capture_output=True)
    return tmp_path


def test_the_database_is_owned_by_a_role_that_the_wall_stops(secrets: Path) -> None:
    with PostgresServer() as postgres:
        # The test's superuser has the name that the script gives to the role.
        postgres.run("CREATE ROLE postgres SUPERUSER LOGIN")
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), "POSTGRES_USER": "postgres"}
        environment = {**os.environ, **place}

        def psql(sql: str) -> str:
            command = ["psql", "-XAtq", "-U", "postgres", "-d", "postgres", "-c", sql]
            done = subprocess.run(
                command, env=environment, check=True, capture_output=True, text=True
            )
            return done.stdout.strip()

        psql("ALTER ROLE promptroom RENAME TO another")
        password = {"DATABASE_PASSWORD_FILE": str(secrets / "database_password")}
        subprocess.run(["sh", DEPLOY / "postgres/role.sh"], env=environment | password, check=True)
        rights = "rolsuper, rolbypassrls, rolcreatedb, rolcreaterole"
        assert psql(f"SELECT {rights} FROM pg_roles WHERE rolname = 'promptroom'") == "f|f|f|f"
        url = (
            (secrets / "database_url")
            .read_text()
            .replace("@postgres/", f"@127.0.0.1:{postgres.port}/")
        )
        upgraded = subprocess.run(
            [sys.executable, "-m", "app", "db", "upgrade"],
            cwd=ROOT,
            env=environment | {"PROMPTROOM_DATABASE_URL": url.strip()},
            check=True,
            capture_output=True,
            text=True,
        )
        assert "is at revision" in upgraded.stdout


def test_redis_knows_the_servers_and_a_health_check_that_may_only_ping(secrets: Path) -> None:
    password = (secrets / "redis_password").read_text().strip()
    with RedisServer("--aclfile", str(secrets / "redis_users"), password=password) as server:
        with redis.Redis("127.0.0.1", server.port, username="health", password="any") as health:
            assert health.ping()
            with pytest.raises(redis.exceptions.NoPermissionError):
                health.get("counter")
        assert server.run("INCR", "counter") == 1
        assert server.run("PUBLISH", "topic", "hint") == 0
        with pytest.raises(redis.exceptions.NoPermissionError):
            server.run("CONFIG", "SET", "dir", "/")
        refused = pytest.raises(redis.exceptions.AuthenticationError)
        with redis.Redis("127.0.0.1", server.port) as stranger, refused:
            stranger.ping()
