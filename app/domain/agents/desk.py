"""What an agent's call is answered from: who asks, and the services of the other slices."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.access.principal import Principal
from app.db.engine import Database
from app.domain.prompts.library.listing import Library
from app.domain.prompts.old_names import called
from app.domain.prompts.ports import Finder, Releases, Rooms
from app.domain.releases.selector import PRODUCTION
from app.domain.releases.service import Releases as Released
from app.domain.rooms.visiting import Visitors
from app.domain.threads.deps import Table
from app.domain.threads.ports import Audience


@dataclass(frozen=True, slots=True)
class Desk:
    """One call's. Transactions are short: rooms are asked between them."""

    database: Database  # within the caller's workspace
    caller: Principal
    rooms: Rooms
    visitors: Visitors
    releases: Releases
    released: Released
    finder: Finder
    audience: Audience
    label: str = PRODUCTION  # under which prompts are served

    @property
    def library(self) -> Library:
        return Library(self.caller, self.releases, self.finder)

    @property
    def table(self) -> Table:
        return Table(self.database, self.caller, self.rooms, self.audience)

    async def prompt_id(self, wanted: str) -> UUID:
        """By id or by name, also a former one. Raises `PromptNotFound`."""
        try:
            return UUID(wanted)
        except ValueError:
            pass
        async with self.database.transaction(write=False) as tx:
            return await called(tx, self.caller, wanted)
