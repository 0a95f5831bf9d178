"""Map 3: which job runs when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from app.db.engine import Database
from app.db.statistics import learn_sizes
from app.domain.accounts.jobs import drop_expired_sessions
from app.domain.exchange.jobs import drop_old_imports
from app.domain.idempotency.jobs import forget_old_calls
from app.domain.inbox.jobs import drop_read_notices
from app.domain.mail.jobs import drop_old_mails
from app.domain.releases.jobs import forget_old_changes
from app.domain.versions.jobs import thin_checkpoints
from app.domain.workspaces.jobs import drop_expired_invitations
from app.server.wiring.mail import post_of
from app.settings import Settings

MINUTE = timedelta(minutes=1)
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
    Job("idempotency.forget_old_calls", HOUR, forget_old_calls),
    Job("exchange.drop_old_imports", HOUR, drop_old_imports),
    Job("releases.forget_old_changes", DAY, forget_old_changes),
    Job("versions.thin_checkpoints", DAY, thin_checkpoints),
    Job("inbox.drop_read_notices", DAY, drop_read_notices),
    Job("mail.drop_old_mails", DAY, drop_old_mails),
)


def schedule_of(settings: Settings) -> tuple[Job, ...]:
    """What runs in this installation: nobody waits for mails where there is no mail server."""
    if not settings.smtp_url:
        return SCHEDULE
    return (*SCHEDULE, Job("mail.deliver", MINUTE, post_of(settings).deliver))
