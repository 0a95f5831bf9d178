"""What the inbox's pages and mails say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from app.domain.inbox import policy
from app.domain.inbox.models import Notice
from app.domain.inbox.policy import ALL, MENTIONS, UNREAD, Wishes
from app.domain.inbox.service import Item
from app.domain.prompts.people import Shown
from app.web.paging import Page

_TABS = {UNREAD: "Unread", ALL: "All", MENTIONS: "Mentions"}
_VERBS = {
    policy.MENTION: "mentioned you",
    policy.REPLY: "replied",
    policy.THREAD: "commented",
    policy.RESOLVED: "resolved the thread",
    policy.REOPENED: "reopened the thread",
}
_EMPTY = {
    UNREAD: ("You are up to date", "Mentions, replies and news of prompts you follow appear here."),
    ALL: ("Nothing yet", "Mentions, replies and news of prompts you follow appear here."),
    MENTIONS: ("Nobody has mentioned you yet", "Write @ in a comment to ask somebody."),
}
_WISHES = {
    policy.MENTION: ("Mentions", "Somebody names you in a comment. Comes even from what is muted."),
    policy.REPLY: ("Replies", "Somebody writes in a thread that you have written in."),
    policy.THREAD: ("New threads", "Somebody comments on a prompt you follow."),
    policy.RESOLVED: ("Resolved and reopened", "Somebody closes a thread you have written in."),
    policy.PUBLISHED: ("New versions", "Somebody publishes a prompt you follow."),
    policy.INCLUDED: (
        "Included prompts",
        "Somebody releases a prompt that one you own or follow includes.",
    ),
}
_WAYS = {
    policy.BOTH: "Inbox and e-mail",
    policy.INBOX: "Inbox only",
    policy.OFF: "Off",
}


def query(show: str, cursor: str = "") -> str:
    """Of the inbox's address, with its question mark."""
    given = {"show": show if show != UNREAD else "", "cursor": cursor}
    given = {name: value for name, value in given.items() if value}
    return f"?{urlencode(given)}" if given else ""


def inbox(slug: str, show: str, cursor: str, found: Page[Item]) -> dict[str, Any]:
    """The context of inbox/list.html beside the shell and the counts."""
    base = f"/w/{slug}/inbox"
    more = found.next_cursor
    title, text = _EMPTY[show]
    return {
        "show": show,
        "cursor": cursor,
        "tabs": [
            {"text": text, "href": base + query(name), "active": name == show}
            for name, text in _TABS.items()
        ],
        "items": [item(slug, one) for one in found.items],
        "older_href": base + query(show, more) if more else "",
        "newest_href": base + query(show) if cursor else "",
        "empty": {"title": title, "text": text},
    }


def item(slug: str, one: Item) -> dict[str, Any]:
    """A row of inbox/_list.html, and a paragraph of an e-mail."""
    notice = one.latest
    return {
        "id": str(one.group.subject_id),
        "prompt_id": str(notice.prompt_id),
        "thread_id": str(notice.thread_id or ""),
        "href": href(slug, notice),
        "title": one.title,
        "lead": lead(notice, one.people, one.step),
        "kind": notice.kind,
        "quote": one.said.quote if one.said else "",
        "text": one.said.text if one.said else "",
        "people": one.people,
        "at": notice.at,
        "unread": one.group.unread,
        "is_muted": one.is_muted,
    }


def href(slug: str, notice: Notice) -> str:
    """Where it happened."""
    base = f"/w/{slug}/prompts/{notice.prompt_id}"
    if notice.number is not None:
        return f"{base}/versions/{notice.number}"
    return f"{base}?thread={notice.thread_id}#thread-{notice.thread_id}"


def lead(notice: Notice, people: Sequence[Shown], step: str = "") -> str:
    """Who did what: Kenji Watanabe and 2 others replied; `step` of a rollout, in words."""
    if notice.kind == policy.PUBLISHED:
        return f"{people[0].name} published v{notice.number}"
    if notice.kind == policy.INCLUDED and step:
        return f"{people[0].name} {step}; prompts of yours include it"
    if notice.kind == policy.INCLUDED:
        return f"{people[0].name} released v{notice.number}, which prompts of yours include"
    others = len(people) - 1
    if notice.kind != policy.REPLY or not others:
        return f"{people[0].name} {_VERBS[notice.kind]}"
    return f"{people[0].name} and {'one other' if others == 1 else f'{others} others'} replied"


def settings(wishes: Wishes, *, can_mail: bool) -> dict[str, Any]:
    """The context of inbox/settings.html beside the shell."""
    return {
        "kinds": [
            {"key": kind, "title": title, "text": text, "way": wishes.way(kind)}
            for kind, (title, text) in _WISHES.items()
        ],
        "ways": list(_WAYS.items()),
        "by_mail": wishes.by_mail,
        "delay": wishes.mail_after_minutes,
        "delays": [(minutes, _minutes(minutes)) for minutes in policy.DELAYS],
        "can_mail": can_mail,
    }


def _minutes(minutes: int) -> str:
    if minutes < 60:
        return f"{minutes} minutes"
    hours = minutes // 60
    return "1 hour" if hours == 1 else f"{hours} hours"
