"""A prompt's text and config while its story is told: every change gives a new draft.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from app.domain.demo.material import Base, Desk, Rule, World


@dataclass(frozen=True, slots=True)
class Draft:
    """What is written now; `left` are rules that nobody has thought of yet."""

    system: str
    user: str
    lines: tuple[str, ...]  # of its market, channel and brand
    rules: tuple[str, ...]
    left: tuple[Rule, ...]
    config: dict[str, Any]

    @property
    def text(self) -> str:
        parts = [self.system.strip()]
        if self.lines:
            parts.append("\n".join(self.lines))
        if self.rules:
            parts.append("\n".join(f"- {rule}" for rule in self.rules))
        return '{{role "system"}}\n' + "\n\n".join(parts) + "\n\n" + self._user()

    def _user(self) -> str:
        """A history mark stands between messages, not in one."""
        history, _, rest = self.user.partition("{{history}}\n\n")
        if rest and not history:
            return '{{history}}\n\n{{role "user"}}\n' + rest
        return '{{role "user"}}\n' + self.user


Change = tuple[Draft, str]  # what it is now, and what its author says about it


def first(rng: Random, desk: Desk, base: Base, lines: tuple[str, ...], world: World) -> Draft:
    rules = list(desk.rules[base.language])
    rng.shuffle(rules)
    config: dict[str, Any] = {"model": rng.choice(world.models)}
    if rng.random() < 0.7:
        config["temperature"] = rng.choice((0, 0.2, 0.3, 0.4, 0.7))
    if rng.random() < 0.3:
        config["max_tokens"] = rng.choice((300, 500, 800, 1200))
    known = rng.randint(0, 2)
    written = tuple(text for text, _ in rules[:known])
    return Draft(base.system, base.user, lines, written, tuple(rules[known:]), config)


def changed(rng: Random, now: Draft, world: World) -> Change:
    """One improvement, as somebody makes it in an hour."""
    weights = {_add: 10, _reword: 5, _remove: 2, _cool: 2, _move: 2}
    while weights:
        change = rng.choices(list(weights), list(weights.values()))[0]
        if (made := change(rng, now, world)) is not None:
            return made
        del weights[change]
    raise AssertionError("a model can always be changed for another")


def _add(_rng: Random, now: Draft, _world: World) -> Change | None:
    if not now.left:
        return None
    (text, message), *left = now.left
    return replace(now, rules=(*now.rules, text), left=tuple(left)), message


def _remove(rng: Random, now: Draft, _world: World) -> Change | None:
    if len(now.rules) < 3:
        return None
    gone = rng.choice(now.rules)
    kept = tuple(rule for rule in now.rules if rule != gone)
    return replace(now, rules=kept), "Shorter: one rule less, it never came up"


def _reword(rng: Random, now: Draft, world: World) -> Change | None:
    fitting = [one for one in world.wordings if one.old in now.system]
    if not fitting:
        return None
    one = rng.choice(fitting)
    return replace(now, system=now.system.replace(one.old, one.new)), one.message


def _cool(rng: Random, now: Draft, _world: World) -> Change | None:
    before = now.config.get("temperature", 1)
    after = rng.choice([value for value in (0, 0.1, 0.2, 0.4, 0.6) if value != before])
    verb = "Lower" if after < before else "Raise"
    message = f"{verb} the temperature to {after:g}"
    return replace(now, config={**now.config, "temperature": after}), message


def _move(rng: Random, now: Draft, world: World) -> Change | None:
    model = rng.choice([one for one in world.models if one != now.config["model"]])
    return replace(now, config={**now.config, "model": model}), f"Move to {model} after the trial"
