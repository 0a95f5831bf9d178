"""Applies updates in a process of its own, for updates that may kill it.

Reads lines of JSON {"base", "update", "clocks", "units"} and answers each with a line: `ok`, or
what differs from what the guard expected of the document.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode

from pycrdt import Doc, Text

from app.domain.rooms.wire.updates import read_state_vector


def differs(case: dict) -> str:
    doc = Doc()
    text = doc.get("text", type=Text)
    doc.apply_update(b64decode(case["base"]))
    doc.apply_update(b64decode(case["update"]))
    clocks = {int(client): clock for client, clock in case["clocks"].items()}
    if read_state_vector(doc.get_state(), 1000) != clocks:
        return f"clocks {doc.get_state().hex()}"
    words = str(text)
    if len(words.encode("utf-16-le")) // 2 != case["units"]:
        return f"text {words!r}"
    again = Doc()
    again.apply_update(doc.get_update())
    if str(again.get("text", type=Text)) != words:
        return "another text after loading"
    middle = len(words[: len(words) // 2].encode())
    text.insert(middle, "still alive")
    del text[0 : len(text)]
    return "ok"


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(differs(json.loads(line)) + "\n")
        sys.stdout.flush()  # the next one may be the last
