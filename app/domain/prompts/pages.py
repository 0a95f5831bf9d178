"""The editor's page, and a prompt's details."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.prompts import views
from app.domain.prompts.deps import AppRequest, Desk, DeskDep, OldNamesDep, PromptsDep
from app.domain.prompts.errors import NameTaken, OldNameIncluded
from app.domain.prompts.old_names import OldNames
from app.domain.prompts.ports import Standing
from app.domain.prompts.service import Access, Details, Opened
from app.domain.prompts.usage import usage
from app.domain.workspaces.service import whom_to_ask
from app.errors import InvalidFields, Unauthenticated
from app.web.deps import PageShell
from app.web.forms import typed
from app.web.htmx import is_htmx, page, see_other
from app.web.links import absolute


class PromptPages(Controller):
    path = "/w/{workspace:str}/prompts/{prompt_id:uuid}"
    include_in_schema = False

    @get("/", name="prompts:show")
    async def show(
        self,
        request: AppRequest,
        desk: DeskDep,
        shell: PageShell,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        return page(
            request, "prompts/edit.html", **shell, **await _editor(request, desk, prompt_id)
        )

    @post("/details", name="prompts:change-details")
    async def change_details(
        self,
        request: AppRequest,
        desk: DeskDep,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        """Any subset of the details; the answer redraws what they were typed into."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        errors: dict[str, str] = {}
        try:
            async with desk.database.transaction() as tx:
                await desk.prompts(tx).change(prompt_id, _details(form))
        except InvalidFields as error:
            errors = error.fields
        except (NameTaken, OldNameIncluded) as error:
            errors = {"name": error.detail}
        if not is_htmx(request) and not errors:
            return see_other(request, f"/w/{workspace}/prompts/{prompt_id}")
        return await _redrawn(request, desk, prompt_id, form, errors)

    @post("/names/release", name="prompts:release-name")
    async def release_name(
        self,
        request: AppRequest,
        old_names: OldNamesDep,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        await old_names.release(prompt_id, (await typed(request, "old_name"))["old_name"])
        return see_other(request, f"/w/{workspace}/prompts/{prompt_id}")

    @post("/archive", name="prompts:archive")
    async def archive(
        self,
        request: AppRequest,
        prompts: PromptsDep,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        await prompts.change(prompt_id, Details(archived=True))
        return see_other(request, f"/w/{workspace}/")

    @post("/unarchive", name="prompts:unarchive")
    async def unarchive(
        self,
        request: AppRequest,
        prompts: PromptsDep,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        await prompts.change(prompt_id, Details(archived=False))
        return see_other(request, f"/w/{workspace}/prompts/{prompt_id}")


async def _editor(request: AppRequest, desk: Desk, prompt_id: UUID) -> dict[str, Any]:
    """The context of prompts/edit.html beside the shell."""
    names = [name for name, _ in await desk.finder.folders(desk.caller)]
    async with desk.database.transaction(write=False) as tx:
        prompts = desk.prompts(tx)
        opened = await prompts.open(prompt_id)
        access = await prompts.access(_person(desk.caller))
        old_names = await OldNames(tx, desk.caller).of(prompt_id)
        ask = await whom_to_ask(tx, desk.caller)
    text = (await desk.rooms.read(opened.branch.id)).text
    async with desk.database.transaction(write=False) as tx:
        standing = await desk.releases.standing(tx, desk.caller, opened.branch, text)
    caller, form = desk.caller, opened.branch.template_format
    used = await usage(desk.jinja, caller.workspace_id, form, text)
    path = f"/w/{request.path_params['workspace']}/prompts/{prompt_id}"
    return {
        **views.details_form(opened, names),
        **views.heading(opened, old_names),
        **views.settings(opened, used),
        **views.rights(desk.caller),
        **standing.head,
        "recent": standing.recent,
        "draft": standing.draft,
        "here": desk.rooms.people([opened.branch.id]).get(opened.branch.id, ()),
        "share_url": absolute(request, path),
        "access": access.members,
        "access_total": access.total,
        "text": text,
        "boot": _boot(request, desk, opened, standing, access) | {"ask": _first_name(ask)},
    }


def _boot(
    request: AppRequest, desk: Desk, opened: Opened, standing: Standing, access: Access
) -> dict[str, Any]:
    """What the editor's script begins with; `user.id` is the actor that the room stamps."""
    caller = desk.caller
    path = f"/w/{request.path_params['workspace']}/prompts/{opened.prompt.id}"
    return {
        "room": {"id": str(opened.branch.id), "url": f"/rooms/{opened.branch.id}"},
        "prompt": {
            "id": str(opened.prompt.id),
            "name": opened.prompt.name,
            "title": opened.prompt.title,
        },
        "workspace": request.path_params["workspace"],
        "user": {
            "id": caller.actor,
            "name": caller.name,
            "hue": caller.hue,
            "initials": access.me.initials,
        },
        "role": str(caller.role),
        "can_write": views.rights(caller)["can_write"],
        "can_comment": caller.can(Permission.COMMENTS_WRITE),
        "published": standing.published,
        "variables": opened.branch.variables,
        "urls": {
            name: f"{path}/{name}"
            for name in (
                "settings",
                "variables",
                "publish",
                "versions",
                "voices",
                "threads",
                "composition",
            )
        },
        "preferences": access.preferences,
        "nonce": request.scope["state"]["nonce"],
    }


def _person(caller: Principal) -> UUID:
    if caller.user_id is None:  # pages are for people; keys cannot get here
        raise Unauthenticated("Sign in to see this page.")
    return caller.user_id


def _first_name(names: list[str]) -> str:
    return names[0].split()[0] if names else "an admin"


def _details(form: dict[str, str]) -> Details:
    """Line breaks in a title or description are a paste's, not meant."""
    given: dict[str, Any] = {
        name: " ".join(form[name].split())
        for name in ("name", "title", "description", "folder")
        if name in form
    }
    if "tags" in form:
        given["tags"] = tuple(form["tags"].split(","))
    return Details(**given)


async def _redrawn(
    request: AppRequest, desk: Desk, prompt_id: UUID, form: dict[str, str], errors: dict[str, str]
) -> Response[Any]:
    """The fragment that the form stands in, with what was typed if it could not be used."""
    names = [name for name, _ in await desk.finder.folders(desk.caller)]
    async with desk.database.transaction(write=False) as tx:
        opened = await desk.prompts(tx).open(prompt_id)
        old_names = await OldNames(tx, desk.caller).of(prompt_id)
    heading = views.heading(opened, old_names, errors)
    context: dict[str, Any] = {
        "workspace": {"slug": request.path_params["workspace"]},
        **views.rights(desk.caller),
    }
    if "title" in form or "description" in form:
        heading["prompt"] |= {name: form[name] for name in errors if name in form}
        status = 422 if errors else 200
        return page(request, "prompts/_heading.html", status=status, **context, **heading)
    if errors:
        shown = views.details_form(opened, names, {**_as_typed(opened), **form}, errors)
        return page(request, "prompts/_details_form.html", status=422, **context, **shown)
    shown = {**heading, **views.details_form(opened, names), "prompt": heading["prompt"]}
    return page(request, "prompts/_details_done.html", **context, **shown)


def _as_typed(opened: Opened) -> dict[str, str]:
    values: dict[str, str] = views.details_form(opened, ())["details_values"]
    return values
