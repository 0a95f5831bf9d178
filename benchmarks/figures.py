"""Percentiles, process figures, and the table that a run prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_TICKS = 100  # of /proc/PID/stat per second on Linux
_PAGE = 4096


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie; nan for none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def cpu_seconds(pid: int) -> float:
    """User and system time so far of a process and all below it that are alive."""
    total = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def resident_bytes(pid: int) -> int:
    return sum(
        int(Path(f"/proc/{one}/statm").read_text().split()[1]) * _PAGE for one in family(pid)
    )


def family(pid: int) -> list[int]:
    """A process, its children and theirs: supervisor, worker, helper."""
    found = [pid]
    for one in found:
        found += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
    return found


@dataclass(frozen=True)
class Goal:
    """What a figure is to reach: at most, or at least."""

    limit: float
    is_floor: bool = False

    def told(self, value: float, unit: str) -> str:
        is_met = value >= self.limit if self.is_floor else value <= self.limit
        sign = "≥" if self.is_floor else "≤"
        return f"{sign} {self.limit:,g} {unit}: {'met' if is_met else 'MISSED'}"


Figures = Mapping[str, float]  # what it is and its unit, as in "relay p50, ms"


def head() -> str:
    return f"{'':<36}{'Promptroom':<30}{'bare relay':<30}{'ratio':<7}target"


def lines(ours: Sequence[Figures], beside: Sequence[Figures], goals: Mapping[str, Goal]) -> str:
    """One line for each figure: medians with their spread, the ratio and the target.

    A measurement that gave out early has fewer figures than the others. With none of ours those
    beside stand alone.
    """
    told = []
    for name in dict.fromkeys(name for figures in ours or beside for name in figures):
        what, _, unit = name.rpartition(", ")
        mine = [figures[name] for figures in ours if name in figures]
        theirs = [figures[name] for figures in beside if name in figures]
        ratio = f"{median(mine) / median(theirs):.1f}" if mine and theirs and median(theirs) else ""
        target = goals[name].told(median(mine), unit) if name in goals else ""
        told.append(
            f"  {what:<34}{_spread(mine, unit):<30}{_spread(theirs, unit):<30}{ratio:<7}{target}"
        )
    return "\n".join(line.rstrip() for line in told)


def _spread(values: Sequence[float], unit: str) -> str:
    if not values:
        return "-"
    middle = f"{_number(median(values))} {unit}"
    if len(values) == 1:
        return middle
    return f"{middle} ({_number(min(values))} to {_number(max(values))})"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"
