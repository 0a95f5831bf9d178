"""The description of the REST API, and the router that gives every call its common part."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from litestar import Request, Router
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Server, Tag
from litestar.types import ControllerRouterHandler

from app import __version__
from app.server.idempotent import ALWAYS_REPEATABLE, Idempotency
from app.web.deprecation import Deprecations
from app.web.repeated import note_answer

_INTRODUCTION = """\
Everything a program needs: prompts, their versions and labels, keys, and tickets for rooms.

**Signing in.** Send an API key with every call: `Authorization: Bearer <key>`. A key belongs to one
workspace and has the scopes `read`, `write` or `admin`. People make keys under Settings, API keys.

**Errors** are problem documents (RFC 9457, `application/problem+json`). `code` is stable and meant
for programs, `detail` is a sentence for people, `request_id` is what to quote when asking for help.
Every code is explained under [Errors](/api/docs/errors).

**Lists** answer `items` and `next_cursor`; pass the cursor as `?cursor=` for the next page. The
same address stands in the `Link` header.

**Live editing** does not go through this API but over a WebSocket to the room of a prompt, with any
Yjs client that speaks the y-websocket protocol.
"""

# What people look for first comes first; a tag that is not listed here is shown last.
_TAGS = {
    "fetch": "The released text of a prompt, by name: what a service calls in production.",
    "prompts": "Prompts and what describes them.",
    "versions": "Immutable, numbered snapshots; comparing and restoring them.",
    "labels": "Movable names for versions, such as `production`.",
    "threads": "Comments on the words of a prompt, or on the whole of it.",
    "rooms": "The live document of a prompt: who is in it, and tickets to it.",
    "folders": "Where prompts lie, one folder within another.",
    "tags": "What prompts are tagged with: renaming and merging.",
    "exchange": "Files of other tools, and whole workspaces, in and out.",
    "workspace": "The workspace of the key.",
    "members": "Who belongs to the workspace, and the invitations to it.",
    "keys": "API keys of the workspace.",
}


_PROBLEM = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "Where the code is explained."},
        "title": {"type": "string", "description": "What happened, in general."},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; meant for programs."},
        "detail": {"type": "string", "description": "What happened here and what to do next."},
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
}

_EVERYWHERE = {
    "401": "No key was sent, or it does not exist, was revoked or has expired.",
    "403": "The key's scope does not allow this.",
    "429": "Too many requests; `Retry-After` says when to try again.",
    "503": "The database does not answer or the server restarts; nothing was changed.",
}
_WITH_PATH_PARAMETERS = {"404": "Nothing is at this address, or it belongs to another workspace."}
_WITH_INPUT = {
    "422": "Something in the body or the query cannot be used; `errors` names the fields.",
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "deprecated": False,
    "description": "Made again with the same key, the call gives its first answer again. Kept for "
    "24 hours.",
    "schema": {"type": "string", "examples": ["0197a3c2-6a53-7cc1-9d8b-2f6f4f7d1e11"]},
}
_WITH_CONDITIONS = {
    "412": "It is not what If-Match or If-None-Match says; the ETag of this answer is current.",
}
_WITH_BODY = {
    "409": "It clashes with what is there.",
    "413": "The body or the text is too large.",
}


class Description(JsonRenderPlugin):
    """The description of the calls, with what all of them may answer beside success."""

    def __init__(self) -> None:
        # Both below OpenAPIConfig.path: the second keeps Litestar from adding its own there.
        super().__init__(path=["/", "/openapi.json"])

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return self.render_json(request, complete(openapi_schema))


def complete(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy of `schema` in which every call is summed up and describes its problem documents."""
    schema = copy.deepcopy(schema)
    schema["components"].setdefault("schemas", {})["Problem"] = _PROBLEM
    for item in schema.get("paths", {}).values():
        for method, operation in item.items():
            _sum_up(operation)
            if method != "get" and operation.get("operationId") not in ALWAYS_REPEATABLE:
                _may_be_made_again(operation)
            responses = operation["responses"]
            responses.pop("400", None)  # Litestar's own guess; input we refuse is a 422
            _tell_of_etags(operation)
            for status, text in _problems(operation).items():
                responses[status] = _problem_response(text)
    return schema


def _may_be_made_again(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(copy.deepcopy(_IDEMPOTENCY_KEY))
    for status, response in operation["responses"].items():
        if status < "300":
            response.setdefault("headers", {})["Idempotency-Replayed"] = {
                "schema": {"type": "string", "const": "true"},
                "description": "This is the answer of the first call.",
            }


def _tell_of_etags(operation: dict[str, Any]) -> None:
    """Who takes a condition gives what it is about."""
    names = {parameter["name"] for parameter in operation.get("parameters", [])}
    if not names & {"If-Match", "If-None-Match"}:
        return
    for status, response in operation["responses"].items():
        if status in ("200", "201", "304"):
            response.setdefault("headers", {})["ETag"] = {
                "schema": {"type": "string"},
                "description": "What If-Match and If-None-Match take.",
            }


def _sum_up(operation: dict[str, Any]) -> None:
    """The docstring's first sentence is the summary; Litestar takes the function's name."""
    first, _, rest = operation.get("description", "").partition("\n\n")
    sentence, stop, more = " ".join(first.split()).partition(". ")
    operation["summary"] = sentence.rstrip(".").replace("`", "") or operation["summary"]
    operation["description"] = "\n\n".join(part for part in (more if stop else "", rest) if part)


def _problems(operation: dict[str, Any]) -> dict[str, str]:
    parameters = operation.get("parameters", [])
    found = dict(_EVERYWHERE)
    if any(parameter["in"] == "path" for parameter in parameters):
        found |= _WITH_PATH_PARAMETERS
    if any(parameter["name"] == "If-Match" for parameter in parameters):
        found |= _WITH_CONDITIONS
    if "requestBody" in operation:
        found |= _WITH_BODY
    if any(parameter["name"] == "Idempotency-Key" for parameter in parameters):
        found["409"] = _WITH_BODY["409"]  # and while the first call is under way
    if "requestBody" in operation or parameters:
        found |= _WITH_INPUT
    return dict(sorted(found.items()))


def _problem_response(text: str) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": text,
        "content": {"application/problem+json": {"schema": reference}},
    }


def openapi_config() -> OpenAPIConfig:
    """`/api/openapi.json`; its page for people is our own (`api_pages`)."""
    return OpenAPIConfig(
        title="Promptroom",
        version=__version__,
        description=_INTRODUCTION,
        path="/api/openapi.json",
        render_plugins=[Description()],
        servers=[Server(url="/")],
        tags=[Tag(name=name, description=text) for name, text in _TAGS.items()],
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(
                    type="http", scheme="bearer", description="An API key of the workspace."
                )
            }
        ),
        use_handler_docstrings=True,
    )


def described(handlers: Sequence[ControllerRouterHandler]) -> Router:
    """`handlers` as part of the described API; everything else stays out of the description."""
    return Router(
        path="/",
        route_handlers=list(handlers),
        include_in_schema=True,
        middleware=[Deprecations(), Idempotency()],
        after_request=note_answer,
        security=[{"bearer": []}],
    )
