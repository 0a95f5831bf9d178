"""What many calls have in common: parameters by name, headers of answers, problem documents."""

from __future__ import annotations

from typing import Any

from app.domain.exchange.detecting import FORMATS
from app.domain.threads.policy import REACTIONS
from app.domain.versions.policy import LABEL_LONGEST, LABEL_PATTERN
from app.web.describing import LARGEST_INTEGER, STORABLE
from app.web.paging import DEFAULT_LIMIT, MAX_LIMIT

Parts = dict[str, dict[str, Any]]

_NUMBER: dict[str, Any] = {"minimum": 1, "maximum": LARGEST_INTEGER}

# By where and what they are; `operationId:` in front narrows it to one call.
PARAMETERS: Parts = {
    "path.prompt_id": {"description": "The prompt's id."},
    "path.room_id": {"description": "The room's id, `room.id` of a prompt."},
    "path.thread_id": {"description": "The thread's id."},
    "path.comment_id": {"description": "The comment's id."},
    "path.key_id": {"description": "The key's id."},
    "path.user_id": {"description": "The member's id."},
    "path.invitation_id": {"description": "The invitation's id."},
    "path.checkpoint_id": {"description": "The checkpoint's id."},
    "path.protected": {
        "description": "The label's name.",
        "schema": {"pattern": LABEL_PATTERN, "maxLength": LABEL_LONGEST},
        "example": "production",
    },
    "path.number": {"description": "The version's number.", "schema": _NUMBER, "example": 1},
    "path.index": {
        "description": "Which message of the live text; the first is 0.",
        "schema": {"minimum": 0, "maximum": LARGEST_INTEGER},
        "example": 0,
    },
    "path.name": {
        "description": "The prompt's name; slashes stand as they are, or as `%2F`.",
        "example": "support/refund-triage",
    },
    "path.old_name": {
        "description": "A name that the prompt had before; slashes stand as they are.",
        "example": "refund-bot",
    },
    "path.folder": {
        "description": "The folder's path; slashes stand as they are.",
        "example": "Support",
    },
    "path.tag": {"description": "The tag.", "example": "refunds"},
    "path.label": {
        "description": "The label's name; `latest` moves by itself.",
        "schema": {"pattern": LABEL_PATTERN, "maxLength": LABEL_LONGEST},
        "example": "staging",
    },
    "path.reaction": {
        "description": "The reaction.",
        "schema": {"enum": list(REACTIONS)},
        "example": "agree",
    },
    "query.limit": {
        "description": "How many to give at most.",
        "schema": {"minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        "example": 20,
    },
    "listFolders:query.limit": {
        "description": "How many to give at most; without it up to 2,000.",
        "schema": {"minimum": 1, "maximum": MAX_LIMIT},
        "example": 20,
    },
    "listTags:query.limit": {
        "description": "How many to give at most; without it up to 2,000.",
        "schema": {"minimum": 1, "maximum": MAX_LIMIT},
        "example": 20,
    },
    "listProtectedLabels:query.limit": {
        "description": "How many to give at most; without it up to 2,000.",
        "schema": {"minimum": 1, "maximum": MAX_LIMIT},
        "example": 20,
    },
    "query.cursor": {"description": "`next_cursor` of the page before; without it the first."},
    "query.q": {"description": "Words that must all be there.", "example": "refund"},
    "query.folder": {"description": "Prompts in it, or below it.", "example": "Support"},
    "query.tag": {
        "description": "Prompts with the tag; several: with any.",
        "example": ["refunds"],
    },
    "query.model": {"description": "Prompts for the model.", "example": ["gpt-5.2-mini"]},
    "query.owner": {"description": "Prompts of a person, by id."},
    "query.archived": {"description": "Whether to list archived prompts.", "example": False},
    "query.label": {
        "description": "The label to give; without it `production`.",
        "example": "production",
    },
    "listPrompts:query.label": {
        "description": "Prompts with the label; `draft`: with none.",
        "example": ["production"],
    },
    "query.version": {
        "description": "A version's number, instead of a label.",
        "schema": _NUMBER,
        "example": 1,
    },
    "exportPrompt:query.version": {
        "description": "A version's number; without it what is being written now.",
        "schema": _NUMBER,
    },
    "query.format": {
        "description": "The format to write.",
        "schema": {"enum": sorted(FORMATS)},
        "example": "dotprompt",
    },
    "query.file": {"description": "The file's name.", "example": "refund.prompt"},
    "query.conflict": {"description": "What to do where a name is taken.", "example": "skip"},
    "query.dry_run": {"description": "Whether to say only what would happen.", "example": True},
    "query.filter": {"description": "Which threads.", "example": "open"},
    "query.of": {"description": "A version's number, a label, `latest` or `draft`."},
    "query.from": {"description": "The older text: a number, a label, `latest` or `draft`."},
    "query.to": {"description": "The newer text: a number, a label, `latest` or `draft`."},
    "query.by": {"description": "Of one actor, such as `user:<id>` or `key:<id>`."},
    "query.confirm": {"description": "Whether to go on all the same.", "example": False},
    "query.kind": {
        "description": "Of one kind.",
        "schema": {"enum": ["", "versions", "labels", "comments", "changes"]},
        "example": "versions",
    },
}

# Headers that a call reads, beside the key.
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of an answer that the caller has.",
    "schema": {"type": "string"},
}
READS: dict[str, list[dict[str, Any]]] = {
    "fetchPrompt": [_IF_NONE_MATCH],
    "fetchBundle": [_IF_NONE_MATCH],
    "streamChanges": [
        {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "The id of the last event that arrived.",
            "schema": {"type": "string"},
        }
    ],
}

