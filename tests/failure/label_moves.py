"""How soon a label's move is in running programs: `python -m tests.failure.label_moves [moves]`.

Fifty SDKs wait at two workers with PostgreSQL and Redis and are told by the change stream alone.
The labels are moved in Chromium, by the form on the prompt's page: the clock begins at the press.
Then every process is killed at once: they go on serving and say stale, and what is moved the moment
the server is back arrives without a restart.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, async_playwright

from app.sdk import AsyncPromptroom, Options, Prompt, api
from tests.support.deployment import cluster
from tests.support.server import EMAIL, KEY, PASSWORD, Server
from tests.support.waiting import until

PROGRAMS = 50
NAME = "label/moves"


class Program:
    """One SDK, and when it had which version."""

    def __init__(self, url: str) -> None:
        self.seen: dict[int, float] = {}
        options = Options(poll_seconds=600, timeout=5, on_change=self._changed)
        self.client = AsyncPromptroom(url, KEY, options)

    def _changed(self, prompt: Prompt) -> None:
        self.seen[prompt.version] = time.perf_counter()


async def released(client: AsyncPromptroom) -> str:
    """Two versions, the first in production."""
    made = await client.call(api.create_prompt(NAME, text="one"))
    prompt_id = str(made["id"])
    await client.call(api.publish_version(prompt_id, "1", ["production"]))
    await client.call(api.change_prompt(prompt_id, text="two"))
    await client.call(api.publish_version(prompt_id, "2"))
    return prompt_id


class Person:
    """Somebody signed in with a browser, on the page from which labels are moved."""

    def __init__(self, page: Page, url: str) -> None:
        self._page, self._url = page, url

    async def sign_in(self) -> None:
        await self._page.goto(f"{self._url}/sign-in")
        await self._page.locator("[name=email]").fill(EMAIL)
        await self._page.locator("[name=password]").fill(PASSWORD)
        await self._page.locator("[name=password]").press("Enter")
        await self._page.wait_for_url(lambda url: "/sign-in" not in url)

    async def move(self, prompt_id: str, version: int) -> float:
        """When the button was pressed."""
        page = self._page
        await page.goto(f"{self._url}/w/acme/prompts/{prompt_id}/versions/{version}")
        await page.get_by_role("button", name=f"Promote v{version}").click()
        await page.get_by_role("radio", name="production").check()
        button = page.get_by_role("button", name="Move the label")
        began = time.perf_counter()
        await button.click()
        await page.wait_for_url("**/versions?to=*")
        return began


async def move(
    programs: list[Program], person: Person, prompt_id: str, version: int
) -> list[float]:
    """Seconds from the press until each has the version."""
    for program in programs:
        program.seen.clear()
    began = await person.move(prompt_id, version)
    await until(lambda: all(version in program.seen for program in programs), 10)
    return [program.seen[version] - began for program in programs]


async def crash(server: Server, programs: list[Program], prompt_id: str) -> float:
    """Seconds from the server's return, with a move at once, until everybody is true again."""
    for program in programs:
        program.seen.clear()
    server.kill_everything()
    await until(lambda: all(program.client.freshness.is_stale for program in programs), 30)
    served = [await program.client.get(NAME) for program in programs]
    assert all(prompt.is_stale and prompt.version == 2 for prompt in served)
    await asyncio.to_thread(server.start)
    back = time.perf_counter()
    await programs[0].client.call(api.move_label(prompt_id, "production", 1))
    await until(lambda: all(1 in program.seen for program in programs), 30)
    await until(lambda: not any(program.client.freshness.is_stale for program in programs), 30)
    took = time.perf_counter() - back
    assert {(await program.client.get(NAME)).version for program in programs} == {1}
    return took


@asynccontextmanager
async def _a_browser() -> AsyncIterator[Page]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        chromium = await playwright.chromium.launch(executable_path=path, args=flags)
        yield await chromium.new_page()
        await chromium.close()


async def measured(server: Server, moves: int) -> None:
    async with AsyncExitStack() as stack:
        person = Person(await stack.enter_async_context(_a_browser()), server.url)
        await person.sign_in()
        programs = [Program(server.url) for _ in range(PROGRAMS)]
        for program in programs:
            await stack.enter_async_context(program.client)
        prompt_id = await released(programs[0].client)
        for program in programs:
            await program.client.get(NAME)
        await until(lambda: all(one.client.freshness.state == "live" for one in programs), 10)
        took: list[float] = []
        for number in range(moves):
            took += await move(programs, person, prompt_id, 2 - number % 2)
        if moves % 2 == 0:
            await move(programs, person, prompt_id, 2)
        cuts = statistics.quantiles(took, n=100)
        say(
            f"{moves} moves in Chromium to {PROGRAMS} programs: median {1000 * cuts[49]:.0f} ms, "
            f"p99 {1000 * cuts[98]:.0f}, longest {1000 * max(took):.0f}"
        )
        say(f"after a crash, true again within {await crash(server, programs, prompt_id):.1f} s")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    moves = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as scratch, cluster(Path(scratch), 2) as deployed:
        asyncio.run(measured(deployed.server, moves))


if __name__ == "__main__":
    main()
