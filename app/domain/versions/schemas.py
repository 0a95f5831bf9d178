"""What the API takes and says about versions, labels and differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from app.domain.prompts.people import Shown
from app.domain.prompts.shapes import ActorView, MessageView, messages_view
from app.domain.versions import policy
from app.domain.versions.blame import told
from app.domain.versions.comparing import Comparison
from app.domain.versions.history import Side
from app.domain.versions.models import Version
from app.kit import diff
from app.web.describing import LARGEST_INTEGER, noted

Number = Annotated[int, noted("Of a version.", [1], minimum=1, maximum=LARGEST_INTEGER)]

UNCHANGED: Literal["version_unchanged"] = "version_unchanged"


class PublishInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version to publish, of the live text and settings as they are now."""

    message: Annotated[
        str,
        noted(
            "What has changed, in a line.",
            ["Answer in the customer's language"],
            pattern=r"^[^\u0000]*[^\s\u0000][^\u0000]*$",
            max_length=policy.MESSAGE_LONGEST,
        ),
    ]
    labels: Annotated[
        list[str],
        noted(
            "Labels to put on it at once.",
            [["staging"]],
            items={"pattern": policy.LABEL_PATTERN, "max_length": policy.LABEL_LONGEST},
        ),
    ] = []


class RestoreInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which version comes back."""

    version: Number


class ContributorView(msgspec.Struct, frozen=True):
    """Who wrote part of a version, and how much since the version before."""

    id: Annotated[str, Meta(examples=["user:0197a3c2-6a53-7cc1-9d8b-2f6f4f7d1e11"])]
    name: str
    units: Annotated[int, Meta(description="UTF-16 units written.", examples=[120])]


class VersionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A version in a list: all but its text and settings."""

    number: Annotated[int, Meta(examples=[7])]
    message: str
    author: ActorView
    contributors: list[ContributorView]
    labels: Annotated[list[str], Meta(examples=[["production", "latest"]])]
    restored_from: int | None
    sha256: Annotated[str, Meta(description="Of text and settings.")]
    created_at: datetime


class VersionView(VersionSummary, frozen=True, kw_only=True):
    """A version: it never changes."""

    text: str
    messages: list[MessageView]
    config: dict[str, Any]
    variables: list[Any]
    template_format: Annotated[str, Meta(examples=["mustache"])]


class PublishedView(VersionView, frozen=True, kw_only=True):
    """What publishing came to. `created` is false, and `code` says why, when nothing changed."""

    created: bool
    code: Literal["version_unchanged"] | None = None


class VersionList(msgspec.Struct, frozen=True):
    """Some versions, the newest first; `next_cursor` is null on the last page."""

    items: list[VersionSummary]
    next_cursor: str | None


class SpanView(msgspec.Struct, frozen=True):
    """A piece of a line. `changed` marks words that the other side does not have."""

    text: str
    changed: bool


class LineView(msgspec.Struct, frozen=True):
    """One line on one side; numbers count from 1."""

    number: int
    spans: list[SpanView]


class RowView(msgspec.Struct, frozen=True):
    """A line on either side; null where a side has none."""

    changed: bool
    old: LineView | None
    new: LineView | None


class HunkView(msgspec.Struct, frozen=True):
    """Changed lines with three unchanged ones around them."""

    rows: list[RowView]


class SettingChange(msgspec.Struct, frozen=True):
    """A setting that differs; null = not set on that side."""

    field: Annotated[str, Meta(examples=["config.temperature"])]
    old: Any
    new: Any


class MessageChangeView(msgspec.Struct, frozen=True):
    """What happened to a message as a whole; changes of its words are in the hunks."""

    change: Literal["added", "removed", "moved", "role"]
    role: Annotated[str, Meta(examples=["system"])]
    role_before: Annotated[str | None, Meta(description="For `role`: what it was.")]
    from_position: Annotated[int | None, Meta(description="From 1; null = not on that side.")]
    to_position: int | None


