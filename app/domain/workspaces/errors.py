"""What can go wrong with workspaces, members and invitations."""

from __future__ import annotations

from app.errors import Conflict, Forbidden, Gone, NotFound


class WorkspaceNotFound(NotFound):
    """Also for a workspace that exists but that the caller is no member of."""

    code = "workspace_not_found"
    advice = "Check the address, or sign in as somebody who is a member."


class AlreadySetUp(Conflict):
    code = "already_set_up"
    title = "This server is set up already"
    advice = "Sign in, or ask an admin for an invitation."


class LastOwner(Conflict):
    code = "last_owner"
    title = "A workspace keeps at least one owner"
    advice = "Make somebody else an owner first."


class OwnersOnly(Forbidden):
    code = "owners_only"
    title = "Only owners appoint and remove owners"
    advice = "Have an owner do it in the browser: no key can."


class MemberNotFound(NotFound):
    code = "member_not_found"
    title = "Nobody like this is a member"
    advice = "List the members; they may have left."


class AlreadyMember(Conflict):
    code = "already_member"
    title = "You are a member already"
    advice = "Nothing is left to do."


class InvitationGone(Gone):
    """Used, expired, revoked or never issued: the answer does not tell which."""

    code = "invitation_gone"
    title = "This invitation no longer works"
    advice = "Ask whoever invited you for a new link."


class InvitationNotFound(NotFound):
    code = "invitation_not_found"
    title = "This invitation is gone already"
    advice = "Nothing is left to do: it was used, has expired or was revoked."


class InvitationForAnother(Forbidden):
    code = "invitation_for_another"
    title = "This invitation is for somebody else"
    advice = "Sign in as the person it is for, or ask for one of your own."
