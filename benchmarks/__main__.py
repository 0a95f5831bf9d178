"""`python -m benchmarks` (or `make bench`): all figures of one run."""

from __future__ import annotations

from benchmarks.live import main

main()
