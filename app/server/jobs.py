"""Runs the schedule: what is due, one after the other, and again soon when it failed.

With SQLite inside the one server, otherwise in whichever `promptroom worker` leads.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import structlog
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from sqlalchemy.exc import SQLAlchemyError

from app.db import job_runs
from app.db.engine import Database
from app.db.job_runs import JobRun
from app.kit import clock
from app.server.schedule import SCHEDULE, Job

log = structlog.get_logger(__name__)

FIRST_LOOK_SECONDS = 20.0  # a process that starts has enough to do
LOOK_SECONDS = 20.0
RETRY = timedelta(minutes=1)  # after a failure, doubled with each one in a row


def due_at(job: Job, run: JobRun | None, now: datetime) -> datetime:
    """When `job` is to run next, given its last run."""
    if run is None or run.started_at > now:  # the clock was set back: rather too early than never
        return now
    if run.succeeded_at is not None and run.succeeded_at >= run.started_at:
        return run.started_at + job.every
    # It failed, or its process ended meanwhile.
    return run.started_at + min(job.every, RETRY * (1 << min(run.failed_in_a_row, 20)))


class Jobs:
    """The schedule at work. Never two of these at once: see `app.db.leader`."""

    def __init__(self, database: Database, schedule: Iterable[Job] = SCHEDULE) -> None:
        self._database = database
        self._schedule = tuple(schedule)

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.sleep(FIRST_LOOK_SECONDS)
        while True:
            try:
                await self.look()
            except (SQLAlchemyError, OSError) as error:
                log.warning("jobs.no_database", cause=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Do what is due."""
        async with self._database.transaction(write=False) as tx:
            runs = await job_runs.all_runs(tx)
        for job in self._schedule:
            now = clock.utc_now()
            if due_at(job, runs.get(job.name), now) <= now:
                await self._do(job)

    async def _do(self, job: Job) -> None:
        async with self._database.transaction() as tx:
            await job_runs.started(tx, job.name, clock.utc_now())
        began = time.perf_counter()
        try:
            count = await job.run(self._database)
        except Exception:
            log.exception("job.failed", job=job.name)
            async with self._database.transaction() as tx:
                await job_runs.failed(tx, job.name)
            return
        took_ms = round((time.perf_counter() - began) * 1000)
        log.info("job.done", job=job.name, count=count, ms=took_ms)
        async with self._database.transaction() as tx:
            await job_runs.succeeded(tx, job.name, clock.utc_now(), took_ms)


def figures(runs: Mapping[str, JobRun], schedule: Iterable[Job] = SCHEDULE) -> list[Metric]:
    """For /metrics. They come from the database, so any worker of any machine tells the same.

    A job that never succeeded did so at 0, long ago: one alarm sees that and everything else.
    """
    done = GaugeMetricFamily(
        "promptroom_job_last_success_timestamp_seconds",
        "When the job succeeded last, 0 for never",
        labels=["job"],
    )
    every = GaugeMetricFamily(
        "promptroom_job_interval_seconds", "How often the job is to run", labels=["job"]
    )
    took = GaugeMetricFamily(
        "promptroom_job_last_success_seconds", "How long that took", labels=["job"]
    )
    failures = CounterMetricFamily("promptroom_job_failures", "Runs that failed", labels=["job"])
    for job in schedule:
        run = runs.get(job.name)
        succeeded_at = run.succeeded_at if run else None
        done.add_metric([job.name], succeeded_at.timestamp() if succeeded_at else 0.0)
        every.add_metric([job.name], job.every.total_seconds())
        took.add_metric([job.name], run.took_ms / 1000 if run else 0.0)
        failures.add_metric([job.name], run.failures if run else 0)
    return [done, every, took, failures]
