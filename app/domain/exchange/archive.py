"""What an archive holds of a prompt: lines of JSON, the prompt first and then its versions.  Pure.

Lines, so that a prompt with a thousand long versions never lies in memory whole. The same prompt
always gives the same bytes: whether two are the same is a comparison of these.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from app.domain.exchange.errors import FileInvalid
from app.domain.prompts.settings import MUSTACHE

MANIFEST = "manifest.json"
FOLDER = "prompts/"
SUFFIX = ".jsonl"
FORMAT = "promptroom-archive"
IMPORTED = "import:"  # an actor of whom only a name is known; never mistaken for a member
_NAME_LONGEST = 48 - len(IMPORTED)  # of an actor's column


class Manifest(msgspec.Struct, frozen=True):
    """The first file. `folders` are those that stay when they are empty."""

    folders: list[str]
    format: str = FORMAT
    version: Literal[1] = 1


class BranchKept(msgspec.Struct, frozen=True):
    """A branch as it is being written."""

    name: str
    text: str
    config: dict[str, Any]
    variables: list[dict[str, Any]]
    template_format: str = MUSTACHE


class RolloutKept(msgspec.Struct, frozen=True):
    """What a label gives to some: `share` of 10,000 keys, which `seed` tells from the others."""

    version: int
    share: int
    seed: str


class MoveKept(msgspec.Struct, frozen=True, omit_defaults=True):
    """A label that moved; `label` was on `before` and is on `after`, null = on none."""

    label: str
    before: int | None
    after: int | None
    by: str
    at: datetime
    rollout_before: RolloutKept | None = None
    rollout_after: RolloutKept | None = None


class OldNameKept(msgspec.Struct, frozen=True):
    name: str
    by: str
    at: datetime


class PromptKept(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first line. People are names here: accounts stay where they are."""

    name: str
    title: str
    description: str
    folder: str
    tags: list[str]
    created_by: str
    created_at: datetime
    edited_at: datetime
    archived_at: datetime | None
    branches: list[BranchKept]
    labels: dict[str, int]
    moves: list[MoveKept]
    old_names: list[OldNameKept]
    rollouts: dict[str, RolloutKept] = {}  # of labels that split


class VersionKept(msgspec.Struct, frozen=True):
    """A version; `contributors` are of {name, units}."""

    number: int
    branch: str
    text: str
    config: dict[str, Any]
    variables: list[dict[str, Any]]
    message: str
    author: str
    contributors: list[dict[str, Any]]
    restored_from: int | None
    created_at: datetime
    template_format: str = MUSTACHE


class Told(NamedTuple):
    """All that an archive says of a version; `content` stands for its text and settings."""

    number: int
    branch: str
    content: str
    message: str
    author: str
    contributors: list[dict[str, Any]]
    restored_from: int | None
    created_at: datetime


_MANIFEST = msgspec.json.Decoder(Manifest)
_PROMPT = msgspec.json.Decoder(PromptKept)
_VERSION = msgspec.json.Decoder(VersionKept)


def path_of(name: str) -> str:
    return f"{FOLDER}{name}{SUFFIX}"


def line(kept: PromptKept | VersionKept) -> bytes:
    return msgspec.json.encode(kept) + b"\n"


def manifest_bytes(folders: Iterable[str]) -> bytes:
    made = Manifest(sorted(folders))
    return msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n"


def read_manifest(data: bytes) -> Manifest:
    """Raises `FileInvalid`."""
    found: Manifest = _decoded(_MANIFEST, data, MANIFEST, 1)
    if found.format != FORMAT:
        raise FileInvalid("This is no archive of Promptroom.", MANIFEST, 1)
    return found


def read_prompt(data: bytes, path: str) -> PromptKept:
    """Raises `FileInvalid`, also when it does not lie where a prompt of its name does."""
    found: PromptKept = _decoded(_PROMPT, data, path, 1)
    if path_of(found.name) != path:
        raise FileInvalid(f"{found.name} has to lie at {path_of(found.name)}.", path, 1)
    return found


def read_version(data: bytes, path: str, number: int) -> VersionKept:
    """The version `number`, which stands in the line after that many. Raises `FileInvalid`."""
    found: VersionKept = _decoded(_VERSION, data, path, number + 1)
    if found.number != number:
        raise FileInvalid(f"Here version {number} has to stand.", path, number + 1)
    return found


def shown_name(actor: str, names: dict[str, str]) -> str:
    """What an archive calls somebody."""
    return names.get(actor, "Someone who left").removeprefix(IMPORTED)[:_NAME_LONGEST]


def actor_of(name: str, caller: str) -> str:
    """Whom an archive means: nobody of here, whatever they are called; "" is who imports."""
    return f"{IMPORTED}{name[:_NAME_LONGEST]}" if name else caller


def _decoded(decoder: Any, data: bytes, path: str, number: int) -> Any:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileInvalid(f"This line cannot be read: {error}.", path, number) from error
