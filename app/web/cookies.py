"""The session cookie: what it is called, how it is set, how it is cleared."""

from __future__ import annotations

from litestar import Response
from litestar.datastructures import Cookie

# The longest that browsers allow. The server decides when a session ends, not the cookie.
_MAX_AGE = 400 * 24 * 3600


class SessionCookie:
    """Host-only; with https also `__Host-`, so that no sister domain can plant one."""

    def __init__(self, *, is_https: bool) -> None:
        self.name = "__Host-session" if is_https else "session"
        self._is_https = is_https

    def put(self, response: Response[bytes], secret: str) -> Response[bytes]:
        response.set_cookie(self._cookie(secret, _MAX_AGE))
        return response

    def drop(self, response: Response[bytes]) -> Response[bytes]:
        response.set_cookie(self._cookie("", 0))
        return response

    def _cookie(self, value: str, max_age: int) -> Cookie:
        return Cookie(
            key=self.name,
            value=value,
            max_age=max_age,
            path="/",
            secure=self._is_https,
            httponly=True,
            samesite="lax",
        )