_TEXT = {"type": "string"}


def _header(description: str, schema: dict[str, Any], *, always: bool = True) -> dict[str, Any]:
    return {"description": description, "schema": schema, **({"required": True} if always else {})}


HEADERS: Parts = {
    "X-Request-ID": _header("Quote it when asking for help.", {**_TEXT, "minLength": 1}),
    "Location": _header("Where to get what was made.", {**_TEXT, "pattern": "^/api/v1/"}),
    "Link": _header(
        'The next page: `<address>; rel="next"`; missing on the last one.', _TEXT, always=False
    ),
    "ETag": _header(
        "Stands for what is there now: what If-Match and If-None-Match take.",
        {**_TEXT, "pattern": '^"[^"]+"$'},
        always=False,
    ),
    "Idempotency-Replayed": _header(
        "This is the answer of the first call.", {**_TEXT, "const": "true"}, always=False
    ),
    "Cache-Control": _header("How long the answer may be kept.", _TEXT),
    "RateLimit-Policy": _header(
        "How many calls a key has in how many seconds.",
        {**_TEXT, "pattern": '^"[a-z]+";q=[0-9]+;w=[0-9]+$'},
    ),
    "RateLimit": _header(
        "How many calls are left, and in how many seconds they begin anew.",
        {**_TEXT, "pattern": '^"[a-z]+";r=[0-9]+;t=[0-9]+$'},
    ),
    "Retry-After": _header("When to try again, in seconds.", {"type": "integer", "minimum": 0}),
    "WWW-Authenticate": _header("How to sign in.", {**_TEXT, "pattern": "^Bearer"}),
    "Content-Disposition": _header("The file's name.", {**_TEXT, "pattern": "^attachment; "}),
    "Promptroom-Renamed-To": _header(
        "The prompt's present name, when it was asked for by an old one.", _TEXT, always=False
    ),
    "Deprecation": _header(
        "Since when the old name is one (RFC 9745).", {**_TEXT, "pattern": "^@"}, always=False
    ),
}

