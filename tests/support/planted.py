"""Runs the product's supervisor around an application that a test has planted.

`python -m tests.support.planted module:factory PORT WORKERS`
"""

from __future__ import annotations

import os
import sys

from app.server import logs
from app.server.claims import bind
from app.server.supervisor import Supervisor
from app.settings import from_environment


def main() -> None:
    factory, port, workers = sys.argv[1:]
    settings = from_environment(os.environ)
    logs.configure(settings.log_format, settings.log_level)
    listener = bind("127.0.0.1", int(port))
    supervisor = Supervisor(listener, int(workers), lambda _is_empty: None, factory=factory)
    sys.exit(supervisor.run())


if __name__ == "__main__":
    main()
