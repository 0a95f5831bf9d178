"""How soon a comment is on other people's screens: `python -m tests.browser.how_live [tries]`.

From the key that sends a reply to the card that shows it, in Chromium, for three readers: on one
worker with SQLite, and on two with PostgreSQL and Redis. Both ends read the machine's one clock.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.stage import Stage
from tests.browser.test_threads import TEXT, card, comment, open_threads
from tests.conftest import CHROMIUM_FLAGS
from tests.support.deployment import alone, cluster
from tests.support.server import Server

READERS = ("priya", "kenji", "mara")
NOTE_SENT = """() => document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && event.ctrlKey) window.sentAt = performance.timeOrigin + performance.now();
}, true)"""
NOTE_SEEN = """() => {
  window.seenAt = {};
  new MutationObserver(() => {
    for (const node of document.querySelectorAll('#thread-list .comment-text')) {
      const said = node.textContent.trim();
      window.seenAt[said] ??= performance.timeOrigin + performance.now();
    }
  }).observe(document.getElementById('threads'), { childList: true, subtree: true });
}"""


def send(page: Page, words: str) -> float:
    field = page.locator(".thread.active .reply textarea")
    field.fill(words)
    field.press("Control+Enter")
    return float(page.evaluate("window.sentAt"))


def delays(server: Server, browser: Browser, tries: int) -> list[float]:
    """Milliseconds, one for each try and reader."""
    stage = Stage(server, browser)
    prompt_id = stage.prompt(TEXT, "threads/how-live")
    owner = open_threads(stage, prompt_id)
    readers = [open_threads(stage, prompt_id, who) for who in READERS]
    comment(owner, "promise a date", "Why?")
    for reader in readers:
        card(reader.page, "Why?").wait_for()
        reader.page.evaluate(NOTE_SEEN)
    card(owner.page, "Why?").locator(".comment-text").first.click()
    owner.page.evaluate(NOTE_SENT)
    found = []
    for number in range(tries):
        words = f"Reply {number} of {tries}."
        sent = send(owner.page, words)
        for reader in readers:
            handle = reader.page.wait_for_function("(words) => window.seenAt[words]", arg=words)
            found.append(float(handle.json_value()) - sent)
    stage.close()
    return found


def main() -> None:
    tries = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS
        )
        with alone(Path(scratch) / "one") as server:
            show("one worker, SQLite", delays(server, browser, tries))
        with cluster(Path(scratch) / "two", 2) as deployed:
            show("two workers, PostgreSQL and Redis", delays(deployed.server, browser, tries))
        browser.close()


def show(where: str, found: list[float]) -> None:
    cuts = statistics.quantiles(found, n=20)
    print(  # noqa: T201
        f"{where}: median {statistics.median(found):.0f} ms, p95 {cuts[18]:.0f}, "
        f"longest {max(found):.0f}, of {len(found)}"
    )


if __name__ == "__main__":
    main()
