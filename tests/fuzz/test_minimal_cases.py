"""Each known killer still kills a bare library (else the guard can be relaxed), and the guard refuses it."""

from __future__ import annotations

import pytest

from app.domain.rooms.guard.guard import Gap, Guard, Refused
from tests.fuzz.bare import end_of
from tests.fuzz.minimal_cases import CASES, Case

SENDER = "user:mallory"


def let_in(case: Case) -> list[bytes]:
    """The updates of a case that a guard takes, all from one person."""
    guard, taken = Guard(), []
    for update in case.updates:
        try:
            guard.admit(guard.check(update, SENDER), SENDER)
        except (Refused, Gap):
            break
        taken.append(update)
    return taken


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bare_library_comes_to_harm(case: Case):
    seconds = 2.0 if case.end == "hang" else 20.0
    how = {"stack_kib": case.stack_kib, "exercise": case.exercise, "yjs": case.yjs}
    end = end_of(list(case.updates), seconds=seconds, **how)
    assert end.name in (case.end, *case.or_else), f"{case.why}: now {end}; was pycrdt updated?"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_guard_refuses_it(case: Case):
    if case.exercise == "state":
        with pytest.raises(Refused):
            Guard().check_state_vector(case.updates[-1])
        return
    assert len(let_in(case)) < len(case.updates), case.why
