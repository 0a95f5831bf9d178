"""docs/api.md: its examples run as they stand."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from app.db.engine import Database
from tests.architecture.source import ROOT
from tests.support.builders import a_key, a_workspace

pytestmark = pytest.mark.anyio


async def test_the_examples_run(client: Any, database: Database) -> None:
    key = await a_key(database, await a_workspace(database), "admin")
    text = (ROOT / "docs/api.md").read_text("utf-8")
    lines = re.findall(r"^curl .*$", text, re.MULTILINE)
    assert len(lines) >= 6
    answers = []
    for line in lines:
        words = shlex.split(line.replace("$URL", "").replace("$KEY", key.key))
        method, url, body, headers = "GET", "", None, {}
        words = words[1:]
        while words:
            word = words.pop(0)
            if word == "-X":
                method = words.pop(0)
            elif word == "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            elif word == "-d":
                body = words.pop(0)
            else:
                url = word
        answer = await client.request(method, url, headers=headers, content=body)
        assert answer.is_success, (line, answer.text)
        answers.append(answer)
    assert [one for one in answers if "idempotency-replayed" in one.headers] == [answers[3]]
