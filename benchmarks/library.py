"""The library over HTTP: lists, searches and the palette, on both databases.

The demo workspace of `promptroom seed demo`, one worker, one client after the other on a kept
connection. Beside it the same search by `icontains`, which is what there was before an index.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from benchmarks.figures import Figures, Goal, lines, percentile, resident_bytes
from benchmarks.target import free_port, until_open
from tests.support.services import PostgresServer

SLUG = "larkspur-demo"
PASSWORD = "correct horse battery staple"
SMALL = 10_000
_ROUNDS = 25  # of each address
_INDEXED_SECONDS = 600.0
_FIRST_JOBS_SECONDS = 30.0  # after a start the jobs of a day come first, once
_FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}
_WORD = re.compile(r"[a-z]{5,}")
_TAG = re.compile(r"<script.*?</script>|<[^>]+>", re.DOTALL)


@dataclass(frozen=True)
class Words:
    """To be searched for, as the workspace's own texts have them."""

    worst: list[str]  # in most prompts
    usual: list[str]
    rare: list[str]


class Client:
    """One browser on one connection, as a person types."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers: dict[str, str] = {}

    def sign_in(self, email: str) -> None:
        form = f"email={quote(email)}&password={quote(PASSWORD)}"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Sec-Fetch-Site": "same-origin",
        }
        self._connection.request("POST", "/sign-in", form, headers)
        answer = self._connection.getresponse()
        answer.read()
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        self._headers = {"Cookie": cookie}

    def post(self, path: str, form: str) -> str:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Sec-Fetch-Site": "same-origin",
        }
        self._connection.request("POST", path, form, headers | self._headers)
        return self._connection.getresponse().read().decode()

    def get(self, path: str, **headers: str) -> tuple[float, str]:
        """Milliseconds until the whole answer is there, and the answer."""
        begun = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers | headers)
        answer = self._connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - begun) * 1000
        assert answer.status == 200, (path, answer.status, body[:300])
        return took, body.decode()


def key_of(port: int) -> str:
    """A new API key of the workspace, made on its page."""
    client = Client(port)
    client.sign_in("maya.lindqvist@larkspur.example")
    page = client.post(f"/w/{SLUG}/settings/keys", "name=bench&scopes=read")
    found = re.search(r"pr_live_[0-9A-Za-z]+", page)
    assert found, page[:300]
    return found[0]


def measured(client: Client, words: Words, pid: int) -> Figures:
    root = f"/w/{SLUG}/"
    kinds = {
        "list": [root, f"{root}?sort=title", f"{root}?label=production"],
        "search, usual words": [f"{root}?q={quote(one)}" for one in words.usual],
        "search, worst words": [f"{root}?q={quote(one)}" for one in words.worst],
        "search, beginnings": [f"{root}?q={one[:n]}" for one in words.worst for n in (1, 2, 3, 4)],
        "search, misspelt": [f"{root}?q={one[:2]}{one[3]}{one[2]}{one[4:]}" for one in words.rare],
        "search, second page": list(_second_pages(client, root, words)),
    }
    found: dict[str, float] = {}
    for kind, paths in kinds.items():
        took = [client.get(path, **_FRAGMENT)[0] for _ in range(_ROUNDS) for path in paths]
        found[f"{kind} p50, ms"] = percentile(took, 0.50)
        found[f"{kind} p95, ms"] = percentile(took, 0.95)
    found["memory, MiB"] = resident_bytes(pid) / 2**20
    return found


def _second_pages(client: Client, root: str, words: Words) -> Iterator[str]:
    for word in words.worst[:2]:
        _, page = client.get(f"{root}?q={quote(word)}", **_FRAGMENT)
        more = re.search(r'id="more".*?href="([^"]+)"', page, re.DOTALL)
        if more:
            yield more[1].replace("&amp;", "&")


def words_of(client: Client) -> Words:
    """By how many of the newest prompts' rows and editors have them."""
    root = f"/w/{SLUG}/"
    _, page = client.get(root)
    seen: Counter[str] = Counter()
    for path in re.findall(r'<a data-row href="([^"]+)"', page)[:40]:
        _, editor = client.get(path)
        seen.update(set(_WORD.findall(_TAG.sub(" ", editor).lower())))
    counted = []
    for word, _ in seen.most_common(120):
        _, found = client.get(f"{root}?q={word}", **_FRAGMENT)
        number = re.search(r'role="status"[^>]*>\s*([\d,]+) prompt', found)
        hits = int(number[1].replace(",", "")) if number else 0
        if hits:  # a page has words of its own, too
            counted.append((hits, word))
    counted.sort(reverse=True)
    middle = len(counted) // 2
    names = [word for _, word in counted]
    return Words(names[:5], names[middle : middle + 8], names[-8:])


