"""Reads the corpus of real Yjs traffic that corpora/make_corpora.mjs wrote."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.wire import Reader

CORPUS = Path(__file__).parent / "corpora" / "traffic.gz"
UPDATE, STEP2, MERGED = range(3)


@dataclass(frozen=True, slots=True)
class Session:
    """One document's traffic in the order of its arrival, and the text that Yjs ended with."""

    name: str
    arrivals: tuple[tuple[str, int, bytes], ...]
    text: str


def sessions() -> Iterator[Session]:
    """Every session of the corpus."""
    reader = Reader(gzip.decompress(CORPUS.read_bytes()))
    for _ in range(reader.uint()):
        name = reader.raw().decode()
        arrivals = tuple(
            (f"user:{reader.uint()}", reader.uint(), reader.raw()) for _ in range(reader.uint())
        )
        yield Session(name, arrivals, reader.raw().decode())
