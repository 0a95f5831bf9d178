"""What is asked of an engine: to keep the words of prompts, and to say whose words fit a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.search.analysis import Word
from app.domain.search.vocabulary import Vocabulary

# In front of a word of a title or name. A letter to both engines, and never part of a word of ours.
HEAD = "\u02d0"


@dataclass(frozen=True, slots=True)
class Document:
    """The words of one prompt, from the weightiest to the lightest."""

    number: int
    head: Sequence[str]  # title and name
    marks: Sequence[str]  # tags, variables, people
    about: Sequence[str]  # description
    body: Sequence[str]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one word of a query stands for: any of these."""

    words: tuple[str, ...]  # anywhere
    beginnings: tuple[str, ...] = ()  # of words anywhere
    head_beginnings: tuple[str, ...] = ()  # of words of titles and names


Query = Sequence[Meaning]  # every one has to be there


class Words(Protocol):
    """The words of all prompts, by shelf and number. A shelf's words are found on it alone."""

    async def put(self, tx: AsyncSession, shelf: int, documents: Sequence[Document]) -> None:
        """Put them in the place of what was there under the same numbers."""

    async def numbers(
        self, tx: AsyncSession, shelf: int, query: Query, *, in_heads: bool = False
    ) -> Sequence[int]:
        """Whose words fit, or those of whose titles and names alone."""

    async def ranked(self, tx: AsyncSession, shelf: int, query: Query) -> Mapping[int, float]:
        """The same, with how well they fit: more is better. For some hundreds."""


def query_of(words: Sequence[Word], vocabulary: Vocabulary) -> Query | None:
    """What `words` stand for in this workspace; None = one of them stands for nothing here."""
    found = []
    for word in words:
        meaning = _meaning(word, vocabulary)
        if not (meaning.words or meaning.beginnings or meaning.head_beginnings):
            return None
        found.append(meaning)
    return found


def _meaning(word: Word, vocabulary: Vocabulary) -> Meaning:
    if word.is_open and vocabulary.goes_on(word.text):
        return Meaning((), beginnings=(word.text,), head_beginnings=(word.text,))
    begins = (word.text,) if word.begins_titles and vocabulary.beginning(word.text, 1) else ()
    return Meaning(tuple(vocabulary.meanings(word)), head_beginnings=begins)
