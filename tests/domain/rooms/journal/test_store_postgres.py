"""The journal's rows on PostgreSQL: what a commit costs, however many documents there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from app.domain.rooms.journal.journal import NOBODY, Entry, Group
from app.domain.rooms.journal.store_postgres import PostgresStore
from app.kit.clock import utc_now
from tests.support.databases import PostgresCopies
from tests.support.waiting import until

_MAKE = """
SET session_replication_role = replica;
INSERT INTO documents (id, workspace_id, epoch, seq, created_at)
SELECT to_char(n, 'FM00000000000000000000000000000000')::uuid, gen_random_uuid(), 'e', 0, now()
FROM generate_series(1, {number}) AS n;
"""
_SCANS = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'documents'"
_OTHERS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()
"""
_PLANS = r"""
SELECT sum(generic_plans)::int AS kept, sum(custom_plans)::int AS anew
FROM pg_prepared_statements WHERE statement LIKE '%INTO room\_journal%'
"""


class Ground:
    """A database, whose administrator makes documents and looks at what it did."""

    def __init__(self, copies: PostgresCopies, url: str) -> None:
        self._server = copies.server
        self._name = url.rsplit("/", 1)[1]
        self.store = PostgresStore(url)
        self._seq = 0

    def run(self, sql: str) -> str:
        return self._server.run(sql, self._name)

    async def append(self, times: int) -> None:
        """So many edits of the first document, each with a commit of its own."""
        for _ in range(times):
            answer = asyncio.get_running_loop().create_future()

            def done(
                error: Exception | None,
                behind: frozenset[UUID] = NOBODY,
                answer: asyncio.Future[Any] = answer,
            ) -> None:
                answer.set_result((error, behind))

            entry = Entry(UUID(int=1), self._seq, "user:ann", b"\x00\x00", utc_now())
            group = Group(UUID(int=1), "e", self._seq, [entry])
            self.store.append([group], done)
            assert await answer == (None, NOBODY)
            self._seq += 1

    async def scans(self) -> int:
        """How often all documents were read, once whoever did so has said so at its end."""
        await until(lambda: self.run(_OTHERS.format(name=self._name)) == "0", 10)
        return int(self.run(_SCANS))


@pytest.fixture
async def ground(postgres_copies: PostgresCopies, postgres_url: str) -> AsyncIterator[Ground]:
    ground = Ground(postgres_copies, postgres_url)
    yield ground
    await ground.store.close()


async def test_a_commit_reads_its_own_documents_and_no_others(ground: Ground) -> None:
    """Also where there were so few at first that reading all of them looked cheap."""
    ground.run(_MAKE.format(number=20) + "ANALYZE documents;")
    before = await ground.scans()
    await ground.append(20)
    await ground.store.close()
    assert await ground.scans() == before


async def test_a_commit_is_not_planned_anew_among_many_documents(ground: Ground) -> None:
    ground.run(_MAKE.format(number=5_000) + "ANALYZE documents;")
    await ground.append(20)
    connection = ground.store._connection
    assert connection is not None
    plans = await connection.fetchrow(_PLANS)
    assert (plans["kept"], plans["anew"]) == (20, 0)
