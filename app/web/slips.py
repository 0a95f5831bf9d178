"""Query parameters that are nearly one of ours: a slip that would go unnoticed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from itertools import islice

from app.errors import InvalidFields

_ALIKE = 0.7  # lable, labels, verison, keys; not level, lang, apikey, which may be somebody's own

_LONGEST = 16  # nothing longer is nearly one of ours
_MOST = 50  # looked at; nobody types so many


def refuse_slips(names: Iterable[str], known: Collection[str]) -> None:
    """Raises `InvalidFields` for a name that one or two typing errors have made of a known one.

    What is quite another, such as `utm_source` or `_`, is ignored as everywhere.
    """
    for name in islice(names, _MOST):
        if name in known or len(name) > _LONGEST:
            continue
        for near in get_close_matches(name.lower(), known, 1, _ALIKE):
            raise InvalidFields({name: f"There is no such parameter. Did you mean {near}?"})
