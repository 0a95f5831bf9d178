"""What the API takes and says about prompts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.domain.prompts import message_edits, policy, template
from app.domain.prompts.errors import PromptInvalid
from app.domain.prompts.fields import (
    Config,
    Description,
    Folder,
    Name,
    Tags,
    TemplateFormat,
    Text,
    Title,
    VariableView,
)
from app.domain.prompts.library.listing import Listed
from app.domain.prompts.message_edits import Change
from app.domain.prompts.models import Branch, Prompt
from app.domain.prompts.people import Shown
from app.domain.prompts.ports import Release
from app.domain.prompts.service import Details, NewPrompt, Opened
from app.domain.prompts.shapes import ActorView, MessageView, messages_view
from app.domain.rooms.room.document import Plan
from app.domain.rooms.service import check_size
from app.kit import edits
from app.web.describing import STORABLE, noted


class PromptInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A prompt to make. Give `text` or `messages`, not both."""

    name: Name
    title: Title = ""
    description: Description = ""
    folder: Folder = ""
    tags: Tags = []
    text: Text | UnsetType = UNSET
    messages: list[MessageView] | UnsetType = UNSET
    config: Config = {}
    variables: list[VariableView] = []
    template_format: TemplateFormat = "mustache"


class PromptPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Changes of a prompt: what is not given stays.

    `config` is merged (null takes a key out); `variables` and `tags` replace the present ones;
    `text` or `messages` become an edit that everyone in the room sees arrive.
    """

    name: Name | UnsetType = UNSET
    title: Title | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    folder: Folder | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    archived: bool | UnsetType = UNSET
    text: Text | UnsetType = UNSET
    messages: list[MessageView] | UnsetType = UNSET
    config: Config | UnsetType = UNSET
    variables: list[VariableView] | UnsetType = UNSET
    template_format: TemplateFormat | UnsetType = UNSET
    base: Annotated[
        str | UnsetType,
        noted(
            "The `text` that was read and changed. With it only what was changed "
            "between it and the new one is changed in the live text, whatever others have "
            "written meanwhile; without it the live text becomes the new one. Goes with `text` or "
            "`messages` alone.",
            pattern=STORABLE,
        ),
    ] = UNSET


class PlacedMessage(msgspec.Struct, frozen=True):
    """One message of the live text. `index` counts from 0, marks of history included."""

    index: Annotated[int, Meta(examples=[1])]
    role: Annotated[Literal["system", "user", "assistant", "history"], Meta(examples=["user"])]
    content: Annotated[
        str, Meta(description="Template source.", examples=["You triage refunds for {{shop}}."])
    ]


class PlacedMessageList(msgspec.Struct, frozen=True):
    """All messages of the live text, in order."""

    items: list[PlacedMessage]


class MessagePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new content for a message, made from the one that was read."""

    content: Annotated[
        str, noted(examples=["You triage refunds for {{shop}}. Be brief."], pattern=STORABLE)
    ]
    base: Annotated[
        str,
        noted(
            "The message's `content` as it was read.",
            ["You triage refunds for {{shop}}."],
            pattern=STORABLE,
        ),
    ]
    role: Annotated[
        Literal["system", "user", "assistant", "model"] | UnsetType,
        Meta(description="Not given: as it is. model means assistant."),
    ] = UNSET


class RoomView(msgspec.Struct, frozen=True):
    """Where the text is edited live, by any Yjs client."""

    id: UUID
    url: Annotated[
        str, Meta(examples=["wss://promptroom.example/rooms/0197a3c2-6a53-7cc1-9d8b-2f6f4f7d1e11"])
    ]


class SplitView(msgspec.Struct, frozen=True):
    """The candidate of a label that splits, and how many get it."""

    version: int
    percent: float


class PromptSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt in a list: all but its text."""

    id: UUID
    name: Name
    title: str
    description: str
    folder: str
    tags: list[str]
    config: Config
    variables: list[Any]
    template_format: str
    version: Annotated[int | None, Meta(description="The newest version's number.", examples=[7])]
    labels: Annotated[
        dict[str, int],
        Meta(description="Which version each label is on.", examples=[{"production": 6}]),
    ]
    rollouts: Annotated[
        dict[str, SplitView],
        Meta(
            description="Of labels that split: what some get instead.",
            examples=[{"production": {"version": 7, "percent": 10}}],
        ),
    ]
    owner: ActorView | None
    archived: bool
    created_at: datetime
    edited_at: datetime
    room: RoomView


class PromptView(PromptSummary, frozen=True, kw_only=True):
    """A prompt as it is being written. Programs fetch released versions instead."""

    text: Text
    messages: list[MessageView]


class PromptList(msgspec.Struct, frozen=True):
    """Some prompts, the last edited first; `next_cursor` is null on the last page."""

    items: list[PromptSummary]
    next_cursor: str | None


class TicketView(msgspec.Struct, frozen=True):
    """A minute's entry to one room, for clients that can set neither cookie nor header."""

    ticket: str
    expires_in: Annotated[int, Meta(description="Seconds.", examples=[60])]
    url: Annotated[str, Meta(description="The room's address with the ticket.")]


