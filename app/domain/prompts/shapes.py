"""Shapes that the API of prompts shares with those of the slices above it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.domain.prompts import template
from app.errors import AppError
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


class WarningView(msgspec.Struct, frozen=True):
    """What did not keep a label from going back, and should be looked at."""

    code: Annotated[
        str,
        Meta(
            description="What fetching answers now; see /api/docs/errors.",
            examples=["reference_unresolved"],
        ),
    ]
    detail: Annotated[
        str, Meta(examples=["a includes tone, which has nothing under the label eu."])
    ]
    reference: Annotated[
        str | None, Meta(description="The name that leads nowhere.", examples=["tone"])
    ] = None
    chain: Annotated[
        list[str], Meta(description="Names, the way through the prompts.", examples=[[]])
    ] = []


def warning_view(error: AppError) -> WarningView:
    extra = error.extra
    return WarningView(error.code, error.detail, extra.get("reference"), extra.get("chain", []))


def messages_view(text: str) -> list[MessageView]:
    return [MessageView(one.role, one.content) for one in template.messages_of(text)]
