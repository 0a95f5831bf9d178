"""The side panel's settings: each field is shown, saved and refused on its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.domain.prompts import typed as values
from app.domain.prompts import views
from app.domain.prompts.deps import AppRequest, Desk, DeskDep
from app.domain.prompts.errors import SettingUnknown, VariableTaken
from app.domain.prompts.service import Opened
from app.domain.prompts.settings import find
from app.domain.prompts.usage import Usage, usage
from app.errors import InvalidFields
from app.web.forms import typed
from app.web.htmx import is_htmx, page, see_other


class SettingsPages(Controller):
    path = "/w/{workspace:str}/prompts/{prompt_id:uuid}"
    include_in_schema = False

    @get("/settings", name="prompts:settings")
    async def show(
        self,
        request: AppRequest,
        desk: DeskDep,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        """The panel, or with `?field=` one field of it."""
        key = request.query_params.get("field", "")
        opened, used = await _read(desk, prompt_id)
        if key == "":
            context = views.settings(opened, used)
            return _drawn(request, desk, opened, "prompts/_settings.html", context)
        if key == "variables":
            return _variables(request, desk, opened, used)
        return _one(request, desk, opened, key, used=used)

    @post("/settings", name="prompts:set")
    async def save(
        self,
        request: AppRequest,
        desk: DeskDep,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        form = await typed(request, "field", "value")
        key, error = form["field"], ""
        try:
            await _save(desk, prompt_id, key, form["value"])
        except InvalidFields as refused:
            if not is_htmx(request):
                raise
            error = refused.detail
        if not is_htmx(request):
            return see_other(request, f"/w/{workspace}/prompts/{prompt_id}")
        opened, used = await _read(desk, prompt_id)
        return _one(request, desk, opened, key, used=used, answer=(form["value"], error))

    @post("/variables", name="prompts:add-variable")
    async def add(
        self,
        request: AppRequest,
        desk: DeskDep,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        name, error = (await typed(request, "name"))["name"], ""
        try:
            async with desk.database.transaction() as tx:
                prompts = desk.prompts(tx)
                await prompts.add_variable(prompt_id, {"name": name})
        except (InvalidFields, VariableTaken) as refused:
            if not is_htmx(request):
                raise
            error = refused.detail
        if not is_htmx(request):
            return see_other(request, f"/w/{workspace}/prompts/{prompt_id}")
        opened, used = await _read(desk, prompt_id)
        return _variables(request, desk, opened, used, refused=(error, name) if error else None)

    @post("/variables/{name:str}/remove", name="prompts:remove-variable")
    async def remove(
        self,
        request: AppRequest,
        desk: DeskDep,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
        name: FromPath[str],
    ) -> Response[Any]:
        async with desk.database.transaction() as tx:
            await desk.prompts(tx).remove_variable(prompt_id, name)
        if not is_htmx(request):
            return see_other(request, f"/w/{workspace}/prompts/{prompt_id}")
        opened, used = await _read(desk, prompt_id)
        return _variables(request, desk, opened, used)


async def _read(desk: Desk, prompt_id: UUID) -> tuple[Opened, Usage]:
    async with desk.database.transaction(write=False) as tx:
        opened = await desk.prompts(tx).open(prompt_id)
    text = (await desk.rooms.read(opened.branch.id)).text
    return opened, await used_in(desk, opened, text)


async def used_in(desk: Desk, opened: Opened, text: str) -> Usage:
    return await usage(desk.jinja, desk.caller.workspace_id, opened.branch.template_format, text)


async def _save(desk: Desk, prompt_id: UUID, key: str, text: str) -> None:
    """Raises `PromptInvalid`, `SettingUnknown`, `VariableNotFound`."""
    kind, _, rest = key.partition(".")
    async with desk.database.transaction() as tx:
        prompts = desk.prompts(tx)
        opened = await prompts.open(prompt_id)
        if key == f"config.{values.REST}":
            changes = values.rest_changes(opened.branch.config, text)
            await prompts.set_config(prompt_id, changes)
        elif kind == "config" and rest:
            await prompts.set_config(prompt_id, {rest: values.config_value(rest, text)})
        elif kind == "variables":
            name, _, attribute = rest.rpartition(".")
            declared = find(opened.branch.variables, name)
            value = _attribute(declared, attribute, text)
            await prompts.set_variable(prompt_id, name, attribute, value)
        else:
            await prompts.set_setting(prompt_id, key, text)


def _attribute(declared: dict[str, Any], attribute: str, text: str) -> Any:
    if attribute == "required":
        return text == "true"  # an empty checkbox is not sent at all
    if attribute == "default":
        return values.default_value(declared["name"], declared["type"], text)
    return text


def _one(
    request: AppRequest,
    desk: Desk,
    opened: Opened,
    key: str,
    *,
    used: Usage,
    answer: tuple[str, str] | None = None,
) -> Response[Any]:
    """One field or variable. `answer` to a form: what was typed, and why it was refused ("")."""
    value, error = answer or ("", "")
    status = 422 if error else 200
    if key.startswith("variables."):
        name = key.split(".")[1]
        declared = find(opened.branch.variables, name)
        variable = views.variable(declared, used, error)
        context = {"variable": variable}
        return _drawn(request, desk, opened, "prompts/_variable.html", context, status)
    saved = answer is not None and not error
    if key == "template_format":
        language = views.language(opened, used, error=error, saved=saved)
        return _drawn(
            request, desk, opened, "prompts/_language.html", {"language": language}, status
        )
    field = views.field(opened, key, value=value if error else None, error=error, saved=saved)
    if field is None:
        raise SettingUnknown(f"{key} has no field of its own.")
    return _drawn(request, desk, opened, "prompts/_field.html", {"field": field}, status)


def _variables(
    request: AppRequest,
    desk: Desk,
    opened: Opened,
    used: Usage,
    *,
    refused: tuple[str, str] | None = None,
) -> Response[Any]:
    context = views.variables(opened, used, *(refused or ()))
    status = 422 if refused else 200
    return _drawn(request, desk, opened, "prompts/_variables.html", context, status)


def _drawn(
    request: AppRequest,
    desk: Desk,
    opened: Opened,
    template: str,
    context: dict[str, Any],
    status: int = 200,
) -> Response[Any]:
    return page(
        request,
        template,
        status=status,
        workspace={"slug": request.path_params["workspace"]},
        prompt={"id": str(opened.prompt.id)},
        can_write=views.rights(desk.caller)["can_write"],
        **context,
    )
