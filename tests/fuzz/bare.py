"""What a bare pycrdt does with some bytes, found out in a process that may die of it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEMORY = 6 << 30  # bytes of address space: a bomb ends here instead of in the machine's swap
BLOATED = 256  # MiB, for a few bytes
ENDS = {
    0: "fine",
    10: "panic",
    11: "diverged",
    12: "replacement",
    13: "refused",
    14: "length",
    15: "stuck",
    16: "differs",
    17: "memory",
}


@dataclass(frozen=True, slots=True)
class End:
    """How it ended: fine, refused, panic, diverged, replacement, stuck, memory, abort, segfault or hang."""

    name: str
    error: str


def end_of(
    updates: list[bytes],
    *,
    seconds: float = 3.0,
    stack_kib: int = 0,
    exercise: str = "",
    yjs: str = "",
) -> End:
    """Apply the updates one after the other, then read, edit, encode and load again."""
    task = json.dumps(
        {
            "updates": [u.hex() for u in updates],
            "stack": stack_kib,
            "exercise": exercise,
            "yjs": yjs,
        }
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.bare"],
            input=task, text=True, capture_output=True, timeout=seconds, env=environment, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return End("hang", "")
    name = {-6: "abort", -11: "segfault"} | ENDS
    name = name.get(done.returncode, f"exit {done.returncode}")
    if "memory allocation" in done.stderr or "capacity overflow" in done.stderr:
        name = "memory"
    return End(name, done.stderr.strip()[-300:])


def _finish(code: int, message: str = "") -> None:
    sys.stderr.write(message)
    sys.stderr.flush()
    os._exit(code)


def _play(updates: list[bytes], exercise: str, yjs: str) -> None:
    from pycrdt import Doc, Text, get_state, get_update, merge_updates

    doc: Doc = Doc(client_id=1)
    text = doc.get("text", type=Text)
    for update in updates[:-1]:
        doc.apply_update(update)
    if exercise == "state":
        _finish(0 if len(doc.get_update(updates[-1])) >= 0 else 1)
    if exercise == "merge":
        merge_updates(*updates)
        get_update(updates[-1], get_state(updates[-1]))
        _finish(0)
    if exercise == "observed":
        seen: list[bytes] = []
        doc.observe(lambda event: seen.append(event.update))
        with doc.transaction(origin=1):
            doc.apply_update(updates[-1])
    doc.apply_update(updates[-1])
    live = str(text)
    if yjs and live != yjs:
        _finish(16, f"Yjs shows {yjs!r}, here is {live!r}")
    fresh: Doc = Doc()
    copy = fresh.get("text", type=Text)
    fresh.apply_update(doc.get_update())
    if str(copy) != live:
        _finish(11, f"live {live!r}, reloaded {str(copy)!r}")
    if len(text) != len(live.encode()):
        _finish(14, f"{len(text)} bytes promised, {len(live.encode())} read")
    if "\ufffd" in live and not any("\ufffd".encode() in update for update in updates):
        _finish(12, repr(live))
    text.insert(0, "x")
    text.insert(len(text), "y")
    if str(text) != f"x{live}y":
        _finish(15, f"{live!r} became {str(text)!r}")
    doc.get_update()
    if len(live) > 1:
        del text[1 : 1 + len(live[:1].encode())]


def _run(updates: list[bytes], exercise: str, yjs: str = "") -> None:
    try:
        _play(updates, exercise, yjs)
    except (ValueError, RuntimeError) as error:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        _finish(17 if peak > BLOATED else 13, f"{error} after {peak} MiB")
    except BaseException as error:
        _finish(10, f"{type(error).__name__}: {error}")
    _finish(0)


def main() -> None:
    """The task comes on standard input."""
    task = json.loads(sys.stdin.read())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    work = ([bytes.fromhex(u) for u in task["updates"]], task["exercise"], task["yjs"])
    if task["stack"]:
        threading.stack_size(task["stack"] << 10)
    thread = threading.Thread(target=_run, args=work)
    thread.start()
    thread.join()


if __name__ == "__main__":
    main()
