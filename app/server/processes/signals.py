"""How a worker is asked to leave: the signals that its supervisor sends."""

from __future__ import annotations

import signal
from enum import Enum


class Parting(Enum):
    """Why it is asked to; its value is the signal that says so."""

    STOPPED = signal.SIGTERM  # the whole server stops: tell load balancers first
    REPLACED = signal.SIGHUP  # the next one starts when this one is gone: people are waiting
    SUPERSEDED = signal.SIGUSR2  # the next one serves already: nobody needs to notice
