"""Percentiles, process figures and the table that a run prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = 100  # of /proc/PID/stat per second on Linux
_PAGE = 4096


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie; nan for none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of processes so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def resident_bytes(pids: Sequence[int]) -> int:
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE for pid in pids)


@dataclass
class Table:
    """Rows of a run: what, whose, figures."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, work: str, who: str, figures: str) -> None:
        self.rows.append((work, who, figures))
        print(f"{work:<44} {who:<11} {figures}", flush=True)


def milliseconds(values: Sequence[float]) -> str:
    p50, p99 = percentile(values, 0.5) * 1e3, percentile(values, 0.99) * 1e3
    return f"p50 {p50:.2f} p99 {p99:.2f} ms"


def children(pid: int) -> list[int]:
    """The worker processes below a supervising parent."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]
