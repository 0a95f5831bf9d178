"""Runs the product's supervisor around an application that a test has planted.

`python -m tests.support.planted module:factory PORT WORKERS [--overlap]`
"""

from __future__ import annotations

import os
import sys

from app.server.monitoring import logs
from app.server.monitoring.figures import VARIABLE, shared_figures
from app.server.processes.claims import bind
from app.server.processes.supervisor import Supervisor
from app.server.processes.worker_numbers import Numbers
from app.server.processes.worker_process import Recipe
from app.settings import from_environment


def main() -> None:
    factory, port, workers, *flags = sys.argv[1:]
    settings = from_environment(os.environ)
    logs.configure(settings.log_format, settings.log_level)
    with shared_figures(settings.data_dir) as figures:
        supervisor = Supervisor(
            bind("127.0.0.1", int(port), int(workers)),
            Numbers(settings.data_dir),
            lambda _is_empty: None,
            Recipe(factory, environment={VARIABLE: str(figures.folder)}),
            has_overlap="--overlap" in flags,
            drain_seconds=settings.drain_seconds,
            figures=figures,
        )
        sys.exit(supervisor.run())


if __name__ == "__main__":
    main()
