"""Keeps the index up to date: takes what waits, and what the live engine says of texts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.db import locks
from app.db.engine import Database
from app.domain.search import gathering, queries
from app.domain.search.analysis import TEXT_LONGEST, words
from app.domain.search.gathering import LiveText
from app.domain.search.words import Document, Words

BATCH = 40  # prompts in one transaction: some ten milliseconds, for others who want to write
MANY = 100  # in the background
MOST_KNOWN = 200_000  # words of one workspace that are remembered as stored


@dataclass(frozen=True, slots=True)
class Inside:
    workspace_id: UUID


# Whoever else keeps something of what live texts say, in the transaction that indexes them: by
# prompt, some of them as they were.
Heard = Callable[[AsyncSession, InWorkspace, Mapping[UUID, str]], Awaitable[None]]


class Indexer:
    """Writes the index. Changes of one workspace's commit in the order of their stamps."""

    def __init__(self, database: Database, engine: Words, heard: Sequence[Heard] = ()) -> None:
        self._database = database
        self._words = engine
        self._heard = heard
        self._known: dict[UUID, set[str]] = {}

    async def catch_up(self, where: InWorkspace, limit: int = BATCH) -> int:
        """Index what waits; how many changes that were."""
        async with self._database.within(where).transaction() as tx:
            await locks.hold(tx, _lock(where))
            prompt_ids = await queries.take_waiting(tx, where, limit)
            if not prompt_ids:
                return 0
            before = await queries.entries(tx, where, prompt_ids)
            rows = await gathering.gathered(tx, where, prompt_ids, before)
            terms = await self._store(tx, where, rows)
        self._remember(where, terms)
        return len(prompt_ids)

    async def texts_changed(self, where: InWorkspace, texts: Mapping[UUID, LiveText]) -> set[UUID]:
        """Index what documents say now, by room; the rooms that are not indexed yet at all."""
        async with self._database.within(where).transaction() as tx:
            await locks.hold(tx, _lock(where))
            found = await queries.entries_of_rooms(tx, where, list(texts))
            rows = await gathering.with_texts(
                tx, [(entry, texts[room]) for room, entry in found.items()]
            )
            terms = await self._store(tx, where, rows)
        self._remember(where, terms)
        return set(texts) - set(found)

    async def rooms_again(self, where: InWorkspace, room_ids: Sequence[UUID]) -> None:
        """Index these rooms' prompts from what is stored."""
        async with self._database.within(where).transaction() as tx:
            await locks.hold(tx, _lock(where))
            found = await queries.entries_of_rooms(tx, where, room_ids)
            before = {entry.prompt_id: entry for entry in found.values()}
            rows = await gathering.gathered(tx, where, list(before), before)
            terms = await self._store(tx, where, rows)
        self._remember(where, terms)

    async def work_off(self) -> int:
        """One batch of each workspace in which something waits."""
        async with self._database.transaction(write=False) as tx:
            workspaces = await queries.waiting_workspaces(tx, BATCH)
        done = 0
        for workspace_id in workspaces:
            done += await self.catch_up(Inside(workspace_id), MANY)
        return done

    async def _store(
        self, tx: AsyncSession, where: InWorkspace, rows: Sequence[dict[str, Any]]
    ) -> set[str]:
        """Write entries with their words; the words that were new, as far as is known."""
        if not rows:
            return set()
        shelf = await queries.shelf(tx, where)
        shelf.stamp += 1
        new = [row for row in rows if row["number"] is None]
        known = [row for row in rows if row["number"] is not None]
        for row in new:
            row["number"] = shelf.size
            shelf.size += 1
        for row in rows:
            row["stamp"] = shelf.stamp
        documents = await asyncio.to_thread(lambda: [document_of(row) for row in rows])
        terms = {word for one in documents for word in (*one.head, *_below(one))}
        terms -= self._known.get(where.workspace_id, set())
        await queries.put_entries(tx, new, new=True)
        await queries.put_entries(tx, known, new=False)
        await queries.add_terms(tx, where, terms)
        await self._words.put(tx, shelf.number, documents)
        for hear in self._heard:
            await hear(tx, where, {row["prompt_id"]: row["text"] for row in rows})
        return terms

    def _remember(self, where: InWorkspace, terms: set[str]) -> None:
        known = self._known.setdefault(where.workspace_id, set())
        known |= terms
        if len(known) > MOST_KNOWN:
            known.clear()
        if len(self._known) > 1000:  # workspaces; asking the database again costs little
            self._known = {where.workspace_id: known}


def document_of(row: Mapping[str, Any]) -> Document:
    return Document(
        number=row["number"],
        head=list(words(f"{row['title']} {row['name']}")),
        marks=list(words(" ".join([*row["tags"], row["variables"], row["people"]]))),
        about=list(words(row["description"])),
        body=list(words(row["text"][:TEXT_LONGEST])),
    )


def _below(one: Document) -> list[str]:
    return [*one.marks, *one.about, *one.body]


def _lock(where: InWorkspace) -> str:
    return f"search {where.workspace_id}"
