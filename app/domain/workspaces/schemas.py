"""What the API takes and says about the workspace, its members and invitations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from app.domain.workspaces import policy
from app.domain.workspaces.models import Invitation, Workspace
from app.domain.workspaces.queries import Row
from app.web.describing import EMAIL, noted

RoleName = Annotated[
    Literal["owner", "admin", "reviewer", "editor", "commenter", "viewer"],
    Meta(examples=["editor"]),
]


class WorkspaceView(msgspec.Struct, frozen=True):
    """The workspace that the key belongs to."""

    id: UUID
    slug: Annotated[str, Meta(description="Stands in its pages' addresses.", examples=["acme"])]
    name: Annotated[str, Meta(examples=["Acme"])]
    created_at: datetime


class WorkspacePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the workspace is to be called."""

    name: Annotated[
        str,
        noted("What people see.", ["Acme"], pattern=r"\S", max_length=policy.NAME_LONGEST),
    ]


class MemberView(msgspec.Struct, frozen=True):
    """A person in the workspace."""

    id: UUID
    name: str
    email: str
    role: str
    hue: str
    joined_at: datetime


class MemberPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The role that a member gets."""

    role: RoleName


class MemberList(msgspec.Struct, frozen=True):
    """Some members, the most powerful first; `next_cursor` is null on the last page."""

    items: list[MemberView]
    next_cursor: str | None


class InvitationInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to invite, and as what."""

    role: RoleName
    email: Annotated[
        str,
        noted(
            "Only this person can use the link; empty = whoever has it.",
            ["priya@example.com"],
            pattern=EMAIL,
        ),
    ] = ""


class InvitationView(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that nobody has used yet."""

    id: UUID
    email: str
    role: str
    invited_by: Annotated[str | None, Meta(description="A person's name; null = an API key.")]
    created_at: datetime
    expires_at: datetime


class IssuedInvitation(InvitationView, frozen=True, kw_only=True):
    """A new invitation. `link` is shown this once and kept nowhere."""

    link: Annotated[str, Meta(examples=["https://promptroom.example/join/kJ3x…"])]


class InvitationList(msgspec.Struct, frozen=True):
    """Some invitations, the newest first; `next_cursor` is null on the last page."""

    items: list[InvitationView]
    next_cursor: str | None


def workspace_view(row: Workspace) -> WorkspaceView:
    return WorkspaceView(row.id, row.slug, row.name, row.created_at)


def member_view(row: Row) -> MemberView:
    user, member = row.user, row.member
    return MemberView(user.id, user.name, user.email, member.role, user.hue, member.joined_at)


def invitation_view(row: Invitation, inviter: str | None) -> InvitationView:
    return InvitationView(
        id=row.id,
        email=row.email,
        role=row.role,
        invited_by=inviter,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def issued(row: Invitation, link: str) -> IssuedInvitation:
    shown = msgspec.structs.asdict(invitation_view(row, None))
    return IssuedInvitation(link=link, **shown)
