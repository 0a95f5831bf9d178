"""README.md and docs/api.md: their examples run as they stand."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from app.db.engine import Database
from tests.architecture.source import ROOT
from tests.support.builders import a_key, a_workspace

pytestmark = pytest.mark.anyio


def examples(page: str) -> list[str]:
    return re.findall(r"^curl .*$", (ROOT / page).read_text("utf-8"), re.MULTILINE)


async def run(client: Any, line: str, key: str) -> Any:
    """The answer to a line of `curl`."""
    words = shlex.split(line.replace("$URL", "").replace("$KEY", key))[1:]
    method, url, body, headers = "", "", None, {}
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
    method = method or ("GET" if body is None else "POST")
    answer = await client.request(method, url, headers=headers, content=body)
    assert answer.is_success, (line, answer.text)
    return answer


async def test_the_guides_examples_run(client: Any, database: Database) -> None:
    key = await a_key(database, await a_workspace(database), "admin")
    lines = examples("docs/api.md")
    assert len(lines) >= 6
    answers = [await run(client, line, key.key) for line in lines]
    assert [one for one in answers if "idempotency-replayed" in one.headers] == [answers[3]]


async def test_a_newcomers_examples_run(client: Any, database: Database) -> None:
    key = (await a_key(database, await a_workspace(database), "write")).key
    make, fetch = examples("README.md")
    made = (await run(client, make, key)).json()
    await client.post(  # in the browser, it says there
        f"/api/v1/prompts/{made['id']}/versions",
        headers={"Authorization": f"Bearer {key}"},
        json={"message": "First", "labels": ["production"]},
    )
    assert (await run(client, fetch, key)).json()["text"] == "Hello {{name}}!"
