"""Rules about people that need neither database nor clock."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import timedelta

from app.errors import InvalidFields
from app.web.ratelimit import Limit

SESSION_LIFE = timedelta(days=30)  # since it was last seen
SEEN_EVERY = timedelta(minutes=5)  # a write per request would cost more than it tells

# Five guesses in five minutes are enough for a person who forgot; a program needs millions.
TRIES_PER_PERSON = Limit("sign-in-person", tries=5, seconds=300)
# Whoever changes addresses, or forges them past a careless proxy, still meets this one. It could
# be used to keep somebody from signing in, so it is wide; their open sessions are not touched.
TRIES_ANYWHERE = Limit("sign-in-anywhere", tries=100, seconds=3600)
TRIES_PER_ADDRESS = Limit("sign-in-address", tries=60, seconds=300)  # an office shares one
SAY_TRIES_LEFT = 3  # from here on the page says how many remain

PASSWORD_SHORTEST = 12
PASSWORD_LONGEST = 256  # hashing reads all of it
NAME_LONGEST = 80
EMAIL_LONGEST = 320

HUES = ("azure", "coral", "teal", "violet", "rose", "moss", "amber", "slate")

_EMAIL = re.compile(r"[^\s@<>(),;:\\\"\[\]]+@[^\s@<>(),;:\\\"\[\]]+")


def normal_email(email: str) -> str:
    """One spelling for each address."""
    return unicodedata.normalize("NFC", email.strip()).lower()


def normal_password(password: str) -> str:
    """Two keyboards may write one letter in two ways."""
    return unicodedata.normalize("NFC", password)


def email_problem(email: str) -> str:
    """What is wrong with `email` (normalised), "" when nothing is."""
    if not email:
        return "Enter an email address."
    if len(email) > EMAIL_LONGEST or not _EMAIL.fullmatch(email) or not email.isprintable():
        return "This is not an email address."
    return ""


def name_problem(name: str, longest: int = NAME_LONGEST) -> str:
    if not name:
        return "Enter a name."
    if len(name) > longest:
        return f"Use at most {longest} characters."
    return "" if name.isprintable() else "Use letters, digits and signs only."


def password_problem(password: str, email: str = "") -> str:
    if len(password) < PASSWORD_SHORTEST:
        return f"Use at least {PASSWORD_SHORTEST} characters."
    if len(password) > PASSWORD_LONGEST:
        return f"Use at most {PASSWORD_LONGEST} characters."
    if len(set(password)) < 4 or (email and password.lower() == email):
        return "This is too easy to guess. Use a few words."
    return ""


def check(**problems: str) -> None:
    """Raises `InvalidFields` when any of the named fields has a problem."""
    found = {name: text for name, text in problems.items() if text}
    if found:
        raise InvalidFields(found)


def initials(name: str) -> str:
    """First letters of the first and the last word: Priya Natarajan → PN."""
    words = name.split() or ["?"]
    return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()


def hue_for(worn: Mapping[str, int]) -> str:
    """A colour to begin with: the one that fewest people have. They may choose another."""
    return min(HUES, key=lambda hue: worn.get(hue, 0))


def local_path(url: str, otherwise: str = "/") -> str:
    """`url` if it stays on this server, else `otherwise`: never an open redirect.

    Browsers read two slashes, a backslash, and a tab or newline anywhere, as leaving the site.
    """
    is_local = url.startswith("/") and not url.startswith(("//", "/\\"))
    is_plain = url.isascii() and url.isprintable() and "\\" not in url and " " not in url
    return url if is_local and is_plain and len(url) <= 2000 else otherwise


def device(agent: str) -> str:
    """A User-Agent header in a person's words: Firefox on Linux."""
    browser = _first(agent, _BROWSERS) or "A browser"
    system = _first(agent, _SYSTEMS)
    return f"{browser} on {system}" if system else browser


def _first(agent: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in names if mark in agent), "")


# In this order: Edge and Opera also call themselves Chrome, Chrome also Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
