"""schemathesis over every call, in short: `schemathesis_run` is the long form, with its reasons."""

from __future__ import annotations

import re
from pathlib import Path

from app.db.engine import Database
from tests.server.schemathesis_run import run
from tests.support.deployment import alone


def test_every_call_does_what_its_description_says(tmp_path: Path) -> None:
    with alone(tmp_path) as server:
        database = Database(f"sqlite:///{tmp_path / 'promptroom.db'}")
        phases = "coverage,stateful"
        outcome = run(server, database, tmp_path, seed=1, cases=5, phases=phases)
        assert "request.failed" not in server.logs()
    assert outcome.code == 0, outcome.said
    generated = re.search(r"(\d+) generated", outcome.said)
    links = re.search(r"API Links:\s+(\d+) covered", outcome.said)
    assert generated is not None, outcome.said
    assert int(generated[1]) > 1000
    assert links is not None, outcome.said
    assert int(links[1]) > 0
