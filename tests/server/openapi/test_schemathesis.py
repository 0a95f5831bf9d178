"""schemathesis over every call, in short: `schemathesis_run` is the long form, with its reasons."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from app.db.engine import Database
from tests.server.openapi.schemathesis_run import run
from tests.support.deployment import alone


@pytest.mark.timeout(240)  # it takes all processors there are
def test_every_call_does_what_its_description_says(tmp_path: Path) -> None:
    with alone(tmp_path) as server:
        database = Database(f"sqlite:///{tmp_path / 'promptroom.db'}")
        phases = "coverage,stateful"
        outcome = run(server, database, tmp_path, seed=1, cases=8, phases=phases, every=6)
        described = _operations(httpx.get(f"{server.url}/api/openapi.json").json())
        assert "request.failed" not in server.logs()
    assert outcome.code == 0, outcome.said
    assert {label for _, _, label in outcome.calls} == described
    # Which links are followed is a matter of chance, even with a seed; how many is not.
    went_well = {
        label for phase, status, label in outcome.calls if phase == "stateful" and status < 300
    }
    assert len(went_well) >= 35, sorted(described - went_well)
    links = re.search(r"API Links:\s+(\d+) covered", outcome.said)
    assert links is not None, outcome.said
    assert int(links[1]) >= 40, outcome.said


def _operations(description: dict) -> set[str]:
    return {
        f"{method.upper()} {path}" for path, item in description["paths"].items() for method in item
    }
