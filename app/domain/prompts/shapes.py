"""Shapes that the API of prompts shares with those of the slices above it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.domain.prompts import template
from app.web.describing import STORABLE, noted


class MessageView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message of a template. `history` marks where the caller's own messages go."""

    role: Annotated[
        Literal["system", "user", "assistant", "model", "history"],
        Meta(description="model means assistant; history has no content.", examples=["system"]),
    ]
    content: Annotated[
        str,
        noted("Template source.", ["You triage refunds for {{shop}}."], pattern=STORABLE),
    ] = ""


class ActorView(msgspec.Struct, frozen=True):
    """A person or an API key."""

    id: Annotated[str, Meta(examples=["user:0197a3c2-6a53-7cc1-9d8b-2f6f4f7d1e11"])]
    name: Annotated[str, Meta(examples=["Priya Natarajan"])]


def messages_view(text: str) -> list[MessageView]:
    return [MessageView(one.role, one.content) for one in template.messages_of(text)]
