"""Offers hostile updates by the ten thousand to the guard, in a process that may die, and reports what happened.

`python -m tests.fuzz.runner --count 300000 --seed 7` is the long form; `--bare` leaves the guard
out and shows what the library does alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.room import STAGES
from tests.fuzz.worker import HEAD, PER_ROUND, TRACE_BYTES

ROOT = Path(__file__).resolve().parents[2]
HANG_SECONDS = (
    10.0  # far above any apply, also on a busy machine; slow applies are counted by CPU time
)
START_SECONDS = 60.0


@dataclass(slots=True)
class Report:
    """What a run saw."""

    seed: int
    offered: int = 0
    seconds: float = 0.0
    tally: Counter[str] = field(default_factory=Counter)
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def taken(self) -> int:
        """How many were let in."""
        return sum(n for key, n in self.tally.items() if key.endswith(" taken"))

    def summary(self) -> str:
        """A few lines for a person."""
        head = f"seed {self.seed}: {self.offered} offered, {self.taken} let in"
        lines = [f"{head}, {len(self.findings)} findings, {self.seconds:.1f} s"]
        lines += [f"  {key}: {n}" for key, n in sorted(self.tally.items())]
        for finding in self.findings[:20]:
            lines.append(
                f"  FOUND {finding['finding']} in {finding['stage']}: {finding['message']}"
            )
            lines.append(
                f"    round {finding['round']}, {finding['attack']}: {finding['update'][:400]}"
            )
        return "\n".join(lines)


class Run:
    """One worker after the other until every round is played."""

    def __init__(self, report: Report, rounds: int, count: int, *, bare: bool) -> None:
        self.report = report
        self.rounds = rounds
        self.count = count
        self.mode = "bare" if bare else "guarded"
        self.next = 0

    def all(self) -> None:
        """Every round, whatever dies."""
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder) / "trace"
            while self.next < self.rounds:
                trace.write_bytes(bytes(TRACE_BYTES))
                self._one(trace)
        self.report.seconds = time.monotonic() - start

    def _one(self, trace: Path) -> None:
        arguments = (trace, self.report.seed, self.next, self.rounds - self.next, self.count)
        command = [sys.executable, "-m", "tests.fuzz.worker", *map(str, arguments), self.mode]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
        ) as process:
            errors: list[bytes] = []
            watch = threading.Thread(target=self._watch, args=(process, trace), daemon=True)
            drain = threading.Thread(
                target=lambda: errors.extend(process.stderr or ()), daemon=True
            )
            watch.start()
            drain.start()
            for line in process.stdout or ():
                self._line(json.loads(line))
            code = process.wait()
            drain.join(5)
            watch.join(5)
        if code != 0:
            self._death(trace, code, b"".join(errors[-6:]).decode(errors="replace"))

    def _line(self, line: dict[str, Any]) -> None:
        if "finding" in line:
            self.report.findings.append(line)
            return
        self.next = line["round"] + 1
        self.report.offered += self.count
        self.report.tally.update(line["tally"])

    def _watch(self, process: subprocess.Popen[bytes], trace: Path) -> None:
        last, since = -1, time.monotonic()
        while process.poll() is None:
            time.sleep(0.2)
            steps = HEAD.unpack(trace.read_bytes()[: HEAD.size])[0]
            if steps != last:
                last, since = steps, time.monotonic()
            elif time.monotonic() - since > (HANG_SECONDS if last else START_SECONDS):
                process.kill()

    def _death(self, trace: Path, code: int, errors: str) -> None:
        data = trace.read_bytes()
        steps, round_, index, stage, length = HEAD.unpack(data[: HEAD.size])
        if not steps:
            raise RuntimeError(f"the worker didn't start: {errors}")
        kind = "hang" if code == -9 else f"death {code}"
        update = data[HEAD.size : HEAD.size + length].hex()
        self.report.findings.append(
            {
                "finding": kind,
                "stage": STAGES[stage],
                "attack": "?",
                "round": round_,
                "index": index,
            }
            | {"message": errors[-300:], "update": update, "journal": []}
        )
        self.report.offered += index
        self.next = round_ + 1


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def run(count: int, seed: int, *, bare: bool = False, per_round: int = PER_ROUND) -> Report:
    """Offer at least `count` updates."""
    report = Report(seed)
    Run(report, -(-count // per_round), per_round, bare=bare).all()
    return report


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--bare", action="store_true", help="without the guard")
    parser.add_argument("--out", type=Path, help="write every finding here, as JSON lines")
    options = parser.parse_args()
    sys.stdout.write(f"seed {options.seed}\n")
    report = run(options.count, options.seed, bare=options.bare)
    sys.stdout.write(report.summary() + "\n")
    if options.out:
        options.out.write_text("".join(json.dumps(f) + "\n" for f in report.findings))
    return 1 if report.findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
