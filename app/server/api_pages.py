"""Pages about the API for people: the reference and the error codes.

Public, like the description itself: they show what can be called and nothing of anybody's data.
"""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, get
from litestar.datastructures import State
from litestar.response import Template

from app import __version__
from app.server.api_reference import groups, prose, shapes
from app.server.error_codes import error_codes
from app.server.openapi import complete
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


def description(app: Litestar) -> dict[str, Any]:
    """What Litestar knows about the calls."""
    return app.openapi_schema.to_schema()


ROUTES = [reference, errors]
