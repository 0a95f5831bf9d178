"""Unit tests of the editor's JavaScript, run in Chromium so that no Node is needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

MODULES = sorted(path.name for path in (Path(__file__).parent / "js").glob("*.test.js"))


@pytest.mark.browser
@pytest.mark.parametrize("module", MODULES)
def test_every_unit_of_the_module_passes(browser: Browser, static_site: str, module: str):
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{static_site}/units/index.html?module={module}")
        page.wait_for_function("() => window.results", timeout=30_000)
        results = page.evaluate("window.results")
    finally:
        context.close()
    assert results["failed"] == []
    assert results["passed"], f"{module} holds no test"
