"""Records as prompts that are to be made.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.exchange import archive, mapping
from app.domain.exchange.archive import BranchKept, PromptKept, VersionKept
from app.domain.exchange.record import Record
from app.domain.prompts import policy, settings, template
from app.domain.prompts.settings import Settings, settings_of
from app.kit import clock


@dataclass(frozen=True, slots=True)
class Wanted:
    """A prompt to be there: its first line, its versions, and whence."""

    kept: PromptKept
    versions: Callable[[], Iterator[VersionKept]]
    file: str
    is_archived: bool  # of an archive: all that is kept of it counts, and not only its words


def kept(name: str, last: Record, labels: dict[str, int]) -> PromptKept:
    """A new prompt that is being written as the last of its records says."""
    now = clock.utc_now()
    text = policy.normal_text(last.text)
    return PromptKept(
        name=name,
        title=" ".join(last.title.split()) or policy.title_from(name),
        description=last.description,
        folder=policy.normal_folder(last.folder),
        tags=policy.normal_tags(last.tags),
        created_by="",
        created_at=now,
        edited_at=now,
        archived_at=None,
        branches=[BranchKept("main", text, *_settings(last))],
        labels=labels,
        moves=[archive.MoveKept(label, None, number, "", now) for label, number in labels.items()],
        old_names=[],
    )


def version(number: int, one: Record, file: str, now: datetime) -> VersionKept:
    return VersionKept(
        number=number,
        branch="main",
        text=policy.normal_text(one.text),
        **_settings(one)._asdict(),
        message=one.message or f"Import from {file}",
        author="",
        contributors=[],
        restored_from=None,
        created_at=now,
    )


def _settings(record: Record) -> Settings:
    """With the variables as they will be stored, so that they compare."""
    variables = settings.checked_variables(list(mapping.variables_of(record)))
    return Settings(mapping.config_of(record), variables, mapping.template_format_of(record))


def says(kept: PromptKept) -> Any:
    """What a file of another tool can say of a prompt: its words and settings."""
    [main] = [one for one in kept.branches if one.name == "main"]
    return template.messages_of(main.text), settings_of(main)
