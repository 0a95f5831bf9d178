"""Figures that workers share: room for them beforehand, and none that outlive their moment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from prometheus_client import REGISTRY, Gauge

from app.server.core import build
from app.server.monitoring.figures import BYTES, VARIABLE, Figures, shared_figures
from tests.support.server import ROOT


def test_the_folder_is_fresh_and_gone_afterwards(tmp_path: Path) -> None:
    left_over = tmp_path / "figures-of-a-killed-one"
    left_over.mkdir()
    (left_over / "counter_0.db").touch()
    with shared_figures(tmp_path) as ours, shared_figures(tmp_path) as theirs:
        assert not left_over.exists()
        assert ours.folder.is_dir(), "another server does not sweep up what is in use"
        assert theirs.folder != ours.folder
    assert list(tmp_path.iterdir()) == []


def test_what_is_now_is_forgotten_and_what_was_counted_stays(tmp_path: Path) -> None:
    for name in ("gauge_livesum_1.db", "gauge_livesum_11.db", "counter_1.db", "histogram_1.db"):
        (tmp_path / name).touch()
    Figures(tmp_path).forget(1)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == ["counter_1.db", "gauge_livesum_11.db", "histogram_1.db"]


def test_every_gauge_says_how_workers_make_one_figure_of_it() -> None:
    assert build  # everything is imported
    ours = {
        name: one for name, one in REGISTRY._names_to_collectors.items() if "promptroom" in name
    }
    gauges = {name: one for name, one in ours.items() if isinstance(one, Gauge)}
    assert gauges
    assert {f"gauge_{gauge._multiprocess_mode}" for gauge in gauges.values()} <= BYTES.keys()


def run(program: str, folder: str) -> str:
    environment = os.environ | {VARIABLE: folder}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment,
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


WORKER = """
from app.server.monitoring import figures
figures.share(3)
from prometheus_client import Counter
counted = Counter("planted", "Planted")
counted.inc()
print(figures.latest().decode())
"""


def test_a_worker_goes_on_where_the_last_one_with_its_number_stopped(tmp_path: Path) -> None:
    assert "planted_total 1.0" in run(WORKER, str(tmp_path))
    assert "planted_total 2.0" in run(WORKER, str(tmp_path))
    assert (tmp_path / "counter_3.db").stat().st_blocks * 512 >= 2**18, "no holes"


def test_without_a_folder_a_worker_counts_for_itself(tmp_path: Path) -> None:
    for folder in ("", str(tmp_path / "gone")):
        assert "planted_total 1.0" in run(WORKER, folder)
