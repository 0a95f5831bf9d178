"""axe-core on a page, past the page's own content security policy."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page

SOURCE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BY_THEME = {"type": "rule", "values": ["color-contrast"]}  # what another theme may change
RUN = """axe.run(%s, {runOnly: %s}).then((found) => JSON.stringify(found.violations.flatMap(
  (rule) => rule.nodes.map((node) => rule.id + ': ' + node.html.slice(0, 160)))))"""


def violations(page: Page, rules: object = RULES, within: str = "html") -> list[str]:
    """Every violated rule with the element, as one line each."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Runtime.evaluate", {"expression": SOURCE})
    expression = RUN % (json.dumps(within), json.dumps(rules))
    answer = devtools.send(
        "Runtime.evaluate",
        {"expression": expression, "awaitPromise": True, "returnByValue": True},
    )
    found: list[str] = json.loads(answer["result"]["value"])
    return found
