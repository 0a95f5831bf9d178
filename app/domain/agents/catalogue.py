"""The released prompts that an agent can use: listed with their arguments, and filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from app.access.permissions import Permission
from app.domain.agents import queries
from app.domain.agents.arguments import Argument, arguments_of, parsed
from app.domain.agents.desk import Desk
from app.domain.prompts.settings import MUSTACHE
from app.domain.releases.bundling import bundle, opened
from app.domain.releases.rendering import Rendered
from app.domain.releases.selector import Selector

PAGE = 50  # prompts of a list; a text may be two megabytes, so not all of them at once


class Fetched(Protocol):
    """A released text in its language."""

    @property
    def text(self) -> str: ...
    @property
    def template_format(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Offered:
    name: str
    title: str
    description: str
    arguments: list[Argument]


@dataclass(frozen=True, slots=True)
class Filled:
    """A released version with its variables filled in. `history` is no message here."""

    description: str
    messages: list[Rendered]
    about: dict[str, Any]  # version, label, roles, and where the caller's own messages go


async def offered(desk: Desk, after: str | None) -> tuple[list[Offered], str | None]:
    """What has the desk's label, in the order of names, and the cursor of the next page.

    What cannot be put together is listed, too, and says why. Raises `InvalidCursor`.
    """
    desk.caller.require(Permission.PROMPTS_READ)
    async with desk.database.transaction(write=False) as tx:
        page, following = await bundle(tx, desk.caller, desk.label, after, PAGE)
        found = opened(page)
        arguments = {one.name: arguments_of(_readable(one), one.variables) for one in found.items}
        failed = {one.name: one.detail for one in found.failed}
        about = await queries.described(tx, desk.caller, [*arguments, *failed])
    return [
        Offered(
            name,
            about[name].title,
            failed.get(name) or about[name].description,
            arguments.get(name, []),
        )
        for name in sorted(about)
    ], following


async def filled(desk: Desk, name: str, given: Mapping[str, str]) -> Filled:
    """Raises `NothingReleased`, `VariablesInvalid`, and what fetching and rendering do."""
    found = await desk.released.read(desk.caller, name, Selector(desk.label))
    values = parsed(_readable(found), found.variables, given)
    messages = await desk.released.rendered(desk.caller, found, values)
    async with desk.database.transaction(write=False) as tx:
        about = (await queries.described(tx, desk.caller, [found.name])).get(found.name)
    said = [one for one in messages if one.role != "history"]
    marks = [at for at, one in enumerate(messages) if one.role == "history"]
    facts: dict[str, Any] = {
        "promptroom/name": found.name,
        "promptroom/version": found.version,
        "promptroom/label": found.label,
        "promptroom/roles": [one.role for one in said],
        "promptroom/config": found.config,
    }
    if marks:  # how many of the messages stand before it
        facts["promptroom/history"] = marks[0]
    return Filled(about.description if about else "", said, facts)


def _readable(found: Fetched) -> str | None:
    """A text whose variables can be seen."""
    return found.text if found.template_format == MUSTACHE else None
