"""Rules about comments that need neither database nor clock."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Literal
from uuid import UUID

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.prompts.policy import is_storable
from app.domain.threads.errors import CommentInvalid, MentionRefused, ReactionUnknown

OPEN = "open"
RESOLVED = "resolved"
Filter = Literal["open", "mine", "resolved", "all"]

BODY_LONGEST = 10_000  # characters
MOST_MENTIONS = 20  # in one comment
MOST_COMMENTS = 500  # in one thread, deleted ones included
MOST_THREADS = 10_000  # on one prompt

# What a reaction is called in the API, and how it looks.
REACTIONS: Mapping[str, str] = {
    "agree": "👍",
    "disagree": "👎",
    "thanks": "❤️",
    "celebrate": "🎉",
    "looking": "👀",
    "done": "✅",
}

# @[Priya Raman](user:0197a3c2-6a53-7cc1-9d8b-2f6f4f7d1e11), as the composer completes it. The id
# counts; the name is for people who read the source, and shown is what the person is called now.
MENTION = re.compile(
    r"@\[(?P<name>[^\[\]\n]{1,120})\]"
    r"\(user:(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\)"
)


def mention(user_id: UUID, name: str) -> str:
    """The source of a mention, as `mentioned` reads it."""
    plain = re.sub(r"[\[\]\n]", "", name).strip()[:120]
    return f"@[{plain or 'somebody'}](user:{user_id})"


def mentioned(body: str) -> dict[UUID, str]:
    """Whom a comment names, in order, with the names as they are written."""
    found: dict[UUID, str] = {}
    for one in MENTION.finditer(body):
        found.setdefault(UUID(one["id"]), one["name"])
    return found


def checked_body(body: str) -> str:
    """`body` with one kind of line end and nothing around it. Raises `CommentInvalid`."""
    body = body.replace("\r\n", "\n").replace("\r", "\n").strip()
    if problem := body_problem(body):
        raise CommentInvalid({"body": problem})
    return body


def body_problem(body: str) -> str:
    """What is wrong with a comment, "" when nothing is."""
    if not body:
        return "Write something."
    if len(body) > BODY_LONGEST:
        return f"Use at most {BODY_LONGEST:,} characters."
    if not is_storable(body):
        return "Leave out NUL characters and halves of surrogate pairs."
    if len(mentioned(body)) > MOST_MENTIONS:
        return f"Mention at most {MOST_MENTIONS} people."
    return ""


def check_mentions(caller: Principal, named: Mapping[UUID, str], members: Collection[UUID]) -> None:
    """Raises `MentionRefused` about those of `named` who are no members of the workspace."""
    strangers = {user_id: name for user_id, name in named.items() if user_id not in members}
    if not strangers:
        return
    names = " and ".join(_listed(list(strangers.values())))
    are = "are no members" if len(strangers) > 1 else "is no member"
    if caller.can(Permission.MEMBERS_MANAGE):
        what = "Invite them under Settings, Members, or take the mention out."
    else:
        what = "Ask an admin to invite them, or take the mention out."
    raise MentionRefused(
        f"{names} {are} of this workspace. {what}", user_ids=[str(one) for one in strangers]
    )


def _listed(names: list[str]) -> Iterator[str]:
    """As in "A, B and C", without the last comma."""
    if len(names) > 1:
        yield ", ".join(names[:-1])
    yield names[-1]


def check_reaction(name: str) -> None:
    """Raises `ReactionUnknown`."""
    if name not in REACTIONS:
        raise ReactionUnknown(f"Use one of {', '.join(REACTIONS)}.")


def may_delete(caller: Principal, author: str) -> bool:
    """Whether the caller may take away what `author` wrote."""
    return caller.can(Permission.COMMENTS_WRITE) and (
        author == caller.actor or caller.can(Permission.WORKSPACE_MANAGE)
    )
