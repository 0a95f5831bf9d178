"""Who is told what, and how: rules without database and clock."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

# From what concerns a person most to what concerns them least: of several reasons the first counts.
MENTION, REPLY, THREAD, RESOLVED, PUBLISHED = "mention", "reply", "thread", "resolved", "published"
INCLUDED = "included"
KINDS = (MENTION, REPLY, THREAD, RESOLVED, PUBLISHED, INCLUDED)
REOPENED = "reopened"  # told to those, and wished for as, what is resolved

ALL, UNREAD, MENTIONS = "all", "unread", "mentions"  # what the inbox shows
SHOWN = (UNREAD, ALL, MENTIONS)

BOTH, INBOX, OFF = "both", "inbox", "off"
WAYS = (BOTH, INBOX, OFF)
DEFAULT_WAYS: Mapping[str, str] = {
    MENTION: BOTH,
    REPLY: BOTH,
    THREAD: INBOX,
    RESOLVED: INBOX,
    PUBLISHED: INBOX,
    INCLUDED: INBOX,
}
DELAYS = (5, 10, 30, 60, 240)  # minutes unread before an e-mail, to choose from
DEFAULT_DELAY = 10

KEEP_READ = timedelta(days=90)
# Notices that nobody was mailed about by then never are: a mail server that comes back after a
# week, or is configured for the first time, does not get all that happened meanwhile.
MAIL_UP_TO = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wishes:
    """A person's notification settings in one workspace."""

    ways: Mapping[str, str] = field(default_factory=dict)
    by_mail: bool = True
    mail_after_minutes: int = DEFAULT_DELAY

    def way(self, kind: str) -> str:
        kind = RESOLVED if kind == REOPENED else kind
        chosen = self.ways.get(kind)
        return chosen if chosen in WAYS else DEFAULT_WAYS[kind]

    def wants(self, kind: str) -> bool:
        return self.way(kind) != OFF

    def wants_mail(self, kind: str) -> bool:
        return self.by_mail and self.way(kind) == BOTH


@dataclass(frozen=True, slots=True)
class Someone:
    """A member as they stand to a prompt; `muted` are subjects of it."""

    user_id: UUID
    follows: bool
    muted: Collection[UUID]
    wishes: Wishes


@dataclass(frozen=True, slots=True)
class Cause:
    """What happened, as far as it decides who is told."""

    actor: str
    prompt_id: UUID
    thread_id: UUID | None = None
    mentioned: Collection[UUID] = ()
    involved: Collection[UUID] = ()  # who wrote in the thread
    by_way_of: Collection[UUID] = ()  # other prompts, of which the followers are told instead
    for_mentioned: str = MENTION
    for_involved: str = ""  # a kind; "" = they are not told for that
    for_followers: str = ""


@dataclass(frozen=True, slots=True)
class Telling:
    """That somebody is told, as what, and whether an e-mail says so, too."""

    user_id: UUID
    kind: str
    mail_at: datetime | None


def told(cause: Cause, people: Collection[Someone], at: datetime) -> Iterator[Telling]:
    """Who of `people` is told; nobody of what they did themselves."""
    for one in people:
        kind = _kind(cause, one)
        if kind and f"user:{one.user_id}" != cause.actor and one.wishes.wants(kind):
            delay = timedelta(minutes=one.wishes.mail_after_minutes)
            mail_at = at + delay if one.wishes.wants_mail(kind) else None
            yield Telling(one.user_id, kind, mail_at)


def _kind(cause: Cause, one: Someone) -> str:
    if one.user_id in cause.mentioned:
        return cause.for_mentioned  # by name: that is said in spite of a mute
    if cause.prompt_id in one.muted or cause.thread_id in one.muted:
        return ""
    if one.user_id in cause.involved and cause.for_involved:
        return cause.for_involved
    return cause.for_followers if one.follows else ""


def wishes_from(ways: Mapping[str, Any], *, by_mail: bool, mail_after_minutes: int) -> Wishes:
    """From a form or a row; what nobody can have chosen counts as not chosen."""
    return Wishes(
        {kind: str(way) for kind, way in ways.items() if kind in KINDS and way in WAYS},
        by_mail,
        mail_after_minutes if mail_after_minutes in DELAYS else DEFAULT_DELAY,
    )
