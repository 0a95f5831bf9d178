"""A prompt from the SDK's memory, while its change stream is open, beside a look into a dict."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from app.sdk import AsyncPromptroom, Options, Prompt, Promptroom
from benchmarks.figures import Figures, Goal, lines, percentile
from benchmarks.library import furnished, key_of

PROMPTS = 1000
GETS = 20_000
GOALS = {f"{how} get, p99, ms": Goal(0.1) for how in ("async", "sync")}
GOALS |= {f"{how} get, p50, ms": Goal(0.1) for how in ("async", "sync")}


def _told(how: str, took: list[float]) -> Figures:
    return {
        f"{how} get, p50, ms": percentile(took, 0.50),
        f"{how} get, p99, ms": percentile(took, 0.99),
    }


def _each(names: list[str], get: Callable[[str], object]) -> list[float]:
    """Milliseconds of each."""
    took = []
    for name in names:
        begun = time.perf_counter()
        get(name)
        took.append((time.perf_counter() - begun) * 1000)
    return took


async def _awaited(client: AsyncPromptroom, names: list[str]) -> list[float]:
    took = []
    for name in names:
        begun = time.perf_counter()
        await client.get(name)
        took.append((time.perf_counter() - begun) * 1000)
    return took


async def run_all(only: str, repeat: int) -> None:
    if only not in "fetch_sdk":
        return
    print(f"\nGetting {PROMPTS:,} prompts from the SDK's memory", flush=True)
    ours, beside = [], []
    async with furnished("", PROMPTS) as (port, _):
        url, key = f"http://127.0.0.1:{port}", key_of(port)
        async with AsyncPromptroom(url, key, Options(timeout=30)) as client:
            with Promptroom(url, key, Options(timeout=30)) as plain:
                begun = time.perf_counter()
                count = await client.preload()
                print(f"  {count:,} preloaded in {time.perf_counter() - begun:.2f} s", flush=True)
                await asyncio.to_thread(plain.preload)
                known: dict[str, Prompt] = {
                    k.name: one
                    for k, one in client._cache.prompts()  # noqa: SLF001  # the names that there are
                }
                for _ in range(repeat):
                    names = random.Random(7).choices(sorted(known), k=GETS)
                    in_async = _told("async", await _awaited(client, names))
                    in_sync = _told("sync", _each(names, plain.get))
                    ours.append({**in_async, **in_sync})
                    bare = _each(names, known.__getitem__)
                    beside.append({**_told("async", bare), **_told("sync", bare)})
    print(lines(ours, beside, GOALS), flush=True)
