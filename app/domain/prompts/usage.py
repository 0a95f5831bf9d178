"""Which variables a text uses, in either language, and what keeps it from being read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.prompts import template
from app.domain.prompts.errors import TemplatesBusy
from app.domain.prompts.jinja import Jinja
from app.domain.prompts.settings import MUSTACHE
from app.errors import Invalid


@dataclass(frozen=True, slots=True)
class Usage:
    """`names` is none when nobody knows: the text cannot be read as it stands."""

    names: Sequence[str] | None
    problem: str = ""

    def lacks(self, name: str) -> bool:
        return self.names is not None and name not in self.names


async def usage(jinja: Jinja, asker: UUID, template_format: str, text: str) -> Usage:
    if template_format == MUSTACHE:
        return Usage(template.variables_in(text))
    try:
        return Usage(await jinja.names(asker, text))
    except TemplatesBusy:  # a hint that comes with the next change
        return Usage(None)
    except Invalid as error:
        return Usage(None, error.detail)
