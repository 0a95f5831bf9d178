"""Rules about labels that split, and what a step of a rollout is called. Pure."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass

from app.domain.versions.errors import RolloutRefused
from app.kit.rollouts import BUCKETS, Rollout, told

LEAST, MOST = 0.1, 99.9  # percent
_STEP = 10  # buckets: a tenth of a percent


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a label shall give to some: a candidate and to how many."""

    version: int
    percent: float


def begun(standing: int, wanted: Wanted, running: Rollout | None) -> Rollout:
    """The rollout that is wanted, with the seed of the one that runs: who has it keeps it.

    Raises `RolloutRefused`.
    """
    if wanted.version == standing:
        raise RolloutRefused(
            {"rollout.version": f"The label stands on v{standing}: choose another version."}
        )
    if not LEAST <= wanted.percent <= MOST:  # also what is no number
        raise RolloutRefused(
            {
                "rollout.percent": f"Give {LEAST} to {MOST} percent. For everybody, put the label "
                "on the version; for nobody, leave the rollout out."
            }
        )
    share = round(wanted.percent * BUCKETS / 100)
    if share % _STEP or not math.isclose(share * 100 / BUCKETS, wanted.percent, abs_tol=1e-9):
        raise RolloutRefused({"rollout.percent": "Give at most one digit after the point."})
    return Rollout(wanted.version, share, running.seed if running else secrets.token_hex(8))


def gives_less(after: Rollout | None, before: Rollout | None) -> bool:
    """Whether nobody is given a candidate who was not before: a way out of a rollout."""
    if after is None:
        return True
    return before is not None and after.version == before.version and after.share <= before.share


Place = tuple[int | None, Rollout | None]  # the version that a label is on, and how it splits


def step(label: str, before: Place, after: Place) -> str:
    """What somebody did: "raised v4 of production from 10 % to 50 %"."""
    (was, had), (now, has) = before, after
    if now is None:
        return f"took {label} off v{was}"
    if has is not None:
        return _split(label, before, now, has)
    if had is not None and now == had.version:
        return f"promoted v{now} of {label} from {told(had.percent)} to everybody"
    if had is not None and now == was:
        had_it = f"{told(had.percent)} had v{had.version}"
        return f"rolled {label} back to v{now} for everybody ({had_it})"
    return f"moved {label} from v{was} to v{now}" if was else f"put {label} on v{now}"


def _split(label: str, before: Place, now: int, has: Rollout) -> str:
    was, had = before
    share = told(has.percent)
    if was != now:
        return f"put {label} on v{now}, and gave v{has.version} to {share}"
    if had is None:
        return f"gave v{has.version} to {share} of {label}"
    if had.version != has.version:
        return f"put v{has.version} in the place of v{had.version} for {share} of {label}"
    verb = "raised" if has.share > had.share else "lowered"
    return f"{verb} v{has.version} of {label} from {told(had.percent)} to {share}"
