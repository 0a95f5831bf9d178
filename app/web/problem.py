"""A failure becomes problem+json (RFC 9457), a page or a fragment; nothing else renders errors."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect, Template
from sqlalchemy.exc import DBAPIError, OperationalError

from app.errors import AppError, RateLimited, Unauthenticated, Unavailable
from app.web.htmx import is_htmx, wants_fragment

log = structlog.get_logger(__name__)


class StorageFailed(Unavailable):
    code = "storage_failed"
    title = "The database does not answer"


class Internal(AppError):
    code = "internal"
    title = "Something went wrong on our side"


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


def render_app_error(request: Request[Any, Any, Any], error: AppError) -> Response[Any]:
    if isinstance(error, Unauthenticated) and not _is_api(request):
        return _to_sign_in(request)
    return _respond(request, error.status, error.code, error.title, error.detail, error)


def render_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What Litestar itself refuses: unknown paths, wrong methods, undecodable input."""
    status = error.status_code
    if status >= 500:
        return render_unexpected(request, error)
    code = HTTP_CODES.get(status, "invalid")
    invalid = None
    if isinstance(error, ValidationException):
        status, code = 422, "invalid"
        invalid = Internal("")
        invalid.extra = {"errors": error.extra or []}
    title = "Nothing is at this address" if status == 404 else error.__class__.__name__
    detail = "Check the address." if status == 404 else str(error.detail)
    return _respond(request, status, code, _sentence(title), detail, invalid)


def render_storage_error(request: Request[Any, Any, Any], error: DBAPIError) -> Response[Any]:
    if not isinstance(error, OperationalError):
        return render_unexpected(request, error)
    log.error("storage.failed", error=type(error.orig).__name__, cause=str(error.orig))
    detail = "Nothing was changed. Try again in a moment; an operator finds the cause in the log."
    return _respond(request, 503, StorageFailed.code, StorageFailed.title, detail, None)


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
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(error.retry_after)
    if _is_api(request):
        if status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="promptroom"'
        problem = {
            "type": f"{_origin(request)}/api/docs/errors#{code}",
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
    return request.scope["path"].startswith("/api/")


def _origin(request: Request[Any, Any, Any]) -> str:
    return str(request.base_url).rstrip("/")


def _to_sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
    """Sign in first, then come back here; a form's answer cannot be come back to."""
    query = request.scope["query_string"].decode("latin-1")
    here = request.scope["path"] + (f"?{query}" if query else "")
    url = "/sign-in" + (f"?next={quote(here)}" if request.method == "GET" else "")
    if is_htmx(request):
        return Response(b"", status_code=401, headers={"HX-Redirect": url})
    return Redirect(url, status_code=303)


def _sentence(class_name: str) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in class_name).strip()
    return words.removesuffix(" exception").capitalize()


EXCEPTION_HANDLERS: dict[Any, Any] = {
    AppError: render_app_error,
    HTTPException: render_http_error,
    DBAPIError: render_storage_error,
    Exception: render_unexpected,
}
