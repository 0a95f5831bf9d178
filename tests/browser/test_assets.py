"""What the editor costs to load, and that third-party files are what they were recorded as."""

from __future__ import annotations

import gzip
import hashlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ["static/vendor", "tests/browser/vendor"]
BUNDLE_BYTES = 160 * 1024  # gzipped; third-party code, cached for good
MODULES_BYTES = 56 * 1024  # gzipped one by one, as they are served; references are 3 KB of it
STYLE_BYTES = 4 * 1024
LINES = 350


def compressed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


@pytest.mark.parametrize("folder", FOLDERS)
def test_recorded_files_are_unchanged_and_complete(folder: str):
    base = ROOT / folder
    recorded = tomllib.loads((base / "VENDOR.toml").read_text("utf-8"))["file"]
    for entry in recorded:
        found = hashlib.sha256((base / entry["file"]).read_bytes()).hexdigest()
        assert found == entry["sha256"], entry["file"]
        assert all(entry[key] for key in ("licence", "source", "version")), entry["file"]
    scripts = {path.name for path in base.glob("*.js")}
    assert scripts <= {entry["file"] for entry in recorded}


def test_the_editor_stays_within_its_budget():
    [bundle] = (ROOT / "static/vendor").glob("collab-*.js")
    modules = sorted((ROOT / "static/js/editor").glob("*.js"))
    assert compressed(bundle) <= BUNDLE_BYTES
    assert sum(compressed(module) for module in modules) <= MODULES_BYTES
    assert compressed(ROOT / "static/css/editor.css") <= STYLE_BYTES


def test_every_module_is_short_and_says_what_it_is():
    for module in (ROOT / "static/js/editor").glob("*.js"):
        lines = module.read_text("utf-8").splitlines()
        assert len(lines) <= LINES, module.name
        assert lines[0].startswith("/* "), module.name


def test_one_module_alone_names_the_bundle():
    naming = [
        module.name
        for module in (ROOT / "static/js").rglob("*.js")
        if "vendor/collab-" in module.read_text("utf-8")
    ]
    assert naming == ["vendor.js"]
