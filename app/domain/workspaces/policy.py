"""Rules about members and roles that need neither database nor clock."""

from __future__ import annotations

from datetime import timedelta

from app.access.permissions import Permission, Role
from app.access.principal import Principal
from app.domain.workspaces.errors import OwnersOnly
from app.errors import InvalidFields

INVITATION_LIFE = timedelta(days=7)
NAME_LONGEST = 80


def role_named(name: str) -> Role:
    """Raises `InvalidFields` for a role that does not exist."""
    try:
        return Role(name)
    except ValueError:
        raise InvalidFields({"role": "Choose a role."}) from None


def require_may_manage(caller: Principal, *roles: Role) -> None:
    """Whoever gives or takes one of `roles` needs the right to: for owners, to be an owner."""
    caller.require(Permission.MEMBERS_MANAGE)
    if Role.OWNER in roles and not caller.can(Permission.OWNERS_MANAGE):
        raise OwnersOnly("Ask an owner of the workspace.")