_COUNTED = ("RateLimit-Policy", "RateLimit")
_RELEASE = ("ETag", "Cache-Control", *_COUNTED)
_RENAMED = ("Promptroom-Renamed-To", "Deprecation", "Link")
ANSWERS: dict[str, tuple[str, ...]] = {
    "fetchPrompt": (*_RELEASE, *_RENAMED),
    "renderPrompt": _COUNTED,
    "fetchBundle": (*_RELEASE, "Link"),
    "exportWorkspace": ("Content-Disposition",),
    "exportPrompt": ("Content-Disposition",),
    "createKey": ("Cache-Control",),
    "createRoomTicket": ("Cache-Control",),
}
_FILE = {"schema": {"type": "string", "format": "binary"}}
# What is answered beside JSON of a shape, or instead of it.
CONTENT: Parts = {
    "exportWorkspace": {"application/zip": _FILE},
    "exportPrompt": {
        "application/json": {"schema": {}},
        "application/yaml": {"schema": {}},
        "text/plain": {"schema": _TEXT},
    },
    "streamChanges": {
        "application/json": {"schema": {"$ref": "#/components/schemas/ChangeList"}},
        "text/event-stream": {"schema": _TEXT},
    },
}
NOWHERE = frozenset({"createRoomTicket", "createInvitation"})  # makes something that has no address


def plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A text in an address holds no NUL, whatever it means."""
    if schema.get("type") == "array":
        return {**schema, "items": plain(schema["items"])}
    if schema.get("type") != "string" or schema.keys() & {"enum", "format", "pattern"}:
        return schema
    return {**schema, "pattern": STORABLE}


PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "pattern": "/api/docs/errors/[a-z_]+$",
            "description": "Where the code is explained.",
        },
        "title": {"type": "string", "description": "What happened, in general."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {
            "type": "string",
            "pattern": "^[a-z_]+$",
            "description": "Stable; meant for programs.",
        },
        "detail": {
            "type": "string",
            "minLength": 1,
            "description": "What happened here and what to do next.",
        },
        "request_id": {"type": "string", "description": "Quote it when asking for help."},
        "errors": {
            "type": "array",
            "description": "Which fields cannot be used, and why.",
            "items": {
                "type": "object",
                "required": ["key", "message"],
                "properties": {"key": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
    "examples": [
        {
            "type": "https://promptroom.example/api/docs/errors/prompt_name_taken",
            "title": "Another prompt has this name",
            "status": 409,
            "code": "prompt_name_taken",
            "detail": "Choose another name: support/refund-triage is taken.",
            "request_id": "6f1e0c9ab2d44c11",
        }
    ],
}

EVERYWHERE = {
    "400": "The Host header names no server.",
    "401": "No key was sent, or it does not exist, was revoked or has expired.",
    "403": "The key's scope does not allow this.",
    "429": "Too many requests; `Retry-After` says when to try again.",
    "503": "The database does not answer or the server restarts; nothing was changed.",
}
WITH_PATH_PARAMETERS = {"404": "Nothing is at this address, or it belongs to another workspace."}
WITH_INPUT = {
    "422": "Something in the body or the query cannot be used; `errors` names the fields.",
}
WITH_CONDITIONS = {
    "412": "It is not what If-Match or If-None-Match says; the ETag of this answer is current.",
}
WITH_BODY = {
    "409": "It clashes with what is there.",
    "413": "The body or the text is too large.",
}
WITH_JSON = {"415": "The body is of another type than JSON."}
OF_PROBLEMS: dict[str, tuple[str, ...]] = {
    "401": ("WWW-Authenticate",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}
# What only some calls answer.
_GONE = {"410": "The comment was deleted."}
_UNRESOLVED = {"409": "A reference in the text leads nowhere, or round in a circle."}
ALSO: dict[str, dict[str, str]] = {
    "editComment": _GONE,
    "deleteComment": _GONE,
    "addReaction": _GONE,
    "removeReaction": _GONE,
    "changePrompts": {"404": "None of the prompts is there."},
    "fetchPrompt": _UNRESOLVED,
    "renderPrompt": _UNRESOLVED,
}
