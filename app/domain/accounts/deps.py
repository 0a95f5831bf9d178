"""What handlers of signing in share: the browser, its cookie, and who greets it."""

from __future__ import annotations

from typing import Any, TypeVar

from litestar import Request, Response
from litestar.datastructures import State
from litestar.di import NamedDependency

from app.domain.accounts.service import Browser, House, SignIn
from app.web.cookies import SessionCookie

AppRequest = Request[Any, Any, State]
SignInDep = NamedDependency[SignIn]
HouseDep = NamedDependency[House]
R = TypeVar("R", bound=Response[Any])


def browser_of(request: AppRequest) -> Browser:
    """The peer's address is the proxy's business: forwarded headers are not read here."""
    address = request.client.host if request.client else ""
    return Browser(address=address, agent=request.headers.get("User-Agent", ""))


def secret_of(request: AppRequest) -> str:
    """The session secret that the browser sent, "" without one."""
    return request.cookies.get(_cookie(request).name, "")


def signed_in(request: AppRequest, response: R, secret: str) -> R:
    """`response` with the cookie of a new session."""
    _cookie(request).put(response, secret)
    return response


def signed_out(request: AppRequest, response: R) -> R:
    """`response` without the cookie; copies kept for working offline go too."""
    _cookie(request).drop(response)
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


def _cookie(request: AppRequest) -> SessionCookie:
    cookie: SessionCookie = request.app.state.session_cookie
    return cookie
