"""The whole table of roles, permissions and grants, on one page."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A member's role, from the most to the least powerful."""

    OWNER = "owner"
    ADMIN = "admin"
    REVIEWER = "reviewer"
    EDITOR = "editor"
    COMMENTER = "commenter"
    VIEWER = "viewer"


class Permission(StrEnum):
    PROMPTS_READ = "prompts:read"
    PROMPTS_WRITE = "prompts:write"
    COMMENTS_WRITE = "comments:write"
    VERSIONS_PUBLISH = "versions:publish"
    LABELS_MOVE = "labels:move"
    PROMPTS_ARCHIVE = "prompts:archive"
    MEMBERS_READ = "members:read"
    MEMBERS_MANAGE = "members:manage"
    OWNERS_MANAGE = "owners:manage"
    KEYS_MANAGE = "keys:manage"
    WORKSPACE_MANAGE = "workspace:manage"


class Scope(StrEnum):
    """What an API key may do."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


_VIEW = frozenset({Permission.PROMPTS_READ, Permission.MEMBERS_READ})
_COMMENT = _VIEW | {Permission.COMMENTS_WRITE}
_EDIT = _COMMENT | {
    Permission.PROMPTS_WRITE,
    Permission.VERSIONS_PUBLISH,
    Permission.PROMPTS_ARCHIVE,
    Permission.LABELS_MOVE,
}
_ADMINISTER = _EDIT | {
    Permission.MEMBERS_MANAGE,
    Permission.KEYS_MANAGE,
    Permission.WORKSPACE_MANAGE,
}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEW,
    Role.COMMENTER: _COMMENT,
    Role.EDITOR: _EDIT,
    Role.REVIEWER: _EDIT,
    Role.ADMIN: _ADMINISTER,
    Role.OWNER: _ADMINISTER | {Permission.OWNERS_MANAGE},
}

SCOPE_GRANTS: dict[Scope, frozenset[Permission]] = {
    Scope.READ: _VIEW,
    Scope.WRITE: _EDIT,
    Scope.ADMIN: _ADMINISTER,
}

# What the members page prints, in people's words; a test holds it against GRANTS.
DESCRIPTIONS: dict[Permission, str] = {
    Permission.PROMPTS_READ: "Read prompts and history",
    Permission.COMMENTS_WRITE: "Comment",
    Permission.PROMPTS_WRITE: "Write prompts",
    Permission.VERSIONS_PUBLISH: "Publish and restore versions",
    Permission.LABELS_MOVE: "Move labels",
    Permission.PROMPTS_ARCHIVE: "Archive prompts",
    Permission.MEMBERS_READ: "See who is a member",
    Permission.MEMBERS_MANAGE: "Invite, change and remove members",
    Permission.KEYS_MANAGE: "Manage API keys",
    Permission.WORKSPACE_MANAGE: "Change the workspace",
    Permission.OWNERS_MANAGE: "Appoint and remove owners",
}
