"""The most frequent update of all, some typed characters, checked in one look.

It accepts nothing that the general way would not; whatever is unusual it leaves to that.
"""

from __future__ import annotations

import re
from typing import Final

from app.domain.rooms.guard.draft import Known, Verdict
from app.domain.rooms.guard.order import Placed
from app.domain.rooms.guard.ranges import holds
from app.domain.rooms.wire.encoding import LARGEST_CLOCK, utf16_length
from app.domain.rooms.wire.updates import CLOCK, ID, client_id, number

# One client, one string block with an origin and perhaps a right one, nothing deleted.
_TYPED: Final = re.compile(
    rb"\x01\x01%b%b(?:\x84|(\xc4))%b%b(?(3)%b%b)([\x01-\x7f])" % (ID, CLOCK, ID, CLOCK, ID, CLOCK)
).match

_new = tuple.__new__  # a third of the time of Placed(…)


def typed(update: bytes, known: Known) -> Verdict | None:
    """What some typed characters add at the end of their client's clocks; None if in doubt."""
    match = _TYPED(update)
    if match is None or known.gone:
        return None
    who, at, _, left_who, left_at, right_who, right_at, size = match.groups()
    start, end = match.end(), match.end() + size[0]
    if len(update) != end + 1 or update[end]:
        return None
    length = _units(update[start:end])
    client, clock = client_id(who), number(at)
    clocks = known.clocks
    if length == 0 or clocks.get(client) != clock or clock + length > LARGEST_CLOCK:
        return None
    left = client_id(left_who), number(left_at)
    if left[1] >= clocks.get(left[0], 0) or _splits(known, left[0], left[1] + 1):
        return None
    right = None
    if right_who:
        right = client_id(right_who), number(right_at)
        if right[1] >= clocks.get(right[0], 0) or _splits(known, *right):
            return None
    if not known.order.adjoins(left, right):
        return None
    placed = _new(Placed, (client, clock, clock + length, left, right, left))
    return Verdict(((client, clock, clock + length),), (), length, size[0], placed=(placed,))


def _units(raw: bytes) -> int:
    """The length of a text in UTF-16, 0 for what is not UTF-8, holds a surrogate pair or a NUL."""
    if b"\0" in raw:
        return 0
    if raw.isascii():
        return len(raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return 0
    return len(text) if utf16_length(text) == len(text) else 0


def _splits(known: Known, client: int, boundary: int) -> bool:
    return client in known.lows and holds(known.lows[client], boundary)
