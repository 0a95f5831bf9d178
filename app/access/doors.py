"""The doors of live rooms: told when somebody's access changed, to check again who is inside."""

from __future__ import annotations

from typing import Protocol, runtime_checkable
from uuid import UUID


@runtime_checkable  # Litestar checks what it injects
class Doors(Protocol):
    """What a slice needs of the rooms without knowing them."""

    def access_changed(
        self,
        workspace_id: UUID | None = None,
        actor: str | None = None,
        document_id: UUID | None = None,
    ) -> None:
        """Look again at the sockets this may concern. Call it after the change is committed."""
