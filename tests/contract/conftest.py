"""A server on every way to run the product; one of each for all that leave it standing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.deployment import alone, cluster
from tests.support.server import Server


@pytest.fixture(scope="session", params=["sqlite", "postgres-2", "postgres-4"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        with alone(folder) as server:
            yield server
    else:
        with cluster(folder, int(request.param.rpartition("-")[2])) as many:
            yield many.server
