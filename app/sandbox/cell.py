"""A process that renders what strangers wrote: reads questions, writes answers, and may be killed.

It is started with no environment, opens nothing, and has limits on memory and on the time that one
question may take; what breaks them ends it, and whoever asked starts another one. A question and
an answer are JSON behind four bytes of length.
"""

from __future__ import annotations

import gc
import json
import sys
from typing import Any

from app.sandbox import rendering
from app.sandbox.trouble import Trouble

if sys.platform != "win32":  # there, the one who asks looks at the clock all the same
    import resource
    import signal

CPU_SECONDS = 0.5  # for one question; a usual one takes a thousandth of it
MEMORY = 256 * 1024 * 1024  # bytes of addresses beyond those of the idle process


def main() -> None:
    """Serve until the other side is gone."""
    _warm()
    gc.freeze()
    _confine()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while len(head := source.read(4)) == 4:
        question = source.read(int.from_bytes(head, "big"))
        _allow(CPU_SECONDS)
        body = _answer(question)
        _allow(0)
        sink.write(len(body).to_bytes(4, "big") + body)
        sink.flush()


def _answer(question: bytes) -> bytes:
    try:
        asked = json.loads(question)
        if asked["what"] == "check":
            answer: dict[str, Any] = {"names": rendering.check(asked["text"])}
        else:
            messages = rendering.rendered(
                asked["text"], asked["values"], asked["absent"], asked["most"]
            )
            answer = {"messages": messages}
        return json.dumps(answer, ensure_ascii=False).encode()
    except Trouble as trouble:
        told: dict[str, Any] = {
            "kind": trouble.kind,
            "what": trouble.what,
            "line": trouble.line,
            "names": trouble.names,
        }
    except RecursionError:
        told = {"kind": "costly", "what": "The values stand too deep in one another."}
    except MemoryError:
        told = {"kind": "costly", "what": "It needs too much memory."}
    except ValueError as error:  # a number with thousands of digits, half of a surrogate pair
        told = {"kind": "failed", "what": str(error)[:300]}
    return json.dumps({"trouble": told}).encode()


def _warm() -> None:
    """Have loaded what is loaded when it is first needed: no file can be opened later."""
    text = r"{{ 'a\nb'|wordwrap(1)|urlencode|e }}{{ 1.5|filesizeformat }}{{ x|tojson }}"
    rendered = rendering.rendered(text, {"x": ["é"]}, (), 1000)
    for bad in ("{% if %}", "{{ x.y }}", "{{ 1 + 'a' }}", "{{ 'a' % 1 }}"):
        try:
            rendering.rendered(bad, {"x": rendered}, (), 1000)
        except Trouble:
            continue


def _confine() -> None:
    if sys.platform == "win32":
        return
    _limit(resource.RLIMIT_AS, _addresses() + MEMORY)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)  # no file can be written
    _limit(resource.RLIMIT_NOFILE, 3)  # nor opened: these three are
    if hasattr(resource, "RLIMIT_NPROC"):
        _limit(resource.RLIMIT_NPROC, 0)  # nor a process started, but by root


def _limit(what: int, most: int) -> None:
    if sys.platform == "win32":
        return
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(what, (most, most))


def _addresses() -> int:
    """What the idle process has already."""
    if sys.platform == "win32":
        return 0
    try:
        with open("/proc/self/statm", encoding="ascii") as counted:  # noqa: PTH123  # no import more
            return int(counted.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 128 * 1024 * 1024


def _allow(seconds: float) -> None:
    """The time of the processor, so that a busy machine spoils nobody's text.

    The signal is not handled, so it ends the process in whatever it does, at once.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
