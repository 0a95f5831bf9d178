"""Who may import whom: the tables, and what breaks them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import Module, imported, modules

# Each part may import itself and what is listed.
LAYERS: dict[str, frozenset[str]] = {
    "entry": frozenset({"server", "domain", "web", "access", "db", "kit", "settings", "errors"}),
    "server": frozenset({"domain", "web", "access", "db", "kit", "settings", "errors"}),
    "domain": frozenset({"web", "access", "db", "kit", "sandbox", "errors"}),
    "web": frozenset({"access", "db", "kit", "errors"}),
    "access": frozenset({"db", "kit", "errors"}),
    "db": frozenset({"kit", "errors"}),
    "kit": frozenset({"errors"}),
    "settings": frozenset({"errors"}),
    # runs in other people's programs, where nothing else of app is, and renders as the server does
    "sdk": frozenset({"sandbox"}),
    "sandbox": frozenset(),  # in programs, and in a process of its own that may be killed
    "errors": frozenset(),
}
ENTRY = frozenset({"app.asgi", "app.cli", "app.worker", "app.__main__"})

# Which slice may know which. Add a row here, with the reason, before adding the import.
SLICES: dict[str, frozenset[str]] = {
    "accounts": frozenset(),
    "workspaces": frozenset({"accounts"}),  # members are people
    "keys": frozenset({"accounts", "workspaces"}),  # made by people, for a workspace
    "rooms": frozenset({"accounts", "workspaces", "keys"}),  # a live document knows no prompt
    "prompts": frozenset({"accounts", "workspaces", "keys", "rooms"}),  # its text is a room
    "versions": frozenset({"accounts", "workspaces", "keys", "rooms", "prompts"}),
    # what programs get is a version under a label; whose key asks is known from memory
    "releases": frozenset({"workspaces", "keys", "rooms", "prompts", "versions"}),
    # AI agents use what is released, find, read, discuss and write
    "agents": frozenset({"rooms", "prompts", "versions", "releases", "threads"}),
    # a version includes what is released of others
    "composition": frozenset({"rooms", "prompts", "versions", "releases"}),
    "idempotency": frozenset({"workspaces", "keys"}),  # of keys, in a workspace
    "folders": frozenset({"workspaces", "prompts"}),  # prompts lie in them
    "bookmarks": frozenset({"prompts"}),  # stars on them, and their lists under a name
    "tags": frozenset({"workspaces", "prompts"}),  # prompts have them
    # people write them, on the text of a room or of a version
    "threads": frozenset({"accounts", "workspaces", "keys", "rooms", "prompts", "versions"}),
    # what happened while somebody was elsewhere: of prompts, what they include, versions, threads
    "inbox": frozenset(
        {"accounts", "workspaces", "rooms", "prompts", "versions", "composition", "threads"}
    ),
    # about what lies unread in an inbox
    "mail": frozenset({"accounts", "workspaces", "prompts", "inbox"}),
    # what happened to a prompt, from whoever keeps it
    "activity": frozenset({"accounts", "rooms", "prompts", "versions", "threads"}),
    # a workspace to look at has something of everything
    "demo": frozenset(
        {
            *("accounts", "workspaces", "rooms", "prompts", "versions", "composition"),
            *("folders", "threads", "inbox"),
        }
    ),
    # a file is a prompt with everything that is said of it
    "exchange": frozenset({"workspaces", "rooms", "prompts", "versions", "composition", "folders"}),
    # what is found of a prompt: its text, its labels, the people who wrote it
    "search": frozenset({"accounts", "rooms", "prompts", "versions"}),
}

# Folders of a slice that stand on each other: each may import those before it.
FLOORS: dict[str, tuple[str, ...]] = {"rooms": ("wire", "guard", "room", "journal", "hub")}

# A slice's own business; other slices go through its service.
PRIVATE = re.compile(r"queries|(\w+_)?api|sockets|jobs|(\w+_)?schemas|store_\w+|\w*pages")
# What may import the framework, beside the outer parts.
HTTP = re.compile(r"(\w+_)?api|sockets|deps|\w*pages")

# They point up on purpose: the registry of all tables, and what reads it.
UPWARD = frozenset({"app.db.models", "app.db.migrations.env"})

SQL_VERBS = frozenset({"select", "insert", "update", "delete", "text"})


def violations(root: Path) -> list[str]:
    """Every import that the tables do not allow."""
    return [problem for module in modules(root, "app") for problem in _of(module)]


def _of(module: Module) -> Iterator[str]:
    for node, target in imported(module.tree):
        if problem := _problem(module, target):
            yield module.at(node, problem)
    yield from _foreign(module)


def _problem(module: Module, target: str) -> str:
    source, goal = layer(module.name), layer(target)
    if goal in ("", source) and source != "domain":
        return ""
    if module.name in UPWARD and goal == "domain":
        return ""
    if goal not in LAYERS[source] | {source, ""}:
        return f"{source} may not import {target}"
    if source == "domain" and goal == "domain":
        return _between_slices(module.name.split("."), target.split("."))
    if source == "web" and goal == "db" and not target.startswith("app.db.engine"):
        return f"web may import app.db.engine only, not {target}"
    return ""


def _between_slices(source: list[str], target: list[str]) -> str:
    mine, theirs = source[2], target[2]
    if mine == theirs:
        return _between_floors(source, target)
    if theirs not in SLICES[mine]:
        return f"the slice {mine} may not know {theirs}"
    # deeper than the slice, too: app.domain.versions.labels.api
    if any(PRIVATE.fullmatch(part) for part in target[3:]):
        return f"{'.'.join(target)} is private to {theirs}"
    return ""


def _between_floors(source: list[str], target: list[str]) -> str:
    floors = FLOORS.get(source[2], ())
    mine, theirs = (name[3] if len(name) > 3 else "" for name in (source, target))
    if mine not in floors or theirs not in floors or floors.index(theirs) <= floors.index(mine):
        return ""
    return f"{mine} stands below {theirs} in {source[2]}"


def layer(name: str) -> str:
    """The part a module belongs to; "" for `app` itself, which holds only the version."""
    parts = name.split(".")
    if ".".join(parts[:2]) in ENTRY:
        return "entry"
    return parts[1] if len(parts) > 1 and parts[1] in LAYERS else ""


def _foreign(module: Module) -> Iterator[str]:
    """The framework and SQL have their places."""
    part = module.path.stem
    for node, target in imported(module.tree, "litestar"):
        is_edge = layer(module.name) in ("server", "web") or module.name == "app.asgi"
        if not is_edge and not HTTP.fullmatch(part):
            yield module.at(node, f"{target}: the framework stays at the edge")
    for node, target in imported(module.tree, "sqlalchemy"):
        is_sql = layer(module.name) == "db" or part == "queries"
        if target.split(".")[-1] in SQL_VERBS and not is_sql:
            yield module.at(node, f"{target}: statements live in queries.py")
