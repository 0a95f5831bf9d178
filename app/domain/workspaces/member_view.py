"""What the members page shows of people, roles and invitations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import DESCRIPTIONS, GRANTS, Permission, Role
from app.access.principal import Principal
from app.domain.accounts.policy import SEEN_EVERY, initials
from app.domain.workspaces.invitations import Invitations
from app.domain.workspaces.queries import Row
from app.domain.workspaces.service import Members, whom_to_ask
from app.errors import AppError
from app.kit import clock
from app.web.paging import MAX_LIMIT

# A session is noted every five minutes at most, so anything younger may be going on.
_ONLINE_WITHIN = SEEN_EVERY + timedelta(minutes=1)


async def whole(
    tx: AsyncSession, caller: Principal, after: str = "", words: str = ""
) -> dict[str, Any]:
    """The context of workspaces/members.html."""
    members = Members(tx, caller)
    found = await members.page(MAX_LIMIT, after or None, words)
    owner_count = await members.owner_count()
    can_manage = caller.can(Permission.MEMBERS_MANAGE)
    return {
        "members": [_person(caller, row, owner_count) for row in found.items],
        "count": await members.count(),
        "found": await members.count(words) if words else 0,
        "q": words,
        "cursor": after,
        "next_cursor": found.next_cursor or "",
        "can_manage": can_manage,
        "admins": [] if can_manage else await whom_to_ask(tx, caller),
        "roles": _roles_to_give(caller),
        "invitations": await _invitations(tx, caller) if can_manage else [],
        "invite": {
            "role": Role.EDITOR.value,
            "email": "",
            "errors": {},
            "link": "",
            "open": False,
        },
        "matrix": {
            "roles": [role.value for role in Role],
            "rows": [
                {"text": text, "granted": [permission in GRANTS[role] for role in Role]}
                for permission, text in DESCRIPTIONS.items()
            ],
        },
    }


async def single(
    tx: AsyncSession, caller: Principal, user_id: UUID, failure: AppError | None
) -> dict[str, Any]:
    """The context of workspaces/_member_row.html after a role was, or was not, changed."""
    members = Members(tx, caller)
    member = _person(caller, await members.one(user_id), await members.owner_count())
    if failure is not None:
        member["error"] = f"{failure.title}. {failure.detail}"
        member["fixed"] = False  # so that the reason stands beside the choice
    return {
        "member": member | {"saved": failure is None},
        "can_manage": caller.can(Permission.MEMBERS_MANAGE),
        "roles": _roles_to_give(caller),
    }


def _person(caller: Principal, row: Row, owner_count: int) -> dict[str, Any]:
    is_owner = row.member.role == Role.OWNER.value
    is_online = row.last_active is not None and (clock.utc_now() - row.last_active < _ONLINE_WITHIN)
    return {
        "id": str(row.user.id),
        "name": row.user.name,
        "email": row.user.email,
        "hue": row.user.hue,
        "initials": initials(row.user.name),
        "role": row.member.role,
        "is_online": is_online,
        "last_active": row.last_active,
        "fixed": is_owner and (owner_count == 1 or not caller.can(Permission.OWNERS_MANAGE)),
        "error": "",
        "saved": False,
    }


def _roles_to_give(caller: Principal) -> list[str]:
    may_make_owners = caller.can(Permission.OWNERS_MANAGE)
    return [role.value for role in Role if role is not Role.OWNER or may_make_owners]


async def _invitations(tx: AsyncSession, caller: Principal) -> list[dict[str, Any]]:
    return [
        {
            "id": str(one.id),
            "role": one.role,
            "email": one.email,
            "by": inviter or "a former member",
            "expires_at": one.expires_at,
        }
        for one, inviter in await Invitations(tx, caller).pending()
    ]
