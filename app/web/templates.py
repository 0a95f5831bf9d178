"""The Jinja environment: strict about missing names; the filters and globals all pages share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from app.kit.clock import utc_now
from app.web.assets import Assets

HUES = ("azure", "coral", "teal", "violet", "rose", "moss", "amber", "slate")
THEMES = ("light", "dark")
SPRITE = "icons/sprite.svg"

# A variable as people write it; a backslash before the braces makes it text.
_VARIABLE = re.compile(r"(?<!\\)\{\{\s*[A-Za-z_][\w.]{0,199}\s*\}\}")
# Whole lines that are drawn rather than printed: headings, and where a message begins.
_LINE = re.compile(
    r"""^(?P<heading>\#{1,6}[ ].*)$
      | ^(?P<role>\{\{role[ ]"(?P<name>system|user|assistant|model)"\}\})$
      | ^(?P<history>\{\{history\}\})$""",
    re.MULTILINE | re.VERBOSE,
)
_ROLES = {"system": "System", "user": "User", "assistant": "Assistant", "model": "Assistant"}
_ICON_NAME = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Shell:
    """How this browser wants pages drawn; kept in cookies so that nothing flickers."""

    theme: str  # "light", "dark" or "" (as the system says)
    browse_nav: str  # sidebar of library and settings: "open" or "folded"
    work_nav: str  # sidebar beside an editor: "open" or "folded"
    nav_chosen: bool  # whether the person folded it themselves (else narrow windows may)


def shell(cookies: Mapping[str, str]) -> Shell:
    """Read the shell's cookies; anything unknown counts as absent."""
    theme = cookies.get("theme", "")
    browse, work = cookies.get("nav_browse"), cookies.get("nav_work")
    return Shell(
        theme=theme if theme in THEMES else "",
        browse_nav="folded" if browse == "folded" else "open",
        work_nav="open" if work == "open" else "folded",
        nav_chosen=browse in ("open", "folded"),
    )


def environment(
    directory: Path, assets: Assets, now: Callable[[], datetime] = utc_now
) -> Environment:
    """The environment that renders everything under `directory`."""
    jinja = Environment(
        loader=FileSystemLoader(directory),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    jinja.globals |= {
        "asset": assets.url,
        "icon": _icon_for(assets),
        "HUES": HUES,
    }
    jinja.filters |= {
        "when": lambda moment: when(moment, now()),
        "day": lambda day: day_title(day, now().date()),
        "clock": clock,
        "number": number,
        "plural": plural,
        "prompt_text": prompt_text,
        "json_script": json_script,
        "dom_id": dom_id,
    }
    return jinja


def mail_environment(directory: Path) -> Environment:
    """For e-mails: what ends in .txt is no markup, so nothing in it is escaped."""
    return Environment(
        loader=FileSystemLoader(directory),
        autoescape=select_autoescape(default=True, disabled_extensions=("txt",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _icon_for(assets: Assets) -> Callable[..., Markup]:
    @cache  # a page has dozens, and each would be put together for 50 µs
    def icon(name: str, size: int = 16) -> Markup:
        if not _ICON_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not an icon's name")
        css = "icon" if size == 16 else f"icon s{size}"
        return Markup('<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
            css, assets.url(SPRITE), name
        )

    return icon


def number(value: int) -> str:
    """1284 → 1,284."""
    return f"{value:,}"


def plural(count: int, one: str, many: str = "") -> str:
    """`{{ 3|plural("prompt") }}` → 3 prompts."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def when(moment: datetime | None, now: datetime) -> Markup:
    """How long ago, in words; the exact time is in the element for the reader's own zone."""
    if moment is None:
        return Markup('<span class="muted">never</span>')
    words = ago(moment, now)
    return _time(moment, words, "ago", "now" if words == "now" else "")


def clock(moment: datetime) -> Markup:
    """The time of day; the page's script rewrites it in the reader's zone."""
    return _time(moment, f"{_utc(moment):%H:%M}", "clock", "")


def _time(moment: datetime, words: str, style: str, css: str) -> Markup:
    exact = _utc(moment)
    # Digits, months and words of ours: escaping each would take 50 µs, and a list has many.
    return Markup(  # noqa: S704
        f'<time datetime="{exact.isoformat(timespec="seconds")}" data-time="{style}" '
        f'title="{exact:%d %B %Y, %H:%M} UTC" class="{css}">{words}</time>'
    )


def ago(moment: datetime, now: datetime) -> str:
    """now, 18 min, 3 h, yesterday, 4 days, 19 November."""
    moment, now = _utc(moment), _utc(now)
    seconds = max(0, int((now - moment).total_seconds()))
    days = (now.date() - moment.date()).days
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 12 * 3600 or days == 0:
        return f"{seconds // 3600} h"
    if days == 1:
        return "yesterday"
    if days < 7:
        return f"{days} days"
    return f"{moment.day} {moment:%B}" + ("" if moment.year == now.year else f" {moment.year}")


def day_title(day: date, today: date) -> str:
    """What stands above a day of a list: Today, Yesterday, 19 November, 19 November 2025."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{day.day} {day:%B}" + ("" if day.year == today.year else f" {day.year}")


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def prompt_text(text: str) -> Markup:
    """Escaped prompt text: headings bold, variables marked, role lines as dividers."""
    if "{{" not in text and "#" not in text:  # most of what a comparison shows
        return escape(text)
    parts: list[Markup] = []
    end = 0
    for match in _LINE.finditer(text):
        parts += [_variables(text[end : match.start()]), _drawn(match)]
        end = match.end()
    parts.append(_variables(text[end:]))
    return Markup("").join(parts)


def _drawn(line: re.Match[str]) -> Markup:
    if line["heading"]:
        return Markup("<strong>{}</strong>").format(_variables(line["heading"]))
    name = _ROLES[line["name"]] if line["role"] else "History of the conversation"
    return Markup('<span class="role-line"><span>{}</span></span>').format(name)


def _variables(text: str) -> Markup:
    parts: list[Markup] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(Markup('<span class="var">{}</span>').format(match[0]))
        end = match.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def json_script(value: Any) -> Markup:
    """JSON that cannot end the `<script>` element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  (every character HTML reads is escaped above)


def dom_id(key: str) -> str:
    """A field's key as part of an element's id: config.max_tokens → config-max_tokens."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", key)
