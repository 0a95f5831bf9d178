"""Comparing two versions of 200 KB: the work that a page does, beside the standard library's."""

from __future__ import annotations

import difflib
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

from jinja2 import Environment

from app.domain.prompts.people import Shown
from app.domain.versions import views
from app.domain.versions.blame import Blame, Part
from app.domain.versions.comparing import compare
from app.domain.versions.history import Side
from app.domain.versions.views import Address
from app.kit.garbage import keep_from_collecting
from app.web.assets import Assets
from app.web.templates import environment
from benchmarks.figures import Goal, lines

SIZE = 200_000  # characters
GOAL = Goal(300)  # milliseconds
ENDS = ("1 % of the lines differ", "20 % differ", "nothing in common", "shuffled")  # for difflib
ROOT = Path(__file__).resolve().parents[1]
WHO = {f"user:{n}": Shown(f"user:{n}", f"Person {n}", "teal", "P") for n in range(3)}


def texts() -> dict[str, tuple[str, str]]:
    """Honest pairs by how many of their lines differ, and pairs made to be slow."""
    rng = random.Random(1)
    old = _prose(rng)
    whole = old.split("\n")
    return {
        "1 % of the lines differ": (old, _edited(whole, 0.01, rng)),
        "20 % differ": (old, _edited(whole, 0.2, rng)),
        "nothing in common": (old, _prose(rng)),
        "shuffled": (old, "\n".join(rng.sample(whole, len(whole)))),
        "100,000 equal lines": ("x\n" * (SIZE // 2), "y\n" * (SIZE // 2)),
        "lines that repeat": ("a\nb\n" * (SIZE // 4), "b\na\nc\n" * (SIZE // 6)),
        "one long line": ("a b " * (SIZE // 4), "b a " * (SIZE // 4)),
    }


def _prose(rng: random.Random) -> str:
    found: list[str] = []
    while sum(map(len, found)) + len(found) < SIZE:
        found += [
            " ".join(f"word{rng.randrange(3000)}" for _ in range(rng.randrange(4, 18)))
            for _ in range(100)
        ]
    return "\n".join(found)[:SIZE]


def _edited(lines: list[str], share: float, rng: random.Random) -> str:
    found = []
    for line in lines:
        changed = line
        if rng.random() < share:
            words = line.split()
            words[rng.randrange(len(words))] = "changed"
            changed = " ".join(words)
        found.append(changed)
        if rng.random() < share / 3:
            found.append("a line that is new")
    return "\n".join(found)


def _side(text: str, number: int) -> Side:
    """With an author change every 997 characters."""
    parts = [
        Part(1, at, min(at + 997, len(text)), f"user:{at % 3}", 1)
        for at in range(0, len(text), 997)
    ]
    return Side(str(number), number, f"v{number}", text, {}, [], "mustache", {}, Blame(parts))


def page(jinja: Environment, old: str, new: str, mode: str) -> str:
    """What the server does for the comparison of two versions that it has read."""
    comparison = compare(_side(old, 1), _side(new, 2))
    told = views.compare(comparison, Address("/x", "1", "2", mode), [], 3, WHO)
    return jinja.get_template("versions/_table.html").render(compare=told)


def run_all(only: str, repeat: int) -> None:
    """Each pair in both layouts, beside difflib on the lines alone, where that ends at all."""
    if only not in "diff":
        return
    keep_from_collecting()  # as the server does
    jinja = environment(ROOT / "templates", Assets(ROOT / "static"))
    page(jinja, "a", "b", "split")  # compiles the templates
    print("\nA comparison of two versions of 200 KB, with its page")
    for name, (old, new) in texts().items():
        ours, peers = [], []
        for _ in range(repeat):
            ours.append(
                {
                    f"{name}, {mode}, ms": _took(partial(page, jinja, old, new, mode))
                    for mode in ("split", "inline")
                }
            )
            if name in ENDS:
                peers.append({f"{name}, split, ms": _took(partial(lines_alone, old, new))})
        print(lines(ours, peers, dict.fromkeys(ours[0], GOAL)), flush=True)


def lines_alone(old: str, new: str) -> int:
    """How the standard library compares lines; of words it says nothing."""
    matcher = difflib.SequenceMatcher(None, old.split("\n"), new.split("\n"), autojunk=False)
    return len(matcher.get_opcodes())


def _took(call: Callable[[], Any]) -> float:
    """Of the processor: this work waits for nothing, and others on the machine do not count."""
    start = process_time()
    call()
    return (process_time() - start) * 1000
