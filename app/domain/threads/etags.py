"""ETags of threads and comments."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from app.domain.threads.schemas import CommentView, ThreadView
from app.web.conditional import Conditions, tag_of

# These follow the live text and the reader, not what anybody has said or decided here.
_BESIDE = ("span", "orphaned", "unread")
_SECOND = re.compile(r'\.[^".]*"')


def thread_etag(content: ThreadView) -> str:
    """`"thread.beside"`: whoever reads minds both parts, whoever changes the thread the first.

    Otherwise nobody could resolve a thread while somebody types: its words move with each key.
    """
    beside = tag_of([getattr(content, name) for name in _BESIDE])
    return f"{thread_mark(content)[:-1]}.{beside[1:]}"


def thread_mark(content: ThreadView) -> str:
    """The first part, as an ETag of its own."""
    covered: dict[str, Any] = msgspec.structs.asdict(content)
    for name in _BESIDE:
        del covered[name]
    return tag_of(covered)


def of_thread_alone(conditions: Conditions) -> Conditions:
    """What a call expects, without the second parts of ETags."""
    return Conditions(
        _SECOND.sub('"', conditions.if_match), _SECOND.sub('"', conditions.if_none_match)
    )


def comment_etag(content: CommentView) -> str:
    return tag_of(content)
