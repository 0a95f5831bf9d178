"""Pages and fragments: which of the two a request wants, and what travels beside them."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.response import Redirect, Template
from markupsafe import Markup

_VARY = {"Vary": "HX-Request, HX-Request-Type", "Cache-Control": "private, no-store"}


def is_htmx(request: Request[Any, Any, Any]) -> bool:
    return request.headers.get("HX-Request") == "true"


def wants_fragment(request: Request[Any, Any, Any]) -> bool:
    """Whether htmx asks for a piece of a page rather than a whole one."""
    return is_htmx(request) and request.headers.get("HX-Request-Type") == "partial"


def page(
    request: Request[Any, Any, Any],
    whole: str,
    fragment: str | None = None,
    *,
    status: int = 200,
    **context: Any,
) -> Template:
    """`whole`, or `fragment` when htmx asks for a piece, rendered with `context`."""
    name = fragment if fragment and wants_fragment(request) else whole
    return Template(template_name=name, context=context, status_code=status, headers=dict(_VARY))


async def rendered(request: Request[Any, Any, Any], name: str, **context: Any) -> Markup:
    """A piece of a page that may take long: in a thread, so that rooms go on meanwhile."""
    template = request.app.template_engine.engine.get_template(name)  # type: ignore[union-attr]
    return Markup(await asyncio.to_thread(template.render, context))  # noqa: S704  (it escapes)


def see_other(request: Request[Any, Any, Any], url: str) -> Response[Any]:
    """Go to `url` with GET, after a form; htmx is told in a header so that it moves the page."""
    if is_htmx(request):
        return Response(b"", status_code=200, headers={"HX-Redirect": url, **_VARY})
    return Redirect(url, status_code=303)


def announce(response: Any, event: str, detail: dict[str, Any] | None = None) -> Any:
    """Have the page's body dispatch `event` when htmx receives `response`; returns it."""
    current = msgspec.json.decode(response.headers.get("HX-Trigger", "{}"), type=dict[str, Any])
    current[event] = detail or {}
    # Printable ASCII only: headers carry nothing else safely, and details hold people's words.
    response.headers["HX-Trigger"] = _ascii_json(current)
    return response


def _ascii_json(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return "".join(c if " " <= c <= "~" else _escape(c) for c in text)


def _escape(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
