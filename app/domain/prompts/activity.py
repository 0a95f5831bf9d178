"""What happened to a prompt beside its text, where no other table keeps it.

Versions and moves of labels are rows that never change, so they are their own record
(`app/domain/activity` puts all together); a name, a folder and the archive are overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.domain.prompts.models import Activity
from app.kit import clock
from app.kit.ids import new_id

RENAMED, RETITLED, MOVED = "renamed", "retitled", "moved"  # {"before", "after"}
ARCHIVED, UNARCHIVED = "archived", "unarchived"
COMMENTED, REPLIED, RESOLVED, REOPENED = (
    "commented",
    "replied",
    "resolved",
    "reopened",
)  # {"thread"}

_OF_FIELDS = {"name": RENAMED, "title": RETITLED, "folder": MOVED}


def note(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, kind: str, actor: str, **detail: Any
) -> None:
    """Keep it, in the transaction that makes it so."""
    tx.add(
        Activity(
            id=new_id(),
            workspace_id=where.workspace_id,
            prompt_id=prompt_id,
            kind=kind,
            actor=actor,
            at=clock.utc_now(),
            detail=detail,
        )
    )


def note_changes(
    tx: AsyncSession,
    caller: Principal,
    prompt_id: UUID,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Of the fields in `after`, which differ; some of them are not worth a word."""
    for field, value in after.items():
        if field in _OF_FIELDS:
            detail = {"before": before[field], "after": value}
            note(tx, caller, prompt_id, _OF_FIELDS[field], caller.actor, **detail)
        elif field == "archived":
            note(tx, caller, prompt_id, ARCHIVED if value else UNARCHIVED, caller.actor)
