"""What the API takes and says about threads and comments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.domain.prompts.people import Shown
from app.domain.prompts.shapes import ActorView
from app.domain.threads.anchoring import Anchor, Span
from app.domain.threads.errors import AnchorInvalid
from app.domain.threads.policy import BODY_LONGEST
from app.domain.threads.reading import Counts
from app.domain.threads.views import Conversation, Said
from app.web.describing import BASE64, LARGEST_INTEGER, noted

State = Literal["open", "resolved"]
_PLACE = {"minimum": 0, "maximum": LARGEST_INTEGER}
Body = Annotated[
    str,
    noted(
        "Markdown: emphasis, code, links, lists, quotes; no HTML, no pictures. "
        "@[Name](user:id) mentions a member. At most 10,000 characters.",
        ["Is this still *14 days*?"],
        pattern=r"\S",
        max_length=BODY_LONGEST,
    ),
]
CommentId = Annotated[
    UUID | None,
    Meta(
        description="An id of your making: sent twice, the comment is written once.",
        examples=["0197a3c2-6a53-7cc1-9d8b-2f6f4f7d1e12"],
    ),
]


class PositionsView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two encoded Yjs relative positions (base64), valid in the document of this epoch."""

    start: Annotated[bytes, noted(examples=["AAECAwA="], pattern=BASE64)]
    end: Annotated[bytes, noted(examples=["AAECBwA="], pattern=BASE64)]
    epoch: str = ""


class AnchorInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words of the live text: a quote, or a span in UTF-16 units, or both; neither = all of it.

    `prefix` and `suffix` say which of several places a quote means. Yjs clients add positions.
    """

    quote: Annotated[str, Meta(examples=["within 14 days"])] = ""
    prefix: Annotated[str, Meta(description="What stands before it.", examples=["refund "])] = ""
    suffix: str = ""
    start: Annotated[int | None, noted(examples=[0], **_PLACE)] = None
    end: Annotated[int | None, noted(examples=[14], **_PLACE)] = None
    positions: PositionsView | None = None


class ThreadInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A thread to start. Without an anchor it is about the whole prompt."""

    body: Body
    anchor: AnchorInput | None = None
    id: CommentId = None


class ThreadPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Resolve a thread, reopen it, or put it on other words."""

    state: Annotated[State | UnsetType, Meta(examples=["resolved"])] = UNSET
    anchor: AnchorInput | UnsetType = UNSET


class CommentInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reply."""

    body: Body
    id: CommentId = None


class CommentPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a comment says from now on."""

    body: Body


class ReadInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a thread was read: so many comments; null = all that are there."""

    number: Annotated[int | None, noted("Of a comment.", [1], minimum=0)] = None


class SpanView(msgspec.Struct, frozen=True):
    """Where the words are in the live text now, or in the one asked about, in UTF-16 units."""

    start: Annotated[int, Meta(examples=[120])]
    end: Annotated[int, Meta(examples=[134])]


class ReactionView(msgspec.Struct, frozen=True):
    """A reaction, and who had it."""

    reaction: Annotated[str, Meta(examples=["agree"])]
    emoji: Annotated[str, Meta(examples=["👍"])]
    people: list[ActorView]


class CommentView(msgspec.Struct, frozen=True, kw_only=True):
    """A comment. A deleted one keeps its place, without a word."""

    id: UUID
    number: Annotated[int, Meta(description="Its place in the thread, from 1.", examples=[1])]
    author: ActorView
    body: Annotated[str, noted("Markdown; empty when it was deleted.", ["Is this *14 days*?"])]
    mentions: list[ActorView]
    reactions: list[ReactionView]
    created_at: datetime
    edited_at: datetime | None
    deleted: bool


class ThreadView(msgspec.Struct, frozen=True, kw_only=True):
    """A thread. `orphaned` says that its words are gone; it keeps its quote."""

    id: UUID
    prompt_id: UUID
    number: Annotated[int, Meta(description="Its place among the prompt's, from 1.", examples=[7])]
    state: State
    orphaned: bool
    quote: Annotated[
        str, Meta(description="Empty: about the whole prompt.", examples=["within 14 days"])
    ]
    prefix: str
    suffix: str
    span: SpanView | None
    positions: PositionsView | None
    started_by: ActorView
    created_at: datetime
    updated_at: datetime
    resolved_by: ActorView | None
    resolved_at: datetime | None
    comment_count: Annotated[int, Meta(description="Without deleted ones.", examples=[3])]
    unread: Annotated[
        int, Meta(description="Comments of others that this key has not marked as read.")
    ]
    comments: list[CommentView]
    left_out: Annotated[
        int, Meta(description="In lists: comments between the first and the 20 newest.")
    ]


class ThreadCounts(msgspec.Struct, frozen=True):
    """How many threads each filter would list."""

    open: Annotated[int, Meta(examples=[4])]
    mine: Annotated[int, Meta(description="Open ones that this key has written in.")]
    resolved: Annotated[int, Meta(examples=[11])]


class ThreadList(msgspec.Struct, frozen=True):
    """Some threads, the newest first; `next_cursor` is null on the last page."""

    items: list[ThreadView]
    counts: ThreadCounts
    next_cursor: str | None


def anchor_from(given: AnchorInput | None) -> Anchor:
    """Raises `AnchorInvalid`."""
    if given is None:
        return Anchor()
    if (given.start is None) != (given.end is None):
        raise AnchorInvalid({"anchor": "Give start and end, or neither."})
    positions = given.positions
    return Anchor(
        quote=given.quote,
        prefix=given.prefix,
        suffix=given.suffix,
        start=given.start,
        end=given.end,
        positions=(positions.start, positions.end) if positions else None,
        epoch=positions.epoch if positions else "",
    )


def comment_view(said: Said) -> CommentView:
    return CommentView(
        id=said.id,
        number=said.number,
        author=_actor(said.author),
        body=said.body,
        mentions=[ActorView(f"user:{user_id}", name) for user_id, name in said.names.items()],
        reactions=[
            ReactionView(one.name, one.emoji, [_actor(who) for who in one.people])
            for one in said.reactions
        ],
        created_at=said.created_at,
        edited_at=said.edited_at,
        deleted=said.is_deleted,
    )


def thread_view(shown: Conversation, span: Span | None) -> ThreadView:
    row = shown.row
    return ThreadView(
        id=row.id,
        prompt_id=row.prompt_id,
        number=row.number,
        state="open" if shown.is_open else "resolved",
        orphaned=bool(row.quote) and span is None,
        quote=row.quote,
        prefix=row.prefix,
        suffix=row.suffix,
        span=SpanView(*span) if span else None,
        positions=_positions(shown),
        started_by=_actor(shown.started_by),
        created_at=row.created_at,
        updated_at=row.updated_at,
        resolved_by=_actor(shown.resolved_by) if shown.resolved_by else None,
        resolved_at=row.resolved_at,
        comment_count=row.comment_count,
        unread=shown.unread,
        comments=[comment_view(one) for one in shown.comments],
        left_out=shown.left_out,
    )


def list_view(
    shown: Sequence[Conversation], spans: Sequence[Span | None], counts: Counts, after: str | None
) -> ThreadList:
    items = [thread_view(one, span) for one, span in zip(shown, spans, strict=True)]
    return ThreadList(items, ThreadCounts(counts.open, counts.mine, counts.resolved), after)


def _positions(shown: Conversation) -> PositionsView | None:
    row = shown.row
    if row.start_position is None or row.end_position is None:
        return None
    return PositionsView(row.start_position, row.end_position, row.epoch)


def _actor(who: Shown) -> ActorView:
    return ActorView(who.id, who.name)
