"""Threads as their templates want them."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.accounts.policy import initials
from app.domain.threads import rendering
from app.domain.threads.models import Thread
from app.domain.threads.reading import Counts, Mentionable
from app.domain.threads.views import Conversation, Said

_QUOTED = 400  # characters of a quote that a card shows; the style shows three lines of them


@dataclass(frozen=True, slots=True)
class Place:
    """Whose page it is, and where."""

    caller: Principal
    base: str  # /w/acme/prompts/<id>/threads
    prompt_id: UUID

    @property
    def context(self) -> dict[str, Any]:
        """What every card is drawn with beside its thread."""
        caller = self.caller
        me = {"name": caller.name, "hue": caller.hue, "initials": initials(caller.name)}
        return {
            "base": self.base,
            "can_comment": caller.can(Permission.COMMENTS_WRITE),
            "me": me,
            "draft": f"{caller.actor}:{self.prompt_id}",
        }


def anchor(thread: Thread) -> dict[str, Any]:
    """For the editor, which resolves positions, or finds the words where they lead nowhere."""
    return {
        "id": str(thread.id),
        "start": _position(thread.start_position),
        "end": _position(thread.end_position),
        "epoch": thread.epoch,
        "quote": thread.quote,
        "prefix": thread.prefix,
        "suffix": thread.suffix,
        "from": thread.start or 0,
    }


def _position(encoded: bytes | None) -> str | None:
    return None if encoded is None else base64.b64encode(encoded).decode()


def card(
    shown: Conversation, caller: Principal, *, is_gone: bool = False, editing: UUID | None = None
) -> dict[str, Any]:
    """The `thread` of threads/_body.html."""
    row = shown.row
    quote = row.quote if len(row.quote) <= _QUOTED else row.quote[:_QUOTED] + "…"
    return {
        "id": str(row.id),
        "number": row.number,
        "state": row.state,
        "quote": quote,
        "anchor": json.dumps(anchor(row), ensure_ascii=False),
        "is_gone": is_gone,
        "count": row.comment_count,
        "left_out": shown.left_out,
        "last": row.last_number,
        "unread": shown.unread,
        "comments": [_comment(one, caller, editing) for one in shown.comments],
        "resolved_by": shown.resolved_by,
    }


def _comment(said: Said, caller: Principal, editing: UUID | None) -> dict[str, Any]:
    return {
        "id": str(said.id),
        "number": said.number,
        "author": said.author,
        "html": rendering.html(said.body, said.names, caller.user_id),
        "source": said.body,
        "at": said.created_at,
        "is_edited": said.edited_at is not None,
        "is_deleted": said.is_deleted,
        "is_unread": said.is_unread,
        "is_editing": said.can_edit and said.id == editing,
        "reactions": said.reactions,
        "can_edit": said.can_edit,
        "can_delete": said.can_delete,
    }


def panel(place: Place, shown: str, counts: Counts) -> dict[str, Any]:
    """What threads/_panel.html takes beside the cards."""
    return {
        **place.context,
        "shown": shown,
        "counts": {"open": counts.open, "mine": counts.mine, "resolved": counts.resolved},
    }


def cards(
    place: Place,
    shown: Sequence[Conversation],
    gone: Sequence[bool] = (),
    *,
    next_href: str = "",
    editing: UUID | None = None,
) -> dict[str, Any]:
    """What threads/_cards.html takes. `gone` says of each whether its words are."""
    are = list(gone) or [False] * len(shown)
    threads = [
        card(one, place.caller, is_gone=is_gone, editing=editing)
        for one, is_gone in zip(shown, are, strict=True)
    ]
    return {**place.context, "threads": threads, "next_href": next_href}


def next_href(base: str, shown: str, cursor: str | None) -> str:
    return f"{base}?{urlencode({'show': shown, 'cursor': cursor})}" if cursor else ""


def people(found: Sequence[Mentionable], invite: str) -> dict[str, Any]:
    """What the list under an @ offers; `invite` is where one who is missing is invited."""
    listed = [
        {
            "id": str(one.user_id),
            "name": one.person.name,
            "hue": one.person.hue,
            "initials": one.person.initials,
            "is_here": one.is_here,
            "note": "",
        }
        for one in found
    ]
    return {"people": listed, "invite": invite}