class DiffView(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two texts and their settings."""

    from_: str = msgspec.field(name="from")
    to: str
    identical: bool
    words_added: int
    words_removed: int
    lines_added: int
    lines_removed: int
    hunks: list[HunkView]
    settings: list[SettingChange]
    messages: list[MessageChangeView]


class BlameSpanView(msgspec.Struct, frozen=True):
    """A piece of the text that one person wrote."""

    text: str
    author: Annotated[ActorView | None, Meta(description="Null = not known.")]
    version: Annotated[
        int | None,
        Meta(description="The version that it came with; null = not known, or not published yet."),
    ]
    published_at: Annotated[datetime | None, Meta(description="When that version was published.")]


class BlameView(msgspec.Struct, frozen=True):
    """Who wrote what of a text; the pieces are the whole text, in order."""

    of: Annotated[str, Meta(description="As it was asked for.", examples=["draft"])]
    spans: list[BlameSpanView]


def author(people: dict[str, Shown], actor: str) -> ActorView:
    return ActorView(actor, people[actor].name)


def _summary(version: Version, labels: list[str], people: dict[str, Shown]) -> dict[str, Any]:
    return {
        "number": version.number,
        "message": version.message,
        "author": author(people, version.author),
        "contributors": [
            ContributorView(one["actor"], people[one["actor"]].name, one["units"])
            for one in version.contributors
        ],
        "labels": labels,
        "restored_from": version.restored_from,
        "sha256": version.content_sha256,
        "created_at": version.created_at,
    }


def _whole(version: Version, labels: list[str], people: dict[str, Shown]) -> dict[str, Any]:
    return _summary(version, labels, people) | {
        "text": version.text,
        "messages": messages_view(version.text),
        "config": version.config,
        "variables": version.variables,
        "template_format": version.template_format,
    }


def summary(version: Version, labels: list[str], people: dict[str, Shown]) -> VersionSummary:
    return VersionSummary(**_summary(version, labels, people))


def view(version: Version, labels: list[str], people: dict[str, Shown]) -> VersionView:
    return VersionView(**_whole(version, labels, people))


def published(
    version: Version, labels: list[str], people: dict[str, Shown], *, is_new: bool
) -> PublishedView:
    code: Literal["version_unchanged"] | None = None if is_new else UNCHANGED
    return PublishedView(created=is_new, code=code, **_whole(version, labels, people))


def blame_view(side: Side, people: dict[str, Shown], dates: Mapping[int, datetime]) -> BlameView:
    return BlameView(
        side.ref,
        [
            BlameSpanView(
                piece,
                author(people, span.actor) if span.actor else None,
                span.number if span.number in dates else None,
                dates.get(span.number),
            )
            for piece, span in told(side.text, side.blame)
        ],
    )


def diff_view(comparison: Comparison) -> DiffView:
    counted = comparison.counted
    return DiffView(
        from_=comparison.old.ref,
        to=comparison.new.ref,
        identical=comparison.is_empty,
        words_added=counted.words_added,
        words_removed=counted.words_removed,
        lines_added=counted.lines_added,
        lines_removed=counted.lines_removed,
        hunks=_hunks(comparison.rows),
        settings=[
            SettingChange(
                field,
                setting_at(comparison.old, field),
                setting_at(comparison.new, field),
            )
            for field in comparison.fields
        ],
        messages=[
            MessageChangeView(one.kind, one.role, one.role_before or None, one.before, one.after)
            for one in comparison.messages
        ],
    )


def setting_at(side: Side, field: str) -> Any:
    """The value at config.<key>, variables.<name> or template_format; None = not set."""
    if field == "template_format":
        return side.template_format
    kind, _, name = field.partition(".")
    if kind == "config":
        return side.config.get(name)
    if not name:  # the order of variables
        return [one["name"] for one in side.variables]
    return next((one for one in side.variables if one["name"] == name), None)


def _hunks(rows: Sequence[diff.Row]) -> list[HunkView]:
    hunks: list[list[RowView]] = [[]]
    if any(row.changed for row in rows):
        for part in diff.folded(rows):
            if isinstance(part, diff.Fold):
                hunks.append([])
            else:
                hunks[-1].append(RowView(part.changed, _line(part.old), _line(part.new)))
    return [HunkView(hunk) for hunk in hunks if hunk]


def _line(line: diff.Line | None) -> LineView | None:
    if line is None:
        return None
    return LineView(line.number, [SpanView(span.text, span.changed) for span in line.spans])
