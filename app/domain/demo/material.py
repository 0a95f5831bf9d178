"""What the demo is made of: the texts beside this file, read and typed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec

Rule = tuple[str, str]  # what is added to the text, and what its author says about it


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    hue: str
    role: str


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What makes a sister of a prompt: a market, a channel or a brand, and its line of text."""

    kind: str
    slug: str
    title: str
    line: str


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An improvement that fits wherever `old` stands."""

    old: str
    new: str
    message: str


class World(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    workspace: str
    models: list[str]
    people: list[Person]
    turns: list[Turn]
    wordings: list[Wording]


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a variable of this name is declared."""

    type: str = "string"
    default: Any = None
    description: str = ""


class Base(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A prompt as somebody wrote it first."""

    name: str
    title: str
    about: str
    folder: str
    tags: list[str]
    system: str
    user: str
    language: str = "en"
    template_format: str = "mustache"


class Desk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Prompts that one team looks after."""

    slug: str
    folder: str
    team: list[str]
    rules: dict[str, list[Rule]]
    variables: dict[str, Known]
    prompts: list[Base]


class Talk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said in one thread, in turns."""

    about: Literal["words", "variable", "whole"]
    lines: list[str]
    resolved: bool
    reaction: str  # "" = none


class Talks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    talks: list[Talk]


class Material(msgspec.Struct, frozen=True):
    world: World
    desks: Sequence[Desk]
    talks: list[Talk]

    def bases(self) -> list[tuple[Desk, Base]]:
        """Every prompt with its desk, taken from the desks in turn."""
        longest = max(len(desk.prompts) for desk in self.desks)
        return [
            (desk, desk.prompts[at])
            for at in range(longest)
            for desk in self.desks
            if at < len(desk.prompts)
        ]


@cache
def material() -> Material:
    texts = resources.files(__package__) / "texts"
    desks = sorted(one.name for one in texts.iterdir() if one.name[0].isalpha())
    return Material(
        msgspec.toml.decode((texts / "_world.toml").read_bytes(), type=World),
        [msgspec.toml.decode((texts / name).read_bytes(), type=Desk) for name in desks],
        msgspec.toml.decode((texts / "_talks.toml").read_bytes(), type=Talks).talks,
    )
