"""The principal: who is calling, in which workspace, with what rights."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.access.permissions import DESCRIPTIONS, GRANTS, SCOPE_GRANTS, Permission, Role, Scope
from app.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Person:
    """Someone signed in with a session; not yet in any workspace."""

    user_id: UUID
    session_id: UUID
    name: str
    email: str
    hue: str

    @property
    def actor(self) -> str:
        return f"user:{self.user_id}"


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or an API key acting in one workspace."""

    workspace_id: UUID
    actor: str  # "user:<uuid>" or "key:<uuid>": what attribution and logs record
    name: str
    hue: str
    credential_id: UUID  # the session or key that may be revoked
    permissions: frozenset[Permission]
    role: Role | None = None  # people only
    user_id: UUID | None = None  # people only

    @classmethod
    def of_member(cls, person: Person, workspace_id: UUID, role: Role) -> Principal:
        return cls(
            workspace_id=workspace_id,
            actor=person.actor,
            name=person.name,
            hue=person.hue,
            credential_id=person.session_id,
            permissions=GRANTS[role],
            role=role,
            user_id=person.user_id,
        )

    @classmethod
    def of_key(
        cls, key_id: UUID, workspace_id: UUID, name: str, scopes: frozenset[Scope]
    ) -> Principal:
        granted = frozenset[Permission]().union(*(SCOPE_GRANTS[scope] for scope in scopes))
        return cls(
            workspace_id=workspace_id,
            actor=f"key:{key_id}",
            name=name,
            hue="slate",
            credential_id=key_id,
            permissions=granted,
        )

    def can(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raises `Forbidden` with what is missing."""
        if permission not in self.permissions:
            raise Forbidden(self._refusal(permission), permission=str(permission))

    def _refusal(self, permission: Permission) -> str:
        """A person reads what the members page calls it, a program the permission's name."""
        if self.role:
            what = f"The role {self.role} does not include “{DESCRIPTIONS[permission]}”."
        else:
            what = f"This needs the permission {permission}, which this API key does not have."
        return f"{what} Ask an admin of the workspace."
