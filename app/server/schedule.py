"""Map 3: which job runs when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from app.db.engine import Database
from app.db.statistics import learn_sizes
from app.domain.accounts.jobs import drop_expired_sessions
from app.domain.versions.jobs import thin_checkpoints
from app.domain.workspaces.jobs import drop_expired_invitations

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do again and again, once for the whole installation.

    `run` bears being stopped anywhere and being done twice; its answer is how much it did.
    """

    name: str
    every: timedelta
    run: Callable[[Database], Awaitable[int]]


SCHEDULE = (
    Job("db.learn_sizes", HOUR, learn_sizes),
    Job("accounts.drop_expired_sessions", HOUR, drop_expired_sessions),
    Job("workspaces.drop_expired_invitations", HOUR, drop_expired_invitations),
    Job("versions.thin_checkpoints", DAY, thin_checkpoints),
)
