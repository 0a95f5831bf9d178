"""Imports of the same prompts at the same moment, on both databases: each prompt comes once."""

from __future__ import annotations

import asyncio
import io

import pytest

from app.db.engine import Database
from app.domain.exchange import archive
from app.domain.exchange.archive import BranchKept, OldNameKept, PromptKept
from app.domain.exchange.exports import exporting
from app.domain.exchange.imports.importing import Importer
from app.domain.exchange.zipped import Reader, Writer
from app.kit import clock
from tests.support.builders import a_workspace, as_member

pytestmark = pytest.mark.anyio


def an_archive(count: int) -> bytes:
    writer, now = Writer(), clock.utc_now()
    pieces = [writer.add(archive.MANIFEST, [archive.manifest_bytes(["Kept"])])]
    for number in range(100, 100 + count):
        main = BranchKept("main", f"Words {number}", {"temperature": 0.5}, [])
        kept = PromptKept(
            name=f"a/{number}",
            title=f"Prompt {number}",
            description="",
            folder="",
            tags=["x"],
            created_by="Ada",
            created_at=now,
            edited_at=now,
            archived_at=None,
            branches=[main],
            labels={},
            moves=[],
            old_names=[OldNameKept(f"was/{number}", "Ada", now)],
        )
        pieces.append(writer.add(archive.path_of(kept.name), [archive.line(kept)]))
    return b"".join([*pieces, writer.close()])


async def test_each_prompt_comes_once(either: Database) -> None:
    """Whoever comes second finds it there; nobody fails, nothing is there by halves."""
    place = await a_workspace(either)
    caller = await as_member(either, place, place.owner)
    whole = an_archive(60)
    importers = [Importer(either, caller, None) for _ in range(3)]

    found = await asyncio.gather(
        *(one.archive(Reader(io.BytesIO(whole), "it.zip"), "skip") for one in importers)
    )

    actions = [item.action for items in found for item in items]
    assert sorted(actions) == ["create"] * 60 + ["unchanged"] * 120
    exported = b"".join([piece async for piece in exporting.stream(either, caller)])
    assert exported == whole
