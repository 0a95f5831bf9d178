"""schemathesis over the whole description, against a served application.

    python -m tests.server.openapi.schemathesis_run [--seed N] [--cases N] [--cluster]

All checks in all phases: examples, coverage, fuzzing, stateful along the description's links. Two
workspaces take part, so that whatever one gets is asked for by the other, too. `--cluster` is
PostgreSQL, Redis and two workers; without it one worker on SQLite.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.db.engine import Database
from tests.security.world import World, a_world
from tests.support.deployment import alone, cluster
from tests.support.server import Server

HERE = Path(__file__).parent
PHASES = "examples,coverage,fuzzing,stateful"


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and what it printed."""

    code: int
    said: str
    calls: Counter[tuple[str, int, str]]  # by phase, status and operation


def run(
    server: Server,
    database: Database,
    folder: Path,
    *,
    seed: int,
    cases: int,
    phases: str = PHASES,
    every: int = 0,
) -> Outcome:
    """Check a running server that has nothing in it yet.

    `every`: of the cases of the coverage phase only every third, say; 0 = all.
    """
    worlds = asyncio.run(_furnished(server, database))
    people = folder / "identities.json"
    people.write_text(json.dumps(_identities(worlds)))
    reached = folder / "reached.tsv"
    reached.touch()
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "tests.server.openapi.schemathesis_checks",
        "SCHEMATHESIS_THERE": json.dumps(_there(worlds[0])),
        "SCHEMATHESIS_EVERY": str(every),
        "SCHEMATHESIS_REACHED": str(reached),
        "SCHEMATHESIS_OWN_KEYS": " ".join(str(one.key.id) for one in worlds),
        "PYTHONPATH": str(HERE.parents[2]) + os.pathsep + os.environ.get("PYTHONPATH", ""),
    }
    command = [sys.executable, "-m", "schemathesis.cli"]
    command += ["--config-file", str(HERE / "schemathesis.toml")]
    command += ["run", f"{server.url}/api/openapi.json", "--auth-wfc", str(people)]
    # `what_was_deleted_is_gone` stands in its place: deleting a prompt archives it.
    command += ["--checks", "all", "--exclude-checks", "use_after_free"]
    command += ["--phases", phases, "--seed", str(seed)]
    command += ["--max-examples", str(cases), "--continue-on-failure", "--request-timeout", "20"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return Outcome(done.returncode, done.stdout + done.stderr, _calls(reached))


def _calls(notes: Path) -> Counter[tuple[str, int, str]]:
    lines = (line.split("\t") for line in notes.read_text().splitlines())
    return Counter((phase, int(status), label) for phase, status, label in lines)


async def _furnished(server: Server, database: Database) -> list[World]:
    try:
        async with httpx.AsyncClient(base_url=server.url) as client:
            worlds = [
                await a_world(client, database.everywhere(), mark) for mark in ("mine", "zqother")
            ]
            for one in worlds:  # what fetch and bundle give when nobody names a label
                url = f"/api/v1/prompts/{one.ids['prompt_id']}/labels/production"
                await client.put(url, headers=one.key.headers, json={"version": 1})
            return worlds
    finally:
        await database.close()


def _there(world: World) -> dict[str, str | int]:
    """What is in the workspace, by the names that paths have for it."""
    numbers = ("number", "index")
    return {
        name: int(one) if name in numbers else one
        for name, one in (world.ids | {"name": world.ids["path"]}).items()
    }


def _identities(worlds: list[World]) -> dict:
    return {
        "auth": [
            {
                "name": one.mark,
                "fixedHeaders": [
                    {"name": "Authorization", "value": one.key.headers["Authorization"]}
                ],
            }
            for one in worlds
        ]
    }


@contextmanager
def _served(folder: Path, *, has_cluster: bool) -> Iterator[tuple[Server, Database]]:
    if has_cluster:
        with cluster(folder, 2) as found:
            yield found.server, Database(found.server._given["PROMPTROOM_DATABASE_URL"])
    else:
        with alone(folder) as server:
            yield server, Database(f"sqlite:///{folder / 'promptroom.db'}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=50, help="per call and phase")
    parser.add_argument("--cluster", action="store_true", help="PostgreSQL, Redis, two workers")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="schemathesis-") as name:
        folder = Path(name)
        with _served(folder, has_cluster=asked.cluster) as (server, database):
            outcome = run(server, database, folder, seed=asked.seed, cases=asked.cases)
            print(outcome.said)
            failed = [line for line in server.logs().splitlines() if "request.failed" in line]
            print(*failed[:5], sep="\n")
    return outcome.code or bool(failed)


if __name__ == "__main__":
    sys.exit(main())
