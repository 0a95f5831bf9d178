"""Refuses the character NUL where a request brings it: PostgreSQL's text has no place for it.

No browser and no person sends one. Bodies of the API are not looked through here: each field says
by itself what it takes.
"""

from __future__ import annotations

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from app.errors import Invalid
from app.web.refusal import refuse


class NulCharacter(Invalid):
    """In an address or a form. JSON says which of its fields holds one, each with its own code."""

    code = "nul_character"
    title = "A text holds the character NUL"
    advice = "Leave out the character NUL (U+0000)."


DETAIL = "Leave out the character U+0000."


class NoNulInUrl(ASGIMiddleware):
    scopes = (ScopeType.HTTP,)  # sockets are answered with a close code, whatever is asked for

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        # The path is decoded, the query is not.
        if "\0" not in scope["path"] and b"%00" not in scope["query_string"]:
            await next_app(scope, receive, send)
            return
        await refuse(
            scope,
            receive,
            send,
            status=NulCharacter.status,
            code=NulCharacter.code,
            title=NulCharacter.title,
            detail=DETAIL,
        )


def without_nul(text: str) -> str:
    """`text` of a form. Raises `NulCharacter`."""
    if "\0" in text:
        raise NulCharacter(DETAIL)
    return text
