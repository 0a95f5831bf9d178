"""A record as a prompt of ours, and back.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from app.domain.exchange.errors import FileInvalid
from app.domain.exchange.record import Record, kind_of, without_empty
from app.domain.prompts import policy, settings
from app.domain.prompts.settings import JINJA, Settings
from app.domain.rooms.service import check_size
from app.domain.versions.policy import label_problem
from app.errors import AppError

_VARIABLE = ("name", "type", "required", "default", "description")
_JINJA = "jinja2"  # as most others call it
_OTHER = re.compile(r"[^a-z0-9._-]+")
_APART = ("model", "provider", "tools", "response_schema", "tests", "template_format", "ext")


def our_name(name: str) -> str:
    """The name of ours that is nearest."""
    parts = (_OTHER.sub("-", part.lower()).strip("-._") for part in name.split("/"))
    return "/".join(part for part in parts if part)[: policy.NAME_LONGEST].strip("-._/") or "prompt"


def config_of(record: Record) -> dict[str, Any]:
    """All of a record that is no detail, as config: versions keep it, and pages show it."""
    ext = dict(record.ext)
    if record.name != our_name(record.name):
        ext["name"] = record.name
    if record.kind != kind_of(record.text):
        ext["kind"] = record.kind
    more = {one["name"]: rest for one in record.variables if (rest := _more(one))}
    if more:
        ext["variables"] = more
    apart = {
        "model": record.model,
        "provider": record.provider,
        "tools": list(record.tools),
        "response_schema": record.response_schema,
        "tests": list(record.tests),
        "template_format": "" if record.template_format == _JINJA else record.template_format,
        "ext": ext,
    }
    return {**record.params, **without_empty(apart)}


def template_format_of(record: Record) -> str:
    """Jinja is a format of ours; what others have beside it is kept in the config as words."""
    return settings.JINJA if record.template_format == _JINJA else settings.MUSTACHE


def variables_of(record: Record) -> list[dict[str, Any]]:
    return [{key: one[key] for key in _VARIABLE if key in one} for one in record.variables]


def checked(record: Record) -> Record:
    """`record` if a prompt of ours can hold it. Raises `FileInvalid` with the line."""
    try:
        policy.check_details(
            name=our_name(record.name),
            title=record.title or None,
            description=record.description,
            folder=policy.normal_folder(record.folder),
            tags=policy.normal_tags(record.tags),
        )
        settings.with_config({}, config_of(record))
        settings.checked_variables(list(variables_of(record)))
        check_size(policy.normal_text(record.text))
    except AppError as error:
        _refuse(record, error)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise FileInvalid(
            f"{record.name} says something of another type than its format has: {error}.",
            record.origin.file if record.origin else record.name,
        ) from error
    return record


def labels_of(record: Record) -> list[str]:
    """Those labels that can be labels here; `latest` moves by itself."""
    return [name for name in record.labels if not label_problem(name)]


def record_of(  # noqa: PLR0913  # what a prompt has, and nothing else makes records
    *,
    name: str,
    title: str,
    description: str,
    folder: str,
    tags: list[str],
    text: str,
    settings: Settings,
    labels: tuple[str, ...] = (),
    version: int | None = None,
    message: str = "",
) -> Record:
    """The record of a prompt's text and settings, live or of a version."""
    config = settings.config
    found = config.get("ext")
    ext = dict(found) if isinstance(found, Mapping) else {}
    given, more, kind = ext.pop("name", ""), ext.pop("variables", {}), ext.pop("kind", None)
    tests, tools = config.get("tests"), config.get("tools")
    return Record(
        name=given if given and our_name(given) == name else name,
        title="" if title == policy.title_from(name) else title,
        description=description,
        folder=folder,
        tags=tuple(tags),
        text=text,
        kind="chat" if kind == "chat" else kind_of(text),
        variables=tuple({**one, **more.get(one["name"], {})} for one in settings.variables),
        model=str(config.get("model", "")),
        provider=str(config.get("provider", "")),
        params={key: value for key, value in config.items() if key not in _APART},
        tools=tuple(tools) if isinstance(tools, list) else (),
        response_schema=config.get("response_schema"),
        tests=tuple(tests) if isinstance(tests, list) else (),
        template_format=_their_format(settings),
        labels=labels,
        version=version,
        message=message,
        ext=ext,
    )


def _their_format(settings: Settings) -> str:
    if settings.template_format == JINJA:
        return _JINJA
    return str(settings.config.get("template_format", ""))


def _more(variable: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in variable.items() if key not in _VARIABLE}


def _refuse(record: Record, error: AppError) -> NoReturn:
    problem = f"{record.name}: {error.detail}"
    if record.origin is None:
        raise FileInvalid(problem, record.name) from error
    record.origin.bad(problem)
