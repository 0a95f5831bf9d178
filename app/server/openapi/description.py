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
from app.server.openapi import parts
from app.server.openapi.links import add_links
from app.server.openapi.shapes import close, tidied
from app.server.requests.idempotent import ALWAYS_REPEATABLE, Idempotency
from app.web.deprecation import Deprecations
from app.web.numbers_in_query import refuse_null
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


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "deprecated": False,
    "description": "Made again with the same key, the call gives its first answer again. Kept for "
    "24 hours.",
    "schema": {
        "type": "string",
        "pattern": r'^("[!#-\[\]-~]{1,255}"|[!#-~]{1,255})$',
        "examples": ["0197a3c2-6a53-7cc1-9d8b-2f6f4f7d1e11"],
    },
}


class Description(JsonRenderPlugin):
    """The description of the calls, with what all of them may answer beside success."""

    def __init__(self) -> None:
        # Both below OpenAPIConfig.path: the second keeps Litestar from adding its own there.
        super().__init__(path=["/", "/openapi.json"])

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return self.render_json(request, complete(openapi_schema))


def complete(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy of `schema` with what Litestar cannot know.

    Every call is summed up; its parameters, headers, problem documents and links are described.
    """
    schema = tidied(copy.deepcopy(schema))
    components = schema["components"]
    components["headers"] = copy.deepcopy(parts.HEADERS)
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = copy.deepcopy(parts.PROBLEM)
    for item in schema.get("paths", {}).values():
        for method, operation in item.items():
            _sum_up(operation)
            if method != "get" and operation.get("operationId") not in ALWAYS_REPEATABLE:
                operation.setdefault("parameters", []).append(copy.deepcopy(_IDEMPOTENCY_KEY))
            _describe_parameters(operation)
            _describe_answers(operation)
    close(schema)
    add_links(schema)
    return schema


def _sum_up(operation: dict[str, Any]) -> None:
    """The docstring's first sentence is the summary; Litestar takes the function's name."""
    first, _, rest = operation.get("description", "").partition("\n\n")
    sentence, stop, more = " ".join(first.split()).partition(". ")
    operation["summary"] = sentence.rstrip(".").replace("`", "") or operation["summary"]
    operation["description"] = "\n\n".join(part for part in (more if stop else "", rest) if part)


def _describe_parameters(operation: dict[str, Any]) -> None:
    name = operation.get("operationId", "")
    found = operation.get("parameters", [])
    for one in found:
        key = f"{one['in']}.{one['name']}"
        known = parts.PARAMETERS.get(f"{name}:{key}") or parts.PARAMETERS.get(key, {})
        one["schema"] = {**parts.plain(one["schema"]), **known.get("schema", {})}
        one |= {key: known[key] for key in ("description", "example") if key in known}
    if reads := parts.READS.get(name):
        operation["parameters"] = [*found, *reads]


def _describe_answers(operation: dict[str, Any]) -> None:
    name = operation.get("operationId", "")
    responses = operation["responses"]
    for status, response in responses.items():
        if status < "400":
            response["headers"] = _headers(*_of_success(name, status, operation))
            if status == "200" and name in parts.CONTENT:
                response["content"] = copy.deepcopy(parts.CONTENT[name])
    responses.pop("400", None)  # Litestar's own guess; input we refuse is a 422
    for status, text in _problems(operation).items():
        responses[status] = _problem_response(status, text)


def _of_success(name: str, status: str, operation: dict[str, Any]) -> tuple[str, ...]:
    found = parts.ANSWERS.get(name, ())
    if status == "201" and name not in parts.NOWHERE:
        found = (*found, "Location")
    if status in ("200", "201", "304") and _names(operation) & {"If-Match", "If-None-Match"}:
        found = (*found, "ETag")
    if status < "300" and "Idempotency-Key" in _names(operation):
        found = (*found, "Idempotency-Replayed")
    return (*found, "Link") if "cursor" in _names(operation) else found


def _names(operation: dict[str, Any]) -> set[str]:
    return {one["name"] for one in operation.get("parameters", [])}


def _headers(*names: str) -> dict[str, Any]:
    return {
        name: {"$ref": f"#/components/headers/{name}"}
        for name in dict.fromkeys(("X-Request-ID", *names))
    }


def _problems(operation: dict[str, Any]) -> dict[str, str]:
    parameters = operation.get("parameters", [])
    found = dict(parts.EVERYWHERE)
    if any(parameter["in"] == "path" for parameter in parameters):
        found |= parts.WITH_PATH_PARAMETERS
    if any(parameter["name"] == "If-Match" for parameter in parameters):
        found |= parts.WITH_CONDITIONS
    if body := operation.get("requestBody"):
        found |= parts.WITH_BODY
        if list(body["content"]) == ["application/json"]:
            found |= parts.WITH_JSON
    if "Idempotency-Key" in _names(operation):
        found["409"] = parts.WITH_BODY["409"]  # and while the first call is under way
    if body or parameters:
        found |= parts.WITH_INPUT
    found |= parts.ALSO.get(operation.get("operationId", ""), {})
    return dict(sorted(found.items()))


def _problem_response(status: str, text: str) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": text,
        "headers": _headers(*parts.OF_PROBLEMS.get(status, ())),
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
        before_request=refuse_null,
    )
