"""The pages under docs/ that are made from the code: `make docs` writes them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from pathlib import Path

from prometheus_client import REGISTRY, Metric

import app
from app.server import jobs
from app.server.openapi.error_codes import error_codes
from tests.architecture.source import ROOT

_NOTE = "<!-- Written by `make docs` from the code; a test compares the two. -->"


def _import_everything() -> None:
    """So that the pages do not depend on what a test happened to import before."""
    for found in pkgutil.walk_packages(app.__path__, "app."):
        if ".migrations" not in found.name and found.name != "app.__main__":
            importlib.import_module(found.name)


def errors_page() -> str:
    """docs/errors.md."""
    _import_everything()
    lines = [
        "# Error codes",
        "",
        _NOTE,
        "",
        "Every problem document (RFC 9457) has one of these as `code`. A code is never renamed.",
        "The same list is at `/api/docs/errors` of a running server, with a page for each code.",
        "",
        "| code | status | meaning | what to do | defined in |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{one.code}` | {one.status} | {' '.join((one.title + '.', one.text)).strip()} "
        f"| {one.advice} | `{one.where}` |"
        for one in error_codes()
    ]
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    """docs/metrics.md."""
    _import_everything()
    lines = [
        "# Metrics",
        "",
        _NOTE,
        "",
        "`GET /metrics` answers these in Prometheus's text format for all workers; with a single one,",
        "those of the Python process, too. What to watch and what to do about it:",
        "[operations](operations.md#alarms).",
        "",
        "| metric | type | labels | meaning |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{_sample_name(metric)}` | {metric.type} | {_labels(metric)} | {metric.documentation} |"
        for metric in sorted(_ours(), key=lambda metric: metric.name)
    ]
    return "\n".join(lines) + "\n"


def _ours() -> Iterable[Metric]:
    counted = (metric for metric in REGISTRY.collect() if metric.name.startswith("promptroom_"))
    return [*counted, *jobs.figures({})]


def _sample_name(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def _labels(metric: Metric) -> str:
    # The only way to labels without values.
    collector = REGISTRY._names_to_collectors.get(metric.name, metric)
    names: tuple[str, ...] = getattr(collector, "_labelnames", ())
    return ", ".join(f"`{name}`" for name in names) or "none"


PAGES: dict[Path, Callable[[], str]] = {
    ROOT / "docs/errors.md": errors_page,
    ROOT / "docs/metrics.md": metrics_page,
}


if __name__ == "__main__":
    for path, write in PAGES.items():
        path.write_text(write(), "utf-8")
