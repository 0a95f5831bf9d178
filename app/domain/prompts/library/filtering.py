"""The library's address: which filters it names, and the same page with one of them changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus

from app.domain.prompts.library.listing import DRAFT, Facets
from app.domain.prompts.ports import Filters, Sort, Suggestion
from app.domain.prompts.views import FIRST

Pair = tuple[str, str]

SORTS: tuple[Sort, ...] = ("best", "edited", "title")
NAMES = ("q", "folder", "tag", "label", "model", "owner", "archived", "starred", "live", "sort")
LONGEST = 2000  # letters of an address that is kept
_PLACES = ("folder", "sort")  # where one is, rather than what is left out


class Query:
    """The filters and the order that an address names."""

    def __init__(self, root: str, filters: Filters, sort: Sort) -> None:
        self.root = root  # /w/acme
        self.filters = filters
        self.sort = sort
        self.pairs = _pairs(filters, sort)
        self._parts = {pair: _part(pair) for pair in self.pairs}

    def has(self, pair: Pair) -> bool:
        return pair in self._parts

    @property
    def text(self) -> str:
        """What stands behind the question mark."""
        return "&".join(self._parts.values())

    def href(self, **changed: str) -> str:
        """The same page with some filters put to one other value ("" takes one off)."""
        kept = [part for (name, _), part in self._parts.items() if name not in changed]
        return self._address([*kept, *(_part(pair) for pair in changed.items() if pair[1])])

    def switched(self, pair: Pair) -> str:
        """The same page with one more value of a filter, or without it."""
        if pair in self._parts:
            return self._address(part for one, part in self._parts.items() if one != pair)
        return self._address([*self._parts.values(), _part(pair)])

    def without(self, *names: str) -> str:
        return self._address(part for pair, part in self._parts.items() if pair[0] not in names)

    def cleared(self) -> str:
        return self._address(part for pair, part in self._parts.items() if pair[0] in _PLACES)

    def hidden(self) -> list[Pair]:
        """What the search form carries along."""
        return [pair for pair in self.pairs if pair[0] != "q"]

    def _address(self, parts: Iterable[str]) -> str:
        text = "&".join(parts)
        return f"{self.root}/?{text}" if text else f"{self.root}/"


def _pairs(filters: Filters, sort: Sort) -> list[Pair]:
    pairs = [("q", filters.q), ("folder", filters.folder)]
    pairs += [("tag", tag) for tag in filters.tags]
    pairs += [("label", label) for label in filters.labels]
    pairs += [("model", model) for model in filters.models]
    pairs += [("owner", str(owner)) for owner in filters.owners]
    for name, is_on in (
        ("archived", filters.archived),
        ("starred", filters.starred is not None),
        ("live", filters.live is not None),
    ):
        pairs.append((name, "true" if is_on else ""))
    pairs.append(("sort", "" if sort == usual_sort(filters.q) else sort))
    return [pair for pair in pairs if pair[1]]


def _part(pair: Pair) -> str:
    return f"{pair[0]}={quote_plus(pair[1])}"


def usual_sort(q: str) -> Sort:
    """A search has the best first, unless something else is asked for."""
    return "best" if q else "edited"


def asked_sort(asked: str, q: str) -> Sort:
    for sort in SORTS:
        if asked == sort and (q or sort != "best"):
            return sort
    return usual_sort(q)


def facets(query: Query, counted: Facets, hand: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with its options; the first is Status, which phones show as pills."""
    models = [_option(query, ("model", name), name, count) for name, count in counted.models]
    tags = [_option(query, ("tag", tag), tag, count) for tag, count in counted.tags]
    owners = [
        _option(query, ("owner", who.id.removeprefix("user:")), who.name, count, person=who)
        for who, count in counted.owners
    ]
    return [
        {"key": "status", "title": "Status", "options": _statuses(query, counted), "more": 0},
        {"key": "tags", "title": "Tags", "options": tags, "more": counted.more_tags},
        {"key": "model", "title": "Model", "options": models, "more": 0},
        {"key": "owner", "title": "Owner", "options": owners, "more": 0},
        {"key": "hand", "title": "At hand", "options": hand, "more": 0},
    ]


def _statuses(query: Query, counted: Facets) -> list[dict[str, Any]]:
    # The usual ones always stand there: a column that comes and goes with the search would jump.
    labels = dict.fromkeys(FIRST, 0) | dict(counted.labels)
    found = [
        _option(query, ("label", name), _called(name), labels[name])
        for name in sorted(labels, key=lambda name: name not in FIRST)
    ]
    found.append(_option(query, ("label", DRAFT), "Draft", counted.drafts))
    if counted.archived or query.filters.archived:
        found.append(_option(query, ("archived", "true"), "Archived", counted.archived))
    return found


def _called(label: str) -> str:
    """The usual ones are words; a label that somebody made up is a name."""
    return label.capitalize() if label in FIRST else label


def at_hand(query: Query, starred: int, live: int) -> list[dict[str, Any]]:
    """Where people are now, and what the caller has starred; those that lead somewhere."""
    options = [
        _option(query, ("live", "true"), "Live now", live),
        _option(query, ("starred", "true"), "Starred", starred),
    ]
    return [one for one in options if one["count"] or one["active"]]


def _option(
    query: Query, pair: Pair, label: str, count: int, *, person: Any = None
) -> dict[str, Any]:
    return {
        "label": label,
        "count": count,
        "active": query.has(pair),
        "href": query.switched(pair),
        "person": person,
    }


def active(query: Query, owners: Mapping[str, str]) -> list[dict[str, str]]:
    """The filters in force, one for each kind with the alternatives in it."""
    now = query.filters
    shown: list[tuple[tuple[str, ...], str, Sequence[str]]] = [
        (("label", "archived"), "Status", [*now.labels, *(["archived"] if now.archived else [])]),
        (("tag",), "Tags", now.tags),
        (("model",), "Model", now.models),
        (("owner",), "Owner", [owners.get(str(one), "somebody") for one in now.owners]),
        (("live",), "Live now", [""] if now.live is not None else []),
        (("starred",), "Starred", [""] if now.starred is not None else []),
    ]
    return [
        {
            "text": f"{title}: {', '.join(values)}" if any(values) else title,
            "href": query.without(*names),
        }
        for names, title, values in shown
        if values
    ]


def sorts(query: Query) -> list[dict[str, Any]]:
    """Only a search has a best match."""
    usual = usual_sort(query.filters.q)
    shown = [("best", "Best match")] if query.filters.q else []
    shown += [("edited", "Last edited"), ("title", "Title")]
    return [
        {
            "text": text,
            "href": query.href(sort="" if sort == usual else sort),
            "active": query.sort == sort,
        }
        for sort, text in shown
    ]


def suggestion(query: Query, found: Suggestion | None) -> dict[str, Any] | None:
    """What may have been meant, as a link to it."""
    if found is None:
        return None
    return {"q": found.q, "count": found.count, "href": query.href(q=found.q)}


def kept(address: Iterable[Pair]) -> str:
    """What of an address is worth keeping: the filters and the order it names, "" = none."""
    pairs = dict.fromkeys((name, value) for name, value in address if name in NAMES and value)
    return "&".join(_part(pair) for pair in pairs)