def new_prompt(data: PromptInput) -> NewPrompt:
    """Raises `PromptInvalid`."""
    return NewPrompt(
        name=data.name,
        title=" ".join(data.title.split()),
        description=data.description.strip(),
        folder=data.folder.strip(),
        tags=tuple(data.tags),
        text=text_from(data.text, data.messages) or "",
        config=data.config,
        variables=tuple(variables_from(data.variables)),
        template_format=data.template_format,
    )


def details(data: PromptPatch) -> Details:
    given = {
        name: value
        for name in ("name", "title", "description", "folder", "tags", "archived")
        if (value := getattr(data, name)) is not UNSET
    }
    if "tags" in given:
        given["tags"] = tuple(given["tags"])
    return Details(**given)


def text_from(text: str | UnsetType, messages: Sequence[MessageView] | UnsetType) -> str | None:
    """The template in either shape; None = neither was given. Raises `PromptInvalid`."""
    if text is not UNSET and messages is not UNSET:
        raise PromptInvalid({"messages": "Give text or messages, not both."})
    if text is not UNSET:
        return policy.normal_text(text)
    if messages is UNSET:
        return None
    if any(one.role == "history" and one.content for one in messages):
        raise PromptInvalid({"messages": "A history mark has no content."})
    return template.text_of(
        template.Message(
            "assistant" if one.role == "model" else one.role, policy.normal_text(one.content)
        )
        for one in messages
    )


def plan_from(data: PromptPatch) -> Plan | None:
    """How the live text is to be edited; None = not at all. Raises `PromptInvalid`."""
    text = text_from(data.text, data.messages)
    if text is None:
        if data.base is not UNSET:
            raise PromptInvalid({"base": "Give the new text or messages, too."})
        return None
    check_size(text)
    if data.base is UNSET:
        return lambda live: list(edits.between(live, text))
    alone = {"text", "messages", "base"}
    if any(getattr(data, name) is not UNSET for name in set(data.__struct_fields__) - alone):
        raise PromptInvalid({"base": "Send it with text or messages alone: all of it, or nothing."})
    base = policy.normal_text(data.base)
    return lambda live: message_edits.merged_text(live, base, text)


def message_change(index: int, data: MessagePatch) -> Change:
    role = None if data.role is UNSET else data.role
    return Change(
        index,
        policy.normal_text(data.content),
        policy.normal_text(data.base),
        "assistant" if role == "model" else role,
    )


def placed_messages(text: str) -> PlacedMessageList:
    messages = enumerate(template.messages_of(text))
    return PlacedMessageList([placed_message(index, one) for index, one in messages])


def placed_message(index: int, message: template.Message) -> PlacedMessage:
    return PlacedMessage(index, message.role, message.content)


def variables_from(given: Sequence[VariableView]) -> list[dict[str, Any]]:
    """As settings take them: what was not given is absent."""
    plain: list[dict[str, Any]] = [msgspec.to_builtins(one) for one in given]
    return [{k: v for k, v in one.items() if (k, v) != ("required", None)} for one in plain]


def _common(
    prompt: Prompt | Listed, branch: Branch | Listed, owner: Shown | None, release: Release
) -> dict[str, Any]:
    return {
        "id": prompt.id,
        "name": prompt.name,
        "title": prompt.title,
        "description": prompt.description,
        "folder": prompt.folder,
        "config": branch.config,
        "variables": branch.variables,
        "template_format": branch.template_format,
        "version": release.newest,
        "labels": release.labels,
        "rollouts": {
            label: SplitView(one.version, one.percent) for label, one in release.rollouts.items()
        },
        "owner": ActorView(owner.id, owner.name) if owner else None,
        "archived": prompt.archived_at is not None,
        "created_at": prompt.created_at,
        "edited_at": prompt.edited_at,
    }


def summary(row: Listed, tags: list[str], room_url: str) -> PromptSummary:
    room = RoomView(row.room_id, room_url)
    return PromptSummary(tags=tags, room=room, **_common(row, row, row.owner, row.release))


def view(opened: Opened, release: Release, text: str, room_url: str) -> PromptView:
    room = RoomView(opened.branch.id, room_url)
    return PromptView(
        tags=opened.tags,
        text=text,
        messages=messages_view(text),
        room=room,
        **_common(opened.prompt, opened.branch, opened.owner, release),
    )
