"""The servers that tests lean on do what they say and leave nothing behind."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
import redis

from tests.support import services
from tests.support.server import ROOT
from tests.support.services import HOST, PostgresServer, RedisServer


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


def takes_connections(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def is_running(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


class TestRedis:
    def test_it_answers_by_address_and_by_socket(self) -> None:
        with RedisServer(password="s3cret") as server:
            server.run("SET", "a", "1")
            for url in (server.url, server.socket_url.replace("://", "://:s3cret@")):
                with redis.Redis.from_url(url) as client:
                    assert client.get("a") == b"1"
            server.flush()
            assert server.run("DBSIZE") == 0

    def test_it_comes_back_on_its_port(self) -> None:
        with RedisServer() as server:
            port, pid = server.port, server.pid
            server.restart()
            server.kill()
            assert not takes_connections(port)
            server.start()
            assert server.port == port
            assert server.pid != pid
            assert server.run("PING")

    def test_paused_it_takes_connections_and_says_nothing(self) -> None:
        with (
            RedisServer() as server,
            redis.Redis.from_url(server.url, socket_timeout=0.1) as client,
        ):
            server.pause()
            assert takes_connections(server.port)
            with pytest.raises(redis.RedisError):
                client.ping()
            server.resume()
            assert server.run("PING")

    def test_clients_can_be_cut_off(self) -> None:
        with RedisServer() as server, redis.Redis.from_url(server.url) as client:
            listener = client.pubsub()
            listener.subscribe("a")
            assert listener.get_message(timeout=5)
            assert server.channels() == {"a"}
            assert server.kill_clients() >= 1
            assert server.channels() == set()
            listener.close()

    def test_nothing_stays(self) -> None:
        with RedisServer() as server:
            pid, folder = server.pid, server.folder
            server.pause()
        assert not is_running(pid)
        assert not folder.exists()

    def test_a_run_that_is_told_to_end_takes_its_servers_with_it(self) -> None:
        script = (
            "import time; from tests.support.services import RedisServer\n"
            "with RedisServer() as server: print(server.pid, flush=True); time.sleep(60)"
        )
        command = [sys.executable, "-c", script]
        run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert run.stdout
        pid = int(run.stdout.readline())
        run.terminate()
        run.communicate(timeout=30)
        assert not is_running(pid)

    def test_what_it_says_when_it_cannot_start_is_shown(self) -> None:
        with pytest.raises(AssertionError, match="no-such-option"), RedisServer("--no-such-option"):
            pass

    def test_a_missing_program_names_its_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "which", lambda _name: None)
        with pytest.raises(AssertionError, match="apt-get install redis-server"), RedisServer():
            pass


class TestPostgres:
    def test_a_database_is_a_copy_of_its_template(self, postgres: PostgresServer) -> None:
        template = postgres.create_database()
        postgres.run("CREATE TABLE words (word text); INSERT INTO words VALUES ('ä')", template)
        copy = postgres.create_database(template)
        postgres.run("INSERT INTO words VALUES ('b')", copy)
        assert postgres.run("SELECT word FROM words", copy) == "ä\nb"
        assert postgres.run("SELECT word FROM words", template) == "ä"
        postgres.drop_database(copy)
        postgres.drop_database(template)

    def test_it_writes_to_the_disk(self, postgres: PostgresServer) -> None:
        assert postgres.run("SHOW fsync") == postgres.run("SHOW synchronous_commit") == "on"

    def test_addresses_name_database_and_driver(self, postgres: PostgresServer) -> None:
        assert postgres.url == f"postgresql://promptroom@127.0.0.1:{postgres.port}/postgres"
        address = postgres.database_url("a", "asyncpg")
        assert address == f"postgresql+asyncpg://promptroom@127.0.0.1:{postgres.port}/a"

    def test_a_failing_statement_says_why(self, postgres: PostgresServer) -> None:
        with pytest.raises(AssertionError, match='relation "nowhere" does not exist'):
            postgres.run("SELECT * FROM nowhere")

    def test_what_was_committed_survives_stop_and_kill(self) -> None:
        with PostgresServer(max_connections="20") as server:
            assert server.run("SHOW max_connections") == "20"
            server.run("CREATE TABLE kept (n int)")
            for number, end in enumerate((server.restart, server.kill)):
                server.run(f"INSERT INTO kept VALUES ({number})")
                end()
            server.start()
            assert server.run("SELECT n FROM kept ORDER BY n") == "0\n1"

    def test_nothing_stays(self) -> None:
        with PostgresServer() as server:
            pids = [process.pid for process in server._family()]
            folder = server.folder
            shared = server._lock_file()[6].split()[1]
            assert shared in shared_memory()
            server.pause()
        assert len(pids) > 1
        assert not any(is_running(pid) for pid in pids)
        assert not folder.exists()
        assert shared not in shared_memory()

    def test_a_missing_program_names_its_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "which", lambda _name: None)
        monkeypatch.setattr(Path, "glob", lambda _self, _pattern: iter(()))
        with pytest.raises(AssertionError, match="apt-get install postgresql"):
            services._postgres("initdb")


def shared_memory() -> set[str]:
    """The ids of all segments of this machine."""
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()}
