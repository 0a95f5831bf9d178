"""What can go wrong with workspaces, members and invitations."""

from __future__ import annotations

from app.errors import Conflict, Forbidden, Gone, NotFound


class WorkspaceNotFound(NotFound):
    """Also for a workspace that exists but that the caller is no member of."""

    code = "workspace_not_found"


class AlreadySetUp(Conflict):
    code = "already_set_up"
    title = "This server is set up already"


class LastOwner(Conflict):
    code = "last_owner"
    title = "A workspace keeps at least one owner"


class OwnersOnly(Forbidden):
    code = "owners_only"
    title = "Only owners appoint and remove owners"


class MemberNotFound(NotFound):
    code = "member_not_found"
    title = "Nobody like this is a member"


class AlreadyMember(Conflict):
    code = "already_member"
    title = "You are a member already"


class InvitationGone(Gone):
    """Used, expired, revoked or never issued: the answer does not tell which."""

    code = "invitation_gone"
    title = "This invitation no longer works"


class InvitationNotFound(NotFound):
    code = "invitation_not_found"
    title = "This invitation is gone already"


class InvitationForAnother(Forbidden):
    code = "invitation_for_another"
    title = "This invitation is for somebody else"
