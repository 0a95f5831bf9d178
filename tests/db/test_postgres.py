"""PostgreSQL alone: how long it may take, what its failures are called, and coming back."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from structlog.testing import capture_logs

from app.db import postgres
from app.db.engine import Database, DatabaseUnusable
from app.db.postgres import DatabaseUnsuitable
from tests.support.services import PostgresServer
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    database = Database(postgres_url, connections=3)
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE notes (word text UNIQUE, number int)"))
    yield database
    await database.close()


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with PostgresServer(fsync="off") as server:
        yield server


async def ask(database: Database, statement: str = "SELECT 1", **values: object) -> object:
    async with database.transaction() as tx:
        found = await tx.execute(text(statement), values)
        return found.scalar() if found.returns_rows else None


class TestTheAddress:
    @pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
    def test_which_driver_speaks_is_not_part_of_it(self, scheme: str) -> None:
        database = Database(f"{scheme}://someone:secret@a:5432,b:5433/prompts?sslmode=require")
        assert not database.is_sqlite
        assert database.dsn == "postgresql://someone:secret@a:5432,b:5433/prompts?sslmode=require"
        assert database.engine.dialect.driver == "asyncpg"

    @pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite"])
    def test_of_sqlite_neither(self, scheme: str) -> None:
        database = Database(f"{scheme}:////var/lib/promptroom.db")
        assert database.is_sqlite
        assert database.url.database == "/var/lib/promptroom.db"
        assert database.engine.dialect.driver == "aiosqlite"

    @pytest.mark.parametrize(
        "url", ["", "nonsense", "mysql://u:secret@h/d", "postgresql+psycopg://u:secret@h/d"]
    )
    def test_another_is_refused_and_not_repeated(self, url: str) -> None:
        with pytest.raises(DatabaseUnusable, match="PROMPTROOM_DATABASE_URL") as refused:
            Database(url)
        assert "secret" not in refused.value.detail


class TestAConnection:
    async def test_nothing_lasts_for_ever(self, database: Database) -> None:
        assert await ask(database, "SHOW statement_timeout") == "30s"
        assert await ask(database, "SHOW lock_timeout") == "5s"
        assert await ask(database, "SHOW idle_in_transaction_session_timeout") == "1min"

    async def test_one_of_ones_own_begins_in_the_same_way(self, postgres_url: str) -> None:
        connection = await postgres.connect(postgres_url, {"work_mem": "8MB"})
        assert await connection.fetchval("SHOW statement_timeout") == "30s"
        assert await connection.fetchval("SHOW work_mem") == "8MB"
        await connection.close()

    async def test_a_line_gone_dead_is_noticed(self, postgres_url: str) -> None:
        connection = await postgres.connect(postgres_url)
        line = connection._transport.get_extra_info("socket")
        for name, value in postgres._LINE.items():
            level = postgres.socket.SOL_SOCKET if name[:2] == "SO" else postgres.socket.IPPROTO_TCP
            assert line.getsockopt(level, getattr(postgres.socket, name)) == value
        assert await connection.fetchval("SHOW tcp_keepalives_idle") == "15"
        await connection.close()


class TestReading:
    async def test_a_reader_may_not_write(self, database: Database) -> None:
        async with database.transaction(write=False) as tx:
            with pytest.raises(DBAPIError, match="read-only transaction"):
                await tx.execute(text("INSERT INTO notes VALUES ('x')"))

    async def test_what_one_reader_was_held_to_does_not_hold_the_next_writer(
        self, database: Database
    ) -> None:
        for _ in range(2):
            async with database.transaction(write=False) as tx:
                isolation = (await tx.execute(text("SHOW transaction_isolation"))).scalar()
            assert isolation == "repeatable read"
            assert await ask(database, "SHOW transaction_isolation") == "read committed"
            assert await ask(database, "SHOW transaction_read_only") == "off"


class TestFailures:
    async def test_a_broken_constraint_does_not_quote_the_row(self, database: Database) -> None:
        word = "private" + " words"
        await ask(database, "INSERT INTO notes VALUES (:word)", word=word)
        with pytest.raises(IntegrityError) as failed:
            await ask(database, "INSERT INTO notes VALUES (:word)", word=word)
        assert "uq" in str(failed.value) or "notes_word_key" in str(failed.value)
        assert word not in "".join(traceback.format_exception(failed.value))

    async def test_nor_does_a_value_of_the_wrong_kind(self, database: Database) -> None:
        word = "private" + " words"
        with pytest.raises(DBAPIError) as failed:
            await ask(database, "INSERT INTO notes VALUES ('x', CAST(:word AS int))", word=word)
        assert word not in "".join(traceback.format_exception(failed.value))
        assert not isinstance(failed.value, OperationalError)

    async def test_a_lock_that_is_not_to_be_had(self, database: Database) -> None:
        await ask(database, "INSERT INTO notes VALUES ('x')")
        async with database.transaction() as tx:
            await tx.execute(text("SELECT 1 FROM notes FOR UPDATE"))
            async with database.transaction() as other:
                await other.execute(text("SET LOCAL lock_timeout = '20ms'"))
                with pytest.raises(OperationalError, match="lock timeout"):
                    await other.execute(text("SELECT 1 FROM notes FOR UPDATE"))

    async def test_a_deadlock(self, database: Database) -> None:
        await ask(database, "INSERT INTO notes VALUES ('a'), ('b')")
        update = text("UPDATE notes SET number = 1 WHERE word = :word")
        met = asyncio.Barrier(2)

        async def both(first: str, second: str) -> None:
            async with database.transaction() as tx:
                await tx.execute(update, {"word": first})
                await met.wait()
                await tx.execute(update, {"word": second})

        ended = await asyncio.gather(both("a", "b"), both("b", "a"), return_exceptions=True)
        [failure] = [one for one in ended if one is not None]
        assert isinstance(failure, OperationalError)

    async def test_no_connection_is_free(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(database.engine.pool, "_timeout", 0.05)
        async with database.transaction() as a, database.transaction() as b:
            for tx in (a, b):
                await tx.execute(text("SELECT 1"))
            async with database.transaction() as c:
                await c.execute(text("SELECT 1"))
                with pytest.raises(NoConnectionFree):
                    await ask(database)
        assert await ask(database) == 1

    async def test_nobody_is_there(self) -> None:
        nowhere = Database("postgresql://someone@127.0.0.1:1/prompts")
        with pytest.raises(OperationalError):
            await ask(nowhere)
        assert not await nowhere.is_reachable()
        await nowhere.close()

    async def test_there_is_no_such_database(self, server: PostgresServer) -> None:
        missing = Database(server.database_url("missing"))
        with pytest.raises(OperationalError, match="does not exist"):
            await ask(missing)
        await missing.close()


class TestComingBack:
    async def test_connections_closed_meanwhile_are_replaced_unnoticed(
        self, server: PostgresServer
    ) -> None:
        database = Database(server.url, connections=3)
        async with database.transaction() as a, database.transaction() as b:
            for tx in (a, b):
                await tx.execute(text("SELECT 1"))
        await asyncio.to_thread(server.restart)
        assert [await ask(database) for _ in range(4)] == [1] * 4
        await database.close()

    async def test_one_cut_in_the_middle_is_an_error_that_passes(
        self, server: PostgresServer
    ) -> None:
        database = Database(server.url, connections=1)
        with pytest.raises(OperationalError):
            await ask(database, "SELECT pg_terminate_backend(pg_backend_pid())")
        assert await ask(database) == 1
        await database.close()

    async def test_an_outage_leaves_the_pool_as_it_was(self, server: PostgresServer) -> None:
        """Requests all the while: they fail at once, then work, and no connection is lost."""
        database = Database(server.url, connections=3)
        ended: list[str] = []
        is_over = asyncio.Event()

        async def work() -> None:
            while not is_over.is_set():
                try:
                    await ask(database, "SELECT pg_sleep(0.002)")
                    ended.append("ok")
                except OperationalError:
                    ended.append("failed")
                await asyncio.sleep(0.002)

        workers = [asyncio.create_task(work()) for _ in range(8)]
        await until(lambda: len(ended) > 20)
        await asyncio.to_thread(server.stop)
        ended.clear()
        await until(lambda: len(ended) > 100)
        assert set(ended) == {"failed"}
        await asyncio.to_thread(server.start)
        await until(lambda: ended[-20:] == ["ok"] * 20)
        is_over.set()
        await asyncio.gather(*workers)
        assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        others = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'promptroom'"
        assert int(await asyncio.to_thread(server.run, others)) <= 3
        await database.close()


class TestAtTheStart:
    async def test_an_ordinary_owner_of_a_sound_database_is_fine(self, postgres_url: str) -> None:
        database = Database(postgres_url)
        with capture_logs() as said:
            await database.examine()
        # The copies for tests are hasty.
        assert [line["event"] for line in said] == ["database.not_durable"]
        await database.close()

    async def test_a_role_that_no_wall_stops_is_told(self, server: PostgresServer) -> None:
        database = Database(server.url)
        with capture_logs() as said:
            await database.examine()
        assert "database.wall_not_kept" in [line["event"] for line in said]
        await database.close()

    async def test_an_encoding_that_cannot_hold_everything_is_refused(
        self, server: PostgresServer
    ) -> None:
        await asyncio.to_thread(
            server.run, "CREATE DATABASE old TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"
        )
        database = Database(server.database_url("old"))
        with pytest.raises(DatabaseUnsuitable, match="UTF8"):
            await database.examine()
        await database.close()

    async def test_an_old_server_is_refused(
        self, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(postgres, "_OLDEST", 990000)
        database = Database(postgres_url)
        with pytest.raises(DatabaseUnsuitable, match="older"):
            await database.examine()
        await database.close()

    async def test_a_commit_is_on_disk_whatever_the_servers_default(
        self, server: PostgresServer
    ) -> None:
        await asyncio.to_thread(server.run, "ALTER SYSTEM SET synchronous_commit = off")
        await asyncio.to_thread(server.restart)
        assert await asyncio.to_thread(server.run, "SHOW synchronous_commit") == "off"
        database = Database(server.url)
        assert await ask(database, "SHOW synchronous_commit") == "on"
        await database.close()