@asynccontextmanager
async def furnished(url: str, prompts: int) -> AsyncIterator[tuple[int, int]]:
    """Port and process of a server with the demo workspace, everything indexed."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="promptroom-bench-") as folder:
        environment = {
            **os.environ,
            "PROMPTROOM_DATA_DIR": folder,
            "PROMPTROOM_PORT": str(port),
            "PROMPTROOM_LOG_LEVEL": "warning",
            "PROMPTROOM_PASSWORD": PASSWORD,
            **({"PROMPTROOM_DATABASE_URL": url} if url else {}),
        }
        begun = time.perf_counter()
        seed = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "seed", "demo", "--prompts", str(prompts)),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
        )
        assert await seed.wait() == 0
        print(f"  seeded in {time.perf_counter() - begun:.0f} s", flush=True)
        with (Path(folder) / "log").open("wb") as log:
            server = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "app", "serve"), env=environment, stdout=log, stderr=log
            )
            try:
                await until_open(port)
                yield port, server.pid
            finally:
                server.send_signal(signal.SIGTERM)
                await server.wait()


def until_indexed(client: Client, prompts: int) -> float:
    begun = time.perf_counter()
    while time.perf_counter() - begun < _INDEXED_SECONDS:
        _, page = client.get(f"/w/{SLUG}/")
        number = re.search(r'id="total">([\d,]+)', page)
        shown = int(number[1].replace(",", "")) if number else 0
        if shown >= prompts * 0.85 and "is being indexed" not in page:
            return time.perf_counter() - begun
        time.sleep(0.5)
    raise TimeoutError("the index does not catch up")


async def run(prompts: int, repeat: int, *, on_postgres: bool) -> None:
    name = "PostgreSQL" if on_postgres else "SQLite"
    limit = 30.0 if prompts <= SMALL else 150.0
    print(f"\nThe library, {prompts:,} prompts on {name}, over HTTP", flush=True)
    with ExitStack() as stack:
        url = ""
        if on_postgres:
            url = stack.enter_context(PostgresServer()).url
        async with furnished(url, prompts) as (port, pid):
            client = Client(port)
            client.sign_in("maya.lindqvist@larkspur.example")
            took = until_indexed(client, prompts)
            await asyncio.sleep(max(0.0, _FIRST_JOBS_SECONDS - took))
            client = Client(port)  # the server has hung up meanwhile
            client.sign_in("maya.lindqvist@larkspur.example")
            words = words_of(client)
            print(f"  indexed {took:.0f} s after the start; words such as {', '.join(words.worst)}")
            found = [measured(client, words, pid) for _ in range(repeat)]
    goals = {
        what: Goal(limit if what.startswith("search") else 15.0 if prompts <= SMALL else 75.0)
        for what in found[0]
        if what.endswith("p95, ms")
    }
    print(lines(found, [], goals), flush=True)


async def run_all(only: str, repeat: int) -> None:
    """Scenarios are called library_10k_sqlite and so on."""
    for prompts, size in ((SMALL, "10k"), (100_000, "100k")):
        for on_postgres in (False, True):
            name = f"library_{size}_{'postgres' if on_postgres else 'sqlite'}"
            if only in name:
                await run(prompts, repeat, on_postgres=on_postgres)
