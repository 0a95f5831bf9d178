"""The registry of every slice's tables; it points up on purpose so that migrations see them all."""

from __future__ import annotations

from app.db import job_runs
from app.domain.accounts import models as accounts
from app.domain.bookmarks import models as bookmarks
from app.domain.composition import models as composition
from app.domain.exchange import models as exchange
from app.domain.folders import models as folders
from app.domain.idempotency import models as idempotency
from app.domain.inbox import models as inbox
from app.domain.keys import models as keys
from app.domain.mail import models as mail
from app.domain.prompts import models as prompts
from app.domain.releases import models as releases
from app.domain.rooms import models as rooms
from app.domain.search import models as search
from app.domain.threads import models as threads
from app.domain.versions import models as versions
from app.domain.workspaces import models as workspaces

__all__ = [
    "accounts",
    "bookmarks",
    "composition",
    "exchange",
    "folders",
    "idempotency",
    "inbox",
    "job_runs",
    "keys",
    "mail",
    "prompts",
    "releases",
    "rooms",
    "search",
    "threads",
    "versions",
    "workspaces",
]
