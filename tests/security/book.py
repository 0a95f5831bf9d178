"""Every route with what it needs: a permission, a body that works, and the ids that it takes.

`test_book.py` compares this table with the application's routes: a route that is missing here
fails the suite, so nobody adds one without saying whose it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from litestar.routes import HTTPRoute

from app.access.permissions import Permission
from app.server.core import build
from app.settings import Settings

Key = tuple[str, str]  # method, path
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Call:
    """`{words}` in body and query stand for ids of a `World`, as those in the path do."""

    permission: Permission
    form: dict[str, Any] | None = None
    json: dict[str, Any] | None = None
    query: dict[str, str] = field(default_factory=dict)
    content: str | None = None  # a body that is a file

    def places(self, path: str) -> set[str]:
        """The ids that this route takes, wherever they stand."""
        text = f"{path} {self.form} {self.json} {self.query}"
        return set(_PLACE.findall(text))


SETTINGS = "/w/{workspace}/settings"
PROMPT = "/w/{workspace}/prompts/{prompt_id}"
IMPORT = "/w/{workspace}/import/{import_id}"
REST = "/api/v1/prompts/{prompt_id}"
THREADS = f"{PROMPT}/threads"
THREAD_PAGE = f"{THREADS}/{{thread_id}}"
COMMENT_PAGE = f"{THREAD_PAGE}/comments/{{comment_id}}"
THREAD = "/api/v1/threads/{thread_id}"
COMMENT = "/api/v1/comments/{comment_id}"
LIST = {"q": "a", "tag": "{tag}", "folder": "{folder}", "label": "{label}", "owner": "{user_id}"}
P = Permission

PAGES: dict[Key, Call] = {
    ("GET", "/w/{workspace}"): Call(P.PROMPTS_READ, query=LIST),
    ("POST", "/w/{workspace}/bulk"): Call(
        P.PROMPTS_WRITE, form={"do": "tag", "value": "chosen", "id": "{prompt_id}"}
    ),
    ("GET", "/w/{workspace}/import"): Call(P.PROMPTS_WRITE),
    ("POST", "/w/{workspace}/import"): Call(
        P.PROMPTS_WRITE, form={"text": "---\nname: brand/new\n---\nHello"}
    ),
    ("GET", IMPORT): Call(P.PROMPTS_WRITE),
    ("POST", f"{IMPORT}/check"): Call(P.PROMPTS_WRITE, form={"format-0": "dotprompt"}),
    ("POST", f"{IMPORT}/run"): Call(P.PROMPTS_WRITE, form={"conflict": "skip"}),
    ("POST", f"{IMPORT}/discard"): Call(P.PROMPTS_WRITE, form={}),
    ("GET", "/w/{workspace}/export"): Call(P.PROMPTS_READ),
    ("POST", "/w/{workspace}/export"): Call(P.PROMPTS_READ, form={"id": "{prompt_id}"}),
    ("GET", "/w/{workspace}/export/file"): Call(P.PROMPTS_READ),
    ("POST", "/w/{workspace}/export/file"): Call(
        P.PROMPTS_READ, form={"id": "{prompt_id}", "as": "langfuse"}
    ),
    ("GET", f"{PROMPT}/export"): Call(P.PROMPTS_READ, query={"version": "{number}"}),
    ("GET", f"{PROMPT}/export/file"): Call(P.PROMPTS_READ, query={"as": "openai"}),
    ("POST", "/w/{workspace}/stars"): Call(P.PROMPTS_READ, form={"star": "{prompt_id}"}),
    ("GET", "/w/{workspace}/views"): Call(P.PROMPTS_READ),
    ("GET", "/w/{workspace}/views/new"): Call(P.PROMPTS_READ, query={"tag": "{tag}"}),
    ("POST", "/w/{workspace}/views"): Call(
        P.PROMPTS_READ, form={"name": "Mine", "address": "tag=mine"}
    ),
    ("POST", "/w/{workspace}/views/{view_id}/rename"): Call(
        P.WORKSPACE_MANAGE, form={"name": "Other"}
    ),
    ("POST", "/w/{workspace}/views/{view_id}/remove"): Call(P.WORKSPACE_MANAGE, form={}),
    ("GET", "/w/{workspace}/live"): Call(P.PROMPTS_READ, query={"q": "a", "id": "{prompt_id}"}),
    ("GET", "/w/{workspace}/palette"): Call(P.PROMPTS_READ, query={"q": "a"}),
    ("GET", "/w/{workspace}/prompts/new"): Call(P.PROMPTS_WRITE, query={"folder": "{folder}"}),
    ("GET", "/w/{workspace}/prompts/alike"): Call(P.PROMPTS_READ, query={"title": "a"}),
    ("POST", "/w/{workspace}/prompts"): Call(
        P.PROMPTS_WRITE, form={"title": "One more", "name": "", "folder": "", "tags": ""}
    ),
    ("GET", PROMPT): Call(P.PROMPTS_READ),
    ("POST", f"{PROMPT}/details"): Call(P.PROMPTS_WRITE, form={"title": "Another title"}),
    ("GET", f"{PROMPT}/composition"): Call(P.PROMPTS_READ),
    ("GET", f"{PROMPT}/composition/beside"): Call(P.PROMPTS_READ),
    ("GET", f"{PROMPT}/composition/before"): Call(P.PROMPTS_READ),
    ("GET", f"{PROMPT}/composition/resolved"): Call(P.PROMPTS_READ),
    ("GET", f"{PROMPT}/composition/references"): Call(P.PROMPTS_READ, query={"ref": "a@b"}),
    ("GET", f"{PROMPT}/composition/names"): Call(P.PROMPTS_READ, query={"q": "a"}),
    ("POST", f"{PROMPT}/composition/seen"): Call(P.PROMPTS_WRITE, form={}),
    ("GET", f"{PROMPT}/composition/outdated"): Call(P.PROMPTS_READ),
    ("POST", f"{PROMPT}/composition/outdated"): Call(
        P.PROMPTS_WRITE, form={"prompt": "{prompt_id}"}
    ),
    ("GET", THREADS): Call(P.PROMPTS_READ),
    ("POST", THREADS): Call(P.COMMENTS_WRITE, form={"body": "Why so?"}),
    ("GET", f"{THREADS}/anchors"): Call(P.PROMPTS_READ),
    ("GET", f"{THREADS}/beside"): Call(P.PROMPTS_READ),
    ("GET", f"{THREADS}/people"): Call(P.MEMBERS_READ, query={"q": "a"}),
    ("GET", THREAD_PAGE): Call(P.PROMPTS_READ, query={"edit": "{comment_id}"}),
    ("POST", f"{THREAD_PAGE}/comments"): Call(P.COMMENTS_WRITE, form={"body": "Because."}),
    ("POST", f"{THREAD_PAGE}/resolve"): Call(P.COMMENTS_WRITE, form={}),
    ("POST", f"{THREAD_PAGE}/reopen"): Call(P.COMMENTS_WRITE, form={}),
    ("POST", f"{THREAD_PAGE}/anchor"): Call(P.COMMENTS_WRITE, form={}),
    ("POST", f"{THREAD_PAGE}/read"): Call(P.PROMPTS_READ, form={"number": "1"}),
    ("POST", f"{COMMENT_PAGE}/edit"): Call(P.COMMENTS_WRITE, form={"body": "Why though?"}),
    ("POST", f"{COMMENT_PAGE}/delete"): Call(P.COMMENTS_WRITE, form={}),
    ("POST", f"{COMMENT_PAGE}/react"): Call(P.COMMENTS_WRITE, form={"on": "done"}),
    ("GET", f"{PROMPT}/alike"): Call(P.PROMPTS_READ),
    ("POST", f"{PROMPT}/tags"): Call(P.PROMPTS_WRITE, form={"tag": "one-more"}),
    ("POST", f"{PROMPT}/names/release"): Call(P.PROMPTS_WRITE, form={"old_name": "{old_name}"}),
    ("POST", f"{PROMPT}/archive"): Call(P.PROMPTS_ARCHIVE, form={}),
    ("POST", f"{PROMPT}/unarchive"): Call(P.PROMPTS_ARCHIVE, form={}),
    ("GET", f"{PROMPT}/settings"): Call(
        P.PROMPTS_READ, query={"field": "variables.{name}.default"}
    ),
    ("POST", f"{PROMPT}/settings"): Call(
        P.PROMPTS_WRITE, form={"field": "variables.{name}.description", "value": "described"}
    ),
    ("POST", f"{PROMPT}/variables"): Call(P.PROMPTS_WRITE, form={"name": "brand_new"}),
    ("POST", f"{PROMPT}/variables/{{name}}/remove"): Call(P.PROMPTS_WRITE, form={}),
    ("GET", f"{PROMPT}/voices"): Call(P.PROMPTS_READ),
    ("GET", f"{PROMPT}/publish"): Call(P.VERSIONS_PUBLISH),
    ("POST", f"{PROMPT}/publish"): Call(P.VERSIONS_PUBLISH, form={"message": "Better"}),
    ("GET", f"{PROMPT}/versions"): Call(
        P.PROMPTS_READ, query={"from": "{checkpoint}", "to": "{label}", "show": "checkpoints"}
    ),
    ("GET", f"{PROMPT}/versions/timeline"): Call(P.PROMPTS_READ),
    ("GET", f"{PROMPT}/versions/replay"): Call(
        P.PROMPTS_READ, query={"from": "{checkpoint}", "to": "{label}"}
    ),
    ("POST", f"{PROMPT}/versions/checkpoints/{{checkpoint_id}}/forget"): Call(
        P.WORKSPACE_MANAGE, form={}
    ),
    ("GET", f"{PROMPT}/versions/{{number}}"): Call(P.PROMPTS_READ),
    ("POST", f"{PROMPT}/versions/{{number}}/restore"): Call(P.VERSIONS_PUBLISH, form={}),
    ("POST", f"{PROMPT}/labels"): Call(
        P.LABELS_MOVE, form={"label": "canary", "version": "{number}"}
    ),
    ("GET", f"{PROMPT}/labels/{{label}}"): Call(P.PROMPTS_READ),
    ("POST", f"{PROMPT}/labels/{{label}}/undo"): Call(P.LABELS_MOVE, form={"move": "{move}"}),
    ("POST", f"{PROMPT}/labels/{{label}}/remove"): Call(P.LABELS_MOVE, form={}),
    ("GET", f"{PROMPT}/activity"): Call(P.PROMPTS_READ, query={"by": "user:{user_id}"}),
    ("POST", f"{PROMPT}/follow"): Call(P.PROMPTS_READ, form={"follow": "no"}),
    ("POST", f"{PROMPT}/mute"): Call(P.PROMPTS_READ, form={"mute": "yes"}),
    ("GET", "/w/{workspace}/inbox"): Call(P.PROMPTS_READ, query={"show": "all"}),
    ("POST", "/w/{workspace}/inbox/mark"): Call(P.PROMPTS_READ, form={"as": "read"}),
    ("POST", "/w/{workspace}/inbox/mark-all"): Call(P.PROMPTS_READ, form={}),
    ("GET", "/w/{workspace}/events"): Call(P.PROMPTS_READ, query={"prompt": "{prompt_id}"}),
    ("GET", f"{SETTINGS}/notifications"): Call(P.PROMPTS_READ),
    ("POST", f"{SETTINGS}/notifications"): Call(P.PROMPTS_READ, form={"mention": "off"}),
    ("GET", f"{SETTINGS}/general"): Call(P.MEMBERS_READ),
    ("POST", f"{SETTINGS}/general"): Call(P.WORKSPACE_MANAGE, form={"name": "New name"}),
    ("GET", f"{SETTINGS}/labels"): Call(P.MEMBERS_READ),
    ("POST", f"{SETTINGS}/labels"): Call(
        P.WORKSPACE_MANAGE, form={"label": "canary", "role": "reviewer"}
    ),
    ("GET", f"{SETTINGS}/members"): Call(P.MEMBERS_READ),
    ("POST", f"{SETTINGS}/members/{{user_id}}/role"): Call(
        P.MEMBERS_MANAGE, form={"role": "commenter"}
    ),
    ("POST", f"{SETTINGS}/members/{{user_id}}/remove"): Call(P.MEMBERS_MANAGE, form={}),
    ("POST", f"{SETTINGS}/members/invitations"): Call(
        P.MEMBERS_MANAGE, form={"email": "", "role": "viewer"}
    ),
    ("POST", f"{SETTINGS}/members/invitations/{{invitation_id}}/revoke"): Call(
        P.MEMBERS_MANAGE, form={}
    ),
    ("GET", f"{SETTINGS}/folders"): Call(P.PROMPTS_READ),
    ("POST", f"{SETTINGS}/folders"): Call(P.PROMPTS_WRITE, form={"path": "Brand new"}),
    ("POST", f"{SETTINGS}/folders/move"): Call(
        P.PROMPTS_WRITE, form={"folder": "{folder}", "path": "Elsewhere/Moved"}
    ),
    ("POST", f"{SETTINGS}/folders/remove"): Call(P.PROMPTS_WRITE, form={"folder": "{folder}"}),
    ("GET", f"{SETTINGS}/tags"): Call(P.PROMPTS_READ),
    ("POST", f"{SETTINGS}/tags/rename"): Call(
        P.PROMPTS_WRITE, form={"tag": "{tag}", "name": "renamed"}
    ),
    ("POST", f"{SETTINGS}/tags/remove"): Call(P.PROMPTS_WRITE, form={"tag": "{tag}"}),
    ("GET", f"{SETTINGS}/keys"): Call(P.MEMBERS_READ),
    ("POST", f"{SETTINGS}/keys"): Call(P.KEYS_MANAGE, form={"name": "ci", "scopes": "read"}),
    ("POST", f"{SETTINGS}/keys/{{key_id}}/revoke"): Call(P.KEYS_MANAGE, form={}),
}

API: dict[Key, Call] = {
    ("GET", "/api/v1/prompts"): Call(P.PROMPTS_READ, query=LIST),
    ("POST", "/api/v1/prompts"): Call(P.PROMPTS_WRITE, json={"name": "one/more", "text": "x"}),
    ("GET", REST): Call(P.PROMPTS_READ),
    ("PATCH", REST): Call(P.PROMPTS_WRITE, json={"title": "Another title", "text": "Anew"}),
    ("DELETE", REST): Call(P.PROMPTS_ARCHIVE),
    ("GET", f"{REST}/messages"): Call(P.PROMPTS_READ),
    ("GET", f"{REST}/messages/{{index}}"): Call(P.PROMPTS_READ),
    ("PATCH", f"{REST}/messages/{{index}}"): Call(
        P.PROMPTS_WRITE, json={"content": "Same", "base": "Same", "role": "system"}
    ),
    ("GET", f"{REST}/names"): Call(P.PROMPTS_READ),
    ("DELETE", f"{REST}/names/{{old_name}}"): Call(P.PROMPTS_WRITE),
    ("GET", f"{REST}/dependants"): Call(P.PROMPTS_READ),
    ("GET", f"{REST}/outdated-references"): Call(P.PROMPTS_READ),
    ("POST", f"{REST}/outdated-references"): Call(
        P.PROMPTS_WRITE, json={"prompt_ids": ["{prompt_id}"]}
    ),
    ("GET", f"{REST}/activity"): Call(P.PROMPTS_READ, query={"by": "user:{user_id}"}),
    ("GET", f"{REST}/export"): Call(P.PROMPTS_READ, query={"format": "openai"}),
    ("GET", "/api/v1/export"): Call(P.PROMPTS_READ),
    ("POST", "/api/v1/import"): Call(P.PROMPTS_WRITE, content="---\nname: brand/new\n---\nHello"),
    ("GET", f"{REST}/versions"): Call(P.PROMPTS_READ),
    ("POST", f"{REST}/versions"): Call(P.VERSIONS_PUBLISH, json={"message": "Better"}),
    ("GET", f"{REST}/versions/{{number}}"): Call(P.PROMPTS_READ),
    ("GET", f"{REST}/diff"): Call(P.PROMPTS_READ, query={"from": "{checkpoint}", "to": "{label}"}),
    ("GET", f"{REST}/blame"): Call(P.PROMPTS_READ, query={"of": "{label}"}),
    ("POST", f"{REST}/restore"): Call(P.VERSIONS_PUBLISH, json={"version": "{number}"}),
    ("GET", f"{REST}/labels/{{label}}"): Call(P.PROMPTS_READ),
    ("PUT", f"{REST}/labels/{{label}}"): Call(P.LABELS_MOVE, json={"version": "{number}"}),
    ("DELETE", f"{REST}/labels/{{label}}"): Call(P.LABELS_MOVE),
    ("GET", "/api/v1/fetch/{path}"): Call(P.PROMPTS_READ, query={"label": "{label}"}),
    ("POST", "/api/v1/fetch/{path}"): Call(
        P.PROMPTS_READ, query={"label": "{label}"}, json={"variables": {}}
    ),
    ("GET", "/api/v1/bundle"): Call(P.PROMPTS_READ, query={"label": "{label}"}),
    ("GET", "/api/v1/changes"): Call(P.PROMPTS_READ),
    ("GET", "/api/v1/folders"): Call(P.PROMPTS_READ),
    ("POST", "/api/v1/folders"): Call(P.PROMPTS_WRITE, json={"path": "Brand new"}),
    ("PATCH", "/api/v1/folders/{folder}"): Call(P.PROMPTS_WRITE, json={"path": "Elsewhere/Moved"}),
    ("DELETE", "/api/v1/folders/{folder}"): Call(P.PROMPTS_WRITE),
    ("GET", "/api/v1/tags"): Call(P.PROMPTS_READ),
    ("PATCH", "/api/v1/tags/{tag}"): Call(P.PROMPTS_WRITE, json={"name": "renamed"}),
    ("DELETE", "/api/v1/tags/{tag}"): Call(P.PROMPTS_WRITE),
    ("GET", f"{REST}/threads"): Call(P.PROMPTS_READ, query={"of": "{label}"}),
    ("POST", f"{REST}/threads"): Call(P.COMMENTS_WRITE, json={"body": "Why so?"}),
    ("GET", THREAD): Call(P.PROMPTS_READ),
    ("PATCH", THREAD): Call(P.COMMENTS_WRITE, json={"state": "resolved"}),
    ("DELETE", THREAD): Call(P.COMMENTS_WRITE),
    ("PUT", f"{THREAD}/read"): Call(P.PROMPTS_READ, json={}),
    ("POST", f"{THREAD}/comments"): Call(P.COMMENTS_WRITE, json={"body": "Because."}),
    ("GET", COMMENT): Call(P.PROMPTS_READ),
    ("PATCH", COMMENT): Call(P.COMMENTS_WRITE, json={"body": "Why though?"}),
    ("DELETE", COMMENT): Call(P.COMMENTS_WRITE),
    ("PUT", f"{COMMENT}/reactions/{{reaction}}"): Call(P.COMMENTS_WRITE),
    ("DELETE", f"{COMMENT}/reactions/{{reaction}}"): Call(P.COMMENTS_WRITE),
    ("POST", "/api/v1/rooms/{room_id}/tickets"): Call(P.PROMPTS_READ),
    ("POST", "/api/v1/prompts/bulk"): Call(
        P.PROMPTS_WRITE,
        json={"steps": [{"prompt_id": "{prompt_id}", "do": "tag", "value": "chosen"}]},
    ),
    ("GET", f"{REST}/alike"): Call(P.PROMPTS_READ),
    ("GET", f"{REST}/rooms"): Call(P.PROMPTS_READ),
    ("GET", "/api/v1/rooms/{room_id}"): Call(P.PROMPTS_READ),
    ("GET", f"{REST}/checkpoints"): Call(P.PROMPTS_READ),
    ("GET", f"{REST}/checkpoints/{{checkpoint_id}}"): Call(P.PROMPTS_READ),
    ("DELETE", f"{REST}/checkpoints/{{checkpoint_id}}"): Call(P.WORKSPACE_MANAGE),
    ("GET", f"{REST}/labels"): Call(P.PROMPTS_READ),
    ("POST", f"{REST}/labels/{{label}}/undo"): Call(P.LABELS_MOVE, json={"move": "{move}"}),
    ("GET", "/api/v1/label-protection"): Call(P.MEMBERS_READ),
    ("PUT", "/api/v1/label-protection/{protected}"): Call(
        P.WORKSPACE_MANAGE, json={"role": "reviewer"}
    ),
    ("DELETE", "/api/v1/label-protection/{protected}"): Call(P.WORKSPACE_MANAGE),
    ("GET", "/api/v1/folders/{folder}"): Call(P.PROMPTS_READ),
    ("GET", "/api/v1/tags/{tag}"): Call(P.PROMPTS_READ),
    ("GET", "/api/v1/workspace"): Call(P.MEMBERS_READ),
    ("PATCH", "/api/v1/workspace"): Call(P.WORKSPACE_MANAGE, json={"name": "New name"}),
    ("GET", "/api/v1/members/{user_id}"): Call(P.MEMBERS_READ),
    ("PATCH", "/api/v1/members/{user_id}"): Call(P.MEMBERS_MANAGE, json={"role": "commenter"}),
    ("DELETE", "/api/v1/members/{user_id}"): Call(P.MEMBERS_MANAGE),
    ("GET", "/api/v1/invitations"): Call(P.MEMBERS_MANAGE),
    ("POST", "/api/v1/invitations"): Call(P.MEMBERS_MANAGE, json={"role": "viewer"}),
    ("DELETE", "/api/v1/invitations/{invitation_id}"): Call(P.MEMBERS_MANAGE),
    ("GET", "/api/v1/keys/self"): Call(P.MEMBERS_READ),
    ("GET", "/api/v1/keys/{key_id}"): Call(P.KEYS_MANAGE),
    ("GET", "/api/v1/members"): Call(P.MEMBERS_READ),
    ("GET", "/api/v1/keys"): Call(P.KEYS_MANAGE),
    ("POST", "/api/v1/keys"): Call(P.KEYS_MANAGE, json={"name": "ci", "scopes": ["read"]}),
    ("DELETE", "/api/v1/keys/{key_id}"): Call(P.KEYS_MANAGE),
}

# Of one person, in no workspace. A session's id is the only one of somebody's that they take.
ACCOUNT: dict[Key, dict[str, str] | None] = {
    ("GET", "/account/profile"): None,
    ("POST", "/account/profile"): {"name": "Next", "hue": "teal", "theme": ""},
    ("GET", "/account/password"): None,
    ("POST", "/account/password"): {"current": "no", "new": "no"},
    ("GET", "/account/sessions"): None,
    ("POST", "/account/sessions/{session_id}/revoke"): {},
    ("POST", "/account/sessions/revoke-others"): {},
    ("GET", "/workspaces/new"): None,
    ("POST", "/workspaces/new"): {"name": "Fresh"},
}

# Open to everybody: nothing of a workspace is shown. The link of an invitation is its own key.
PUBLIC: dict[Key, dict[str, str] | None] = {
    ("GET", "/"): None,
    ("GET", "/setup"): None,
    ("POST", "/setup"): {"name": "", "email": "", "password": "", "workspace": ""},
    ("GET", "/sign-in"): None,
    ("POST", "/sign-in"): {"email": "nobody@example.com", "password": "wrong"},
    ("POST", "/sign-out"): {},
    ("GET", "/join/{token}"): None,
    ("POST", "/join/{token}"): {"name": "", "email": "", "password": ""},
    ("GET", "/unsubscribe/{token}"): None,
    ("POST", "/unsubscribe/{token}"): {},
    ("GET", "/api/docs"): None,
    ("GET", "/api/docs/errors"): None,
    ("GET", "/api/docs/errors/{code}"): None,
    ("GET", "/api/openapi.json"): None,
    ("GET", "/api/openapi.json/openapi.json"): None,
    ("GET", "/api/openapi.json/{path}"): None,
    ("GET", "/health/live"): None,
    ("GET", "/health/ready"): None,
    ("GET", "/metrics"): None,
    ("GET", "/static/b/{build}/{path}"): None,
}

# A protocol of its own on one address: `tests/domain/agents` has its rights, its errors, its bodies.
AGENTS: dict[Key, None] = {("GET", "/mcp"): None, ("POST", "/mcp"): None}

IN_WORKSPACE = PAGES | API
SAFE = ("GET", "HEAD")


def routes_of_the_application() -> Iterator[Key]:
    """Method and path of each HTTP route; `{word:path}` is {path} but for those that say what."""
    for route in build(Settings(secret_key="k" * 48)).routes:
        if isinstance(route, HTTPRoute):
            path = re.sub(r"\{(?!old_name|folder|tag)\w+:path\}", "{path}", route.path)
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    if method != "OPTIONS":
                        yield str(method), re.sub(r":\w+\}", "}", path)


def filled(value: Any, ids: Mapping[str, str]) -> Any:
    """`value` with each `{word}` replaced; a JSON number stays one."""
    if isinstance(value, dict):
        return {key: filled(one, ids) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, ids) for one in value]
    if value == "{number}":
        return int(ids["number"])
    return _PLACE.sub(lambda found: ids[found[1]], value) if isinstance(value, str) else value
