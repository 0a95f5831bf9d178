"""Every pair of colours that meets on a page, in both themes, against WCAG 2.2."""

from __future__ import annotations

import re

import pytest

from app.server.paths import resource
from app.web.templates import HUES

TOKENS = (resource("static") / "css" / "tokens.css").read_text("utf-8")
TEXT = 4.5
SHAPE = 3.0  # large text, control edges, focus rings


def tokens(theme: str) -> dict[str, str]:
    """Token → colour as #rrggbb, of one theme; translucent ones are left out."""
    found: dict[str, str] = {}
    for name, value in re.findall(r"--([\w-]+): ([^;]+);", TOKENS):
        pair = re.fullmatch(r"light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", value)
        if pair:
            found[name] = pair[1 if theme == "light" else 2]
        elif re.fullmatch(r"#[0-9a-f]{6}", value):
            found[name] = value
    return found


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


GROUNDS = ("bg", "surface", "raised", "subtle", "sunken")
PAIRS = [
    *[(ink, ground, TEXT) for ink in ("ink", "ink-2", "ink-3") for ground in GROUNDS],
    *[(tone, f"{tone}-soft", TEXT) for tone in ("ok", "warn", "bad", "note")],
    *[(tone, ground, TEXT) for tone in ("ok", "warn", "bad") for ground in ("surface", "raised")],
    *[("accent-ink", ground, TEXT) for ground in ("accent-soft", "surface", "raised", "subtle")],
    *[("ink", ground, TEXT) for ground in ("ins", "ins-strong", "del", "del-strong")],
    *[("ink-3", ground, TEXT) for ground in ("ins", "del")],
    *[("accent-ink", ground, TEXT) for ground in ("ins", "del")],
    *[("ink", ground, TEXT) for ground in ("anchor", "anchor-on", "accent-soft")],
    *[("accent", ground, SHAPE) for ground in GROUNDS],
    *[("control", ground, SHAPE) for ground in ("surface", "raised", "subtle")],
    *[(f"{tone}-dot", "surface", 2.4) for tone in ("ok", "warn", "bad")],  # words stand beside
    ("on-solid", "solid", TEXT),
    ("on-bad", "bad", TEXT),
    ("on-toast", "toast", TEXT),
    ("bad-on-toast", "toast", TEXT),
    ("on-night", "night", TEXT),
    ("on-night", "night-raised", TEXT),
    ("on-night-soft", "night-soft", TEXT),
    *[("on-person", hue, TEXT) for hue in HUES],
    *[(hue, "surface", SHAPE) for hue in HUES],
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_a_pair_is_readable(theme: str, front: str, back: str, least: float) -> None:
    colours = tokens(theme)
    ratio = contrast(colours[front], colours[back])
    assert ratio >= least, f"--{front} on --{back}, {theme}: {ratio:.2f}"


def test_the_measure_itself() -> None:
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54


def test_no_other_stylesheet_names_a_colour() -> None:
    for path in sorted((resource("static") / "css").glob("*.css")):
        if path.name not in ("tokens.css", "editor.css"):
            named = re.findall(r"#[0-9a-f]{3,8}\b(?=[\s;,)])", path.read_text("utf-8"))
            assert named == [], path.name
