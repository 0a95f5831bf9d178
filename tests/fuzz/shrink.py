"""Makes a killing sequence of updates small: whole updates first, then blocks, ranges, flags and numbers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.fuzz import wire

Kills = Callable[[list[bytes]], bool]


def fewer(updates: list[bytes], kills: Kills) -> list[bytes]:
    """Without the updates that don't matter."""
    index = 0
    while index < len(updates):
        shorter = updates[:index] + updates[index + 1 :]
        if shorter and kills(shorter):
            updates = shorter
        else:
            index += 1
    return updates


def simpler(update: wire.Update) -> Iterator[wire.Update]:
    """Each update that is a little less than this one."""
    for at in range(len(update.sections)):
        smaller = copy.deepcopy(update)
        del smaller.sections[at]
        yield smaller
    for at in range(len(update.deletes)):
        smaller = copy.deepcopy(update)
        del smaller.deletes[at]
        yield smaller
    for at, deletes in enumerate(update.deletes):
        for one in range(len(deletes.ranges)):
            smaller = copy.deepcopy(update)
            del smaller.deletes[at].ranges[one]
            yield smaller
    for at, section in enumerate(update.sections):
        for one in range(len(section.blocks)):
            smaller = copy.deepcopy(update)
            del smaller.sections[at].blocks[one]
            yield smaller
            yield from _plainer(update, at, one)


def _plainer(update: wire.Update, at: int, one: int) -> Iterator[wire.Update]:
    block = update.sections[at].blocks[one]
    others = []
    if block.kind == wire.STRING and len(block.text) > 1:
        others += [_text(block, block.text[:1]), _text(block, block.text[:-1])]
        others.append(_text(block, "a" * block.length))
    if block.origin is not None and block.right is not None:
        others += [replace(block, origin=None), replace(block, right=None)]
    for other in others:
        if other == block:
            continue
        smaller = copy.deepcopy(update)
        smaller.sections[at].blocks[one] = other
        yield smaller


def _text(block: wire.Block, text: str) -> wire.Block:
    return replace(block, text=text, body=wire.chars(text), length=wire.units(text))


def bytewise(updates: list[bytes], kills: Kills) -> list[bytes]:
    """Single bytes out of the last update, or towards zero."""
    last = updates[-1]
    index = 0
    while index < len(last):
        for change in (
            last[:index] + last[index + 1 :],
            last[:index] + b"\x00" + last[index + 1 :],
        ):
            if change != last and kills([*updates[:-1], change]):
                last = change
                break
        else:
            index += 1
    return [*updates[:-1], last]


def shrink(updates: list[bytes], kills: Kills) -> list[bytes]:
    """The smallest sequence found by greedy steps."""
    updates = fewer(updates, kills)
    for at in range(len(updates)):
        try:
            update = wire.parse(updates[at])
        except wire.MalformedError:
            continue
        done = False
        while not done:
            done = True
            for smaller in simpler(update):
                trial = [*updates[:at], smaller.encode(), *updates[at + 1 :]]
                if kills(trial):
                    update, updates, done = smaller, trial, False
                    break
    return fewer(updates, kills)
