"""What one person wants to be told in one workspace."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Response, get, post
from litestar.datastructures import State

from app.domain.inbox import policy, views
from app.domain.inbox.deps import AppRequest, InboxDep
from app.web.deps import PageShell
from app.web.forms import typed
from app.web.htmx import page, see_other


class NotificationPages(Controller):
    path = "/w/{workspace:str}/settings/notifications"
    include_in_schema = False

    @get("/", name="inbox:settings")
    async def show(
        self, request: AppRequest, state: State, inbox: InboxDep, shell: PageShell
    ) -> Response[Any]:
        can_mail = bool(state.settings.smtp_url)
        context = views.settings(await inbox.wishes(), can_mail=can_mail)
        saved = request.query_params.get("saved") == "1"
        return page(request, "inbox/settings.html", **shell, **context, saved=saved)

    @post("/", name="inbox:change-settings")
    async def change(self, request: AppRequest, inbox: InboxDep, shell: PageShell) -> Response[Any]:
        form = await typed(request, *policy.KINDS, "by_mail", "delay")
        ways = {kind: form[kind] for kind in policy.KINDS if form[kind] in policy.WAYS}
        delays = {str(minutes): minutes for minutes in policy.DELAYS}
        delay = delays.get(form["delay"], policy.DEFAULT_DELAY)
        wishes = policy.Wishes(ways, form["by_mail"] == "true", delay)
        await inbox.wish(wishes)
        slug = request.path_params["workspace"]
        return see_other(request, f"/w/{slug}/settings/notifications?saved=1")
