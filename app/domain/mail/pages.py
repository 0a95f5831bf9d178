"""Where the link in an e-mail leads that ends them; whoever has the mail needs no signing in."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from app.domain.inbox.service import no_more_mail
from app.domain.mail.errors import UnsubscribeLinkInvalid
from app.domain.mail.policy import Unsubscribing
from app.web.deps import Db
from app.web.htmx import page
from app.web.templates import shell as shell_of

AppRequest = Request[Any, Any, State]


class UnsubscribePages(Controller):
    """GET asks, so that a mail program that looks at every link ends nothing; POST does it."""

    path = "/unsubscribe/{token:str}"
    include_in_schema = False

    @get("/", name="mail:unsubscribe")
    async def ask(self, request: AppRequest, state: State, token: FromPath[str]) -> Response[Any]:
        _read(state, token)
        return _page(request, token, is_done=False)

    @post("/", name="mail:do-unsubscribe", status_code=200)
    async def end(
        self, request: AppRequest, state: State, database: Db, token: FromPath[str]
    ) -> Response[Any]:
        """The page's button, and what mail programs send by themselves (RFC 8058)."""
        workspace_id, user_id = _read(state, token)
        # everywhere: the link itself says whose mail from which workspace ends
        async with database.everywhere().transaction() as tx:
            await no_more_mail(tx, workspace_id, user_id)
        return _page(request, token, is_done=True)


def _read(state: State, token: str) -> Any:
    found = Unsubscribing(state.settings.secret_key).read(token)
    if found is None:
        raise UnsubscribeLinkInvalid
    return found


def _page(request: AppRequest, token: str, *, is_done: bool) -> Response[Any]:
    shell = shell_of(request.cookies)
    return page(request, "mail/unsubscribe.html", shell=shell, token=token, is_done=is_done)
