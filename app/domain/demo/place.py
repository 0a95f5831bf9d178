"""Where the rows of a demo belong, who its people are, and what counts as now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Place:
    workspace_id: UUID
    people: Mapping[str, UUID]
    now: datetime

    def actor(self, name: str) -> str:
        return f"user:{self.people[name]}"
