"""A failure becomes problem+json (RFC 9457), a page or a fragment; nothing else renders errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect, Template
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from app.errors import AppError, Invalid, NotFound, RateLimited, Unauthenticated, Unavailable
from app.web.htmx import is_htmx, wants_fragment
from app.web.links import absolute, is_for_programs

log = structlog.get_logger(__name__)


class StorageFailed(Unavailable):
    code = "storage_failed"
    title = "The database does not answer"
    advice = "Try again in a moment; an operator finds the cause in the log."


class Internal(AppError):
    code = "internal"
    title = "Something went wrong on our side"
    advice = "Report it with the `request_id`. Trying again may work."


HTTP_CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}


# Of codes that are Litestar's own, and of no class of ours.
HTTP_ADVICE = {
    400: "Correct the call as the detail says.",
    405: "Use one of the methods in the `Allow` header.",
    406: "Accept `application/json`.",
    415: "Send JSON, with `Content-Type: application/json`.",
}


def render_app_error(request: Request[Any, Any, Any], error: AppError) -> Response[Any]:
    if isinstance(error, Unauthenticated) and not _is_api(request):
        return _to_sign_in(request)
    return _respond(request, error.status, error.code, error.title, error.detail, error)


def render_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What Litestar itself refuses: unknown paths, wrong methods, undecodable input."""
    status = error.status_code
    if status >= 500:
        return render_unexpected(request, error)
    if isinstance(error, ValidationException):
        return render_app_error(request, _invalid(error))
    if status == 404:
        return render_app_error(request, NotFound("Check the address."))
    code = HTTP_CODES.get(status, "bad_request")
    title = HTTPStatus(status).phrase.capitalize()
    response = _respond(request, status, code, title, str(error.detail), None)
    response.headers.update(error.headers or {})  # Allow, of a wrong method
    return response


def _invalid(error: ValidationException) -> Invalid:
    """What Litestar found out about a body or a query, without the words of its own objects."""
    found: list[Any] = error.extra if isinstance(error.extra, list) else []
    errors = [
        {"key": one.get("key", ""), "message": _about_missing(one.get("message", ""))}
        for one in found
    ]
    named = [one for one in errors if one["key"] not in ("", "data")]
    about = f"{named[0]['key']}: {named[0]['message']}" if named else ""
    return Invalid(about or (errors[0]["message"] if errors else str(error.detail)), errors=errors)


def _about_missing(message: str) -> str:
    return "Send a body." if message == "'data'" else message


def render_storage_error(request: Request[Any, Any, Any], error: DBAPIError) -> Response[Any]:
    if not isinstance(error, OperationalError):
        return render_unexpected(request, error)
    log.error("storage.failed", error=type(error.orig).__name__, cause=str(error.orig))
    detail = "Nothing was changed. Try again in a moment; an operator finds the cause in the log."
    return render_app_error(request, StorageFailed(detail))


def render_busy(request: Request[Any, Any, Any], error: NoConnectionFree) -> Response[Any]:
    """More requests than connections to the database, for longer than one waits."""
    log.error("storage.busy", cause=str(error))
    return render_app_error(request, StorageFailed("Nothing was changed. Try again in a moment."))


def render_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A bug. The caller gets the request's id, the log gets the rest."""
    log.error("request.failed", error=type(error).__name__, exc_info=error)
    detail = "Nothing was changed. If it happens again, report it with the request id."
    return _respond(request, 500, Internal.code, Internal.title, detail, None)


def _respond(
    request: Request[Any, Any, Any],
    status: int,
    code: str,
    title: str,
    detail: str,
    error: AppError | None,
) -> Response[Any]:
    request_id = request.scope["state"].get("request_id", "")
    headers = {"Cache-Control": "no-store"}
    if error is not None:
        headers |= error.headers
    if isinstance(error, RateLimited | Unavailable):
        headers["Retry-After"] = str(error.retry_after)
    if _is_api(request):
        if status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="promptroom"'
        problem = {
            "type": absolute(request, f"/api/docs/errors/{code}"),
            "title": title,
            "status": status,
            "code": code,
            "detail": detail,
            "request_id": request_id,
            **(error.extra if error else {}),
        }
        content = msgspec.json.encode(problem)
        return Response(
            content, status_code=status, media_type="application/problem+json", headers=headers
        )
    name = "errors/_inline.html" if wants_fragment(request) else "errors/page.html"
    context = {
        "status": status,
        "code": code,
        "title": title,
        "detail": detail,
        "request_id": request_id,
    }
    return Template(template_name=name, context=context, status_code=status, headers=headers)


def _is_api(request: Request[Any, Any, Any]) -> bool:
    return is_for_programs(request.scope["path"])


def _to_sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
    """Sign in first, then come back here; a form's answer cannot be come back to."""
    query = request.scope["query_string"].decode("latin-1")
    here = request.scope["path"] + (f"?{query}" if query else "")
    url = "/sign-in" + (f"?next={quote(here)}" if request.method == "GET" else "")
    if is_htmx(request):
        return Response(b"", status_code=401, headers={"HX-Redirect": url})
    return Redirect(url, status_code=303)


EXCEPTION_HANDLERS: dict[Any, Any] = {
    AppError: render_app_error,
    HTTPException: render_http_error,
    DBAPIError: render_storage_error,
    NoConnectionFree: render_busy,
    Exception: render_unexpected,
}
