"""When each job ran last: what a restarted process, and every scrape, has to know of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model


class JobRun(Model):
    """The last run of a job, and how often it failed."""

    __tablename__ = "worker_jobs"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    started_at: Mapped[datetime]
    succeeded_at: Mapped[datetime | None]
    took_ms: Mapped[int] = mapped_column(BigInteger)  # the last success
    failures: Mapped[int] = mapped_column(BigInteger)  # ever
    failed_in_a_row: Mapped[int] = mapped_column(BigInteger)


async def all_runs(tx: AsyncSession) -> dict[str, JobRun]:
    """By name; there are a handful."""
    runs = (await tx.execute(select(JobRun).order_by(JobRun.name))).scalars()
    return {run.name: run for run in runs}


async def started(tx: AsyncSession, name: str, now: datetime) -> None:
    run = await tx.get(JobRun, name)
    if run is None:
        tx.add(
            JobRun(
                name=name,
                started_at=now,
                succeeded_at=None,
                took_ms=0,
                failures=0,
                failed_in_a_row=0,
            )
        )
    else:
        run.started_at = now


async def succeeded(tx: AsyncSession, name: str, now: datetime, took_ms: int) -> None:
    if (run := await tx.get(JobRun, name)) is not None:
        run.succeeded_at, run.took_ms, run.failed_in_a_row = now, took_ms, 0


async def failed(tx: AsyncSession, name: str) -> None:
    if (run := await tx.get(JobRun, name)) is not None:
        run.failures += 1
        run.failed_in_a_row += 1
