"""What an inclusion reaches: rules without database and clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.prompts import template
from app.domain.releases.selector import LATEST, PRODUCTION, Selector, referred
from app.kit.edits import Edit


@dataclass(frozen=True, slots=True)
class Use:
    """A reference, as it is written, in one version or in the live text."""

    name: str
    label: str  # "" = none written
    number: int  # of the version; 0 = the live text
    labels: tuple[str, ...]  # on that version; `latest` is among them
    candidate_of: tuple[str, ...] = ()  # labels that give that version to some

    @property
    def released(self) -> set[str]:
        """Labels by which programs can get that version."""
        return {*self.labels, *self.candidate_of} - {LATEST}

    def means(self, label: str, there: Collection[str]) -> bool:
        """Whether a program can get the prompt under `label` by this.

        `there` are the labels that the included prompt has: where the label asked for is not
        among them, a reference without one means production. Nobody waits for `latest` who has not
        written it.
        """
        if self.number == 0:
            return False
        if self.label:
            return self.label == label
        for asked in self.released:
            wanted = [one.label for one in referred(None, Selector(asked))]
            if label == next((one for one in wanted if one in there), PRODUCTION):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Dependant:
    """A prompt that includes another one, and where it does."""

    id: UUID
    name: str
    title: str
    archived_at: datetime | None
    uses: tuple[Use, ...]

    def reaches(self, label: str, there: Collection[str]) -> bool:
        return any(one.means(label, there) for one in self.uses)


@dataclass(frozen=True, slots=True)
class Outdated:
    """A prompt whose live text includes another one by names that it had before."""

    id: UUID
    name: str
    title: str
    written: list[str]


def renamed(text: str, names: Mapping[str, str]) -> list[Edit]:
    """The edits that write the new name into the references that have an old one.

    `{{>`, label and spaces stay as they were written, and so does what only looks like it.
    """
    return [
        (*match.span("reference"), names[match["reference"]])
        for match in template.EXPRESSION.finditer(text)
        if match["reference"] in names
    ]


def labels_on(number: int, newest: int | None, labels: Mapping[str, int]) -> tuple[str, ...]:
    """Of a version, `latest` last."""
    named = [name for name, at in labels.items() if at == number]
    return (*named, LATEST) if number and number == newest else tuple(named)


def candidate_of(number: int, candidates: Mapping[str, int]) -> tuple[str, ...]:
    """Labels that give a version to some."""
    return tuple(name for name, at in candidates.items() if number and at == number)


def among(names: Collection[str], most: int = 3) -> str:
    """`a, b, c and 2 more`."""
    listed = list(names)
    if len(listed) <= most:
        head, last = listed[:-1], listed[-1:]
        return " and ".join([*([", ".join(head)] if head else []), *last])
    return f"{', '.join(listed[:most])} and {len(listed) - most} more"
