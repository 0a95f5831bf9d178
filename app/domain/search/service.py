"""Finding prompts of a workspace. Implements `prompts.ports.Finder`."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.db.engine import Database
from app.domain.prompts.ports import Alike, Excerpt, Filters, Selection, Similar, Suggestion
from app.domain.search import likeness, queries, selection
from app.domain.search.analysis import Word, query_words
from app.domain.search.analysis import words as text_words
from app.domain.search.bits import bits_of
from app.domain.search.catalog import Catalog, Row, facets_of
from app.domain.search.indexer import BATCH, Indexer
from app.domain.search.queries import State
from app.domain.search.selection import Matched
from app.domain.search.words import Meaning, Words, query_of

log = structlog.get_logger(__name__)

RANKED = 1000  # hits that the engine ranks; of more, those in titles come first
MOST_PROMPTS = 400_000  # in memory, of all workspaces together: about 200 MB
CATCH_UP_ROUNDS = 5  # batches of what waits that a reader indexes before it looks
MOST_COMPARED = 4000  # words of a text that are held against another's
MOST_TITLE_WORDS = 12
MOST_GUESSES = 4  # of a misspelt word that are counted


class Finder:
    """Keeps the catalogues of the workspaces that are being looked through."""

    def __init__(self, database: Database, words: Words, indexer: Indexer) -> None:
        self._database = database
        self._words = words
        self.indexer = indexer
        self._catalogs: OrderedDict[UUID, Catalog] = OrderedDict()
        self._locks: dict[UUID, asyncio.Lock] = {}

    @asynccontextmanager
    async def looking(
        self, where: InWorkspace, filters: Filters
    ) -> AsyncIterator[tuple[AsyncSession, Selection]]:
        """The prompts that `filters` leave, whatever has been committed so far among them.

        With the transaction that saw them: what is read in it is as old as they are.
        """
        for is_last_look in (False, True):
            async with self._database.within(where).transaction(write=False) as tx:
                state = await queries.state(tx, where)
                if is_last_look or state is None or not state.is_behind:
                    yield tx, await self._selected(tx, where, state, filters)
                    return
            await self._catch_up(where)

    async def select(self, where: InWorkspace, filters: Filters) -> Selection:
        """The same without more to read about them."""
        async with self.looking(where, filters) as (_, found):
            return found

    async def _selected(
        self, tx: AsyncSession, where: InWorkspace, state: State | None, filters: Filters
    ) -> selection.Selection:
        catalog = await self._catalog(tx, where, state)
        if not filters.q.strip():
            return selection.Selection(catalog, filters, None, [])
        words = query_words(filters.q)
        matched = await self._matched(tx, catalog, state, words)
        found = selection.Selection(catalog, filters, matched, words)
        if not found.count and state is not None:
            found.suggestion = await self._suggestion(tx, catalog, state, filters, words)
        return found

    async def folders(self, where: InWorkspace) -> list[tuple[str, int]]:
        """Folders in use, by name, and how many prompts lie in each itself."""
        found = await self.select(where, Filters())
        return found.folders()

    async def alike(
        self, where: InWorkspace, prompt_id: UUID, text: str, tags: Sequence[str]
    ) -> Alike:
        """What `text`, of this prompt with these tags, is like."""
        asked = _words_of(text)
        telling = likeness.telling(asked)
        if len(telling) < likeness.LEAST_ASKED:
            return Alike()
        async with self._database.within(where).transaction(write=False) as tx:
            state = await queries.state(tx, where)
            if state is None:
                return Alike()
            catalog = await self._catalog(tx, where, state)
            found = {
                word: await self._words.numbers(tx, state.shelf, [Meaning((word,))])
                for word in telling
            }
            # In threads, what goes through thousands: somebody may be typing on this loop.
            near = await asyncio.to_thread(
                likeness.shares, found, catalog.size, catalog.number_of(prompt_id)
            )
            open_ = [(number, share) for number, share in near if catalog.is_open(number)]
            numbers = {catalog.prompt_id(n): share for n, share in open_[: likeness.NEIGHBOURS]}
            rows = {row.prompt_id: row for row in await queries.neighbours(tx, where, [*numbers])}
        texts = {
            prompt_id: rows[prompt_id].text
            for number in likeness.candidates(open_)
            if (prompt_id := catalog.prompt_id(number)) in rows
        }
        same = await asyncio.to_thread(_similar, asked, texts)
        voices = [(numbers[one], row.tags) for one, row in rows.items()]
        return Alike(
            [Similar(one, rows[one].title, percent) for one, percent in same],
            likeness.fitting_tags(voices, tags),
        )

    async def alike_titles(self, where: InWorkspace, title: str) -> Sequence[Similar]:
        """Prompts that are called nearly so."""
        asked = list(islice(text_words(title), MOST_TITLE_WORDS))
        async with self._database.within(where).transaction(write=False) as tx:
            state = await queries.state(tx, where)
            if state is None or not asked:
                return []
            catalog = await self._catalog(tx, where, state)
            has = {
                word: await self._words.numbers(tx, state.shelf, [Meaning((word,))], in_heads=True)
                for word in set(asked)
            }
            found = {word: numbers for word, numbers in has.items() if numbers}  # one may be a slip
            near = await asyncio.to_thread(likeness.shares, found, catalog.size, None)
            open_ = [number for number, _ in near if catalog.is_open(number)][: likeness.TITLES]
            words = {n: list(text_words(catalog.title(n))) for n in open_}
            same = likeness.similar_titles(asked, words)
            ids = [catalog.prompt_id(number) for number, _ in same]
            titles = await queries.titles(tx, where, ids) if ids else {}
        return [
            Similar(one, titles[one], percent)
            for one, (_, percent) in zip(ids, same, strict=True)
            if one in titles
        ]

    async def excerpts(
        self, tx: AsyncSession, where: InWorkspace, found: Selection, ids: Sequence[UUID]
    ) -> Mapping[UUID, Excerpt]:
        """The line of each text in which the query was found first."""
        if not found.is_search or not ids:
            return {}
        texts = await queries.found_texts(tx, where, ids)
        cut = ((prompt_id, found.excerpt(text)) for prompt_id, text in texts.items())
        return {prompt_id: one for prompt_id, one in cut if one}

    async def _catch_up(self, where: InWorkspace) -> None:
        """What somebody has just changed is there when they look."""
        try:
            for _ in range(CATCH_UP_ROUNDS):
                if await self.indexer.catch_up(where) < BATCH:
                    return
        except (SQLAlchemyError, OSError) as error:  # an older answer is better than none
            log.warning("search.behind", cause=type(error).__name__)

    async def _catalog(self, tx: AsyncSession, where: InWorkspace, state: State | None) -> Catalog:
        """The workspace's, as it is in this transaction."""
        catalog = self._catalogs.setdefault(where.workspace_id, Catalog())
        self._catalogs.move_to_end(where.workspace_id)
        if state is None or catalog.stamp >= state.stamp:
            return catalog
        async with self._locks.setdefault(where.workspace_id, asyncio.Lock()):
            if catalog.stamp < state.stamp:
                await self._read(tx, where, catalog, state)
        self._forget_the_oldest()
        return catalog

    @staticmethod
    async def _read(tx: AsyncSession, where: InWorkspace, catalog: Catalog, state: State) -> None:
        rows: list[Row] = []
        above = -1
        while True:
            part = await queries.changed(tx, where, catalog.stamp, above)
            rows += [_row(one) for one in part]
            if len(part) < queries.CHUNK:
                break
            above = part[-1].number
        while terms := await queries.terms_after(tx, where, catalog.last_term):
            catalog.vocabulary.add(term for _, term in terms)
            catalog.last_term = terms[-1][0]
        catalog.take(rows, state.stamp)

    def _forget_the_oldest(self) -> None:
        while len(self._catalogs) > 1 and sum(map(len, self._catalogs.values())) > MOST_PROMPTS:
            workspace_id, _ = self._catalogs.popitem(last=False)
            self._locks.pop(workspace_id, None)

    async def _matched(
        self, tx: AsyncSession, catalog: Catalog, state: State | None, words: Sequence[Word]
    ) -> Matched:
        query = query_of(words, catalog.vocabulary) if words else None
        if query is None or state is None:
            return Matched(0)
        size = catalog.size
        numbers = await self._words.numbers(tx, state.shelf, query)
        everywhere = bits_of((number for number in numbers if number < size), size)
        if len(numbers) <= RANKED:
            scores = await self._words.ranked(tx, state.shelf, query) if numbers else {}
            return Matched(everywhere, scores=scores)
        heads = await self._words.numbers(tx, state.shelf, query, in_heads=True)
        return Matched(everywhere, bits_of((n for n in heads if n < size), size))

    async def _suggestion(
        self,
        tx: AsyncSession,
        catalog: Catalog,
        state: State,
        filters: Filters,
        words: Sequence[Word],
    ) -> Suggestion | None:
        """What may have been meant, if that is found here: the most frequent of the likeliest."""
        corrected: list[list[Word]] = [list(words)]
        for at, word in enumerate(words):
            if not catalog.vocabulary.meanings(word):
                likely = catalog.vocabulary.nearest(word.text)[:MOST_GUESSES]
                corrected = [
                    [*one[:at], Word(other), *one[at + 1 :]]
                    for one in corrected
                    for other in likely
                ]
        best = None
        for guess in corrected[:MOST_GUESSES]:
            if guess == list(words):
                continue
            matched = await self._matched(tx, catalog, state, guess)
            count = selection.Selection(catalog, filters, matched, []).count
            if count and (best is None or count > best.count):
                best = Suggestion(" ".join(word.text for word in guess), count)
        return best


def _words_of(text: str) -> list[str]:
    return list(islice(text_words(text[: queries.SNIPPET_LETTERS]), MOST_COMPARED))


def _similar(asked: list[str], texts: Mapping[UUID, str]) -> list[tuple[UUID, int]]:
    words = {prompt_id: _words_of(text) for prompt_id, text in texts.items()}
    return likeness.similar(asked, words)


def _row(one: Any) -> Row:
    facets = facets_of(
        folder=one.folder,
        model=one.model,
        owner_id=one.owner_id,
        tags=one.tags,
        labels=one.labels,
        is_archived=one.is_archived,
    )
    return Row(one.number, one.stamp, one.prompt_id, one.edited_at, one.title, facets, one.room_id)
