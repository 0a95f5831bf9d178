"""Pages about the API for people: the reference and the error codes.

Public, like the description itself: they show what can be called and nothing of anybody's data.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Litestar, Request, get
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Template

from app import __version__
from app.errors import NotFound
from app.server.openapi.description import complete
from app.server.openapi.error_codes import error_codes
from app.server.openapi.reference import groups, prose, shapes
from app.web.links import absolute
from app.web.templates import shell

AnyRequest = Request[Any, Any, State]


@get("/api/docs", name="api:docs", opt={"public": True}, sync_to_thread=False)
def reference(request: AnyRequest) -> Template:
    """Every call with its parameters, answers and an example."""
    schema = complete(description(request.app))
    context = {
        "shell": shell(request.cookies),
        "version": __version__,
        "introduction": prose(schema["info"]["description"]),
        "groups": groups(schema, absolute(request, "/").rstrip("/")),
        "shapes": shapes(schema),
    }
    return Template(template_name="api/reference.html", context=context)


@get("/api/docs/errors", name="api:errors", opt={"public": True}, sync_to_thread=False)
def errors(request: AnyRequest) -> Template:
    """Every error code; problem documents link here."""
    context = {"shell": shell(request.cookies), "codes": error_codes()}
    return Template(template_name="api/errors.html", context=context)


@get("/api/docs/errors/{code:str}", name="api:error", opt={"public": True}, sync_to_thread=False)
def error(request: AnyRequest, code: FromPath[str]) -> Template:
    """What one code means, what to do, and what it looks like; problem documents link here."""
    one = next((one for one in error_codes() if one.code == code), None)
    if one is None:
        raise NotFound("There is no such error code.")
    example = {
        "type": absolute(request, f"/api/docs/errors/{code}"),
        "title": one.title,
        "status": one.status,
        "code": code,
        "detail": one.advice.replace("`", ""),
        "request_id": "5f1c0f7d9a3e4b21",
    }
    context = {
        "shell": shell(request.cookies),
        "one": one,
        "advice": prose(one.advice),
        "example": msgspec.json.format(msgspec.json.encode(example), indent=2).decode(),
    }
    return Template(template_name="api/error.html", context=context)


def description(app: Litestar) -> dict[str, Any]:
    """What Litestar knows about the calls."""
    return app.openapi_schema.to_schema()


ROUTES = [reference, errors, error]
