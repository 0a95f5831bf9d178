"""A prompt between two formats: all that any of them says, and verbatim what only one knows.

The text is Promptroom's own body (`app/domain/prompts/template.py`): role lines, `{{history}}`,
variables. `parts.py` says how images, tool calls and names of speakers stand in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.domain.exchange.source import Source
from app.domain.prompts import template

Kind = Literal["text", "chat"]
Variable = Mapping[str, Any]  # name, type, required, default, description, enum, example


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`ext` has, by format, the keys that this one alone knows."""

    name: str
    text: str = ""
    kind: Kind = "chat"
    title: str = ""
    description: str = ""
    folder: str = ""
    template_format: str = ""  # "" = double braces; jinja2, fstring
    variables: tuple[Variable, ...] = ()
    provider: str = ""
    model: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)  # by Promptroom's names
    tools: tuple[Mapping[str, Any], ...] = ()
    response_schema: Mapping[str, Any] | None = None
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()  # on this version
    version: int | None = None
    message: str = ""  # of the version
    tests: tuple[Any, ...] = ()  # of {vars, expected, …}
    ext: Mapping[str, Any] = field(default_factory=dict)
    is_named_by_file: bool = field(default=False, compare=False)  # it says no name itself
    origin: Source | None = field(default=None, compare=False, repr=False)

    def own(self, format_name: str) -> dict[str, Any]:
        """What `ext` has for one format."""
        found = self.ext.get(format_name)
        return dict(found) if isinstance(found, Mapping) else {}


def kind_of(text: str) -> Kind:
    """What a body is when nobody says: a text is one user message without a role line."""
    found = template.messages_of(text)
    if not found:
        return "chat" if text.strip() else "text"
    plain = len(found) == 1 and found[0].role == "user"
    return "text" if plain and template.text_of(found) == text else "chat"


def renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """`values` with the keys that `names` has called by their other name."""
    return {names.get(key, key): value for key, value in values.items()}


def inverse(names: Mapping[str, str]) -> dict[str, str]:
    return {ours: theirs for theirs, ours in names.items()}


def rest(values: Mapping[str, Any], *known: str) -> dict[str, Any]:
    """What of `values` is not known by name."""
    return {key: value for key, value in values.items() if key not in known}


def without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", [], {}, ())}


def kept(given: Any, same: Any, made: Any) -> Any:
    """`given` verbatim as long as it says the `same` as what is to be said, else what is `made`."""
    return given if given is not None and same else made
