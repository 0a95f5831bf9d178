"""Presence messages: read within bounds, stamped with who really sent them, written for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from app.domain.rooms.wire.encoding import LARGEST_CLOCK, LARGEST_ID, Reader, read_json, sized, uint
from app.domain.rooms.wire.refusal import Refused
from app.domain.rooms.wire.updates import ROOT

MOST_CLIENTS: Final = 2  # y-websocket speaks for one; a reconnecting tab briefly for two
LARGEST_STATE: Final = 4096
DEEPEST_STATE: Final = 8  # state, cursor, anchor, item make four
MODES: Final = ("editing", "viewing")


class AwarenessEntry(NamedTuple):
    """What one client says of itself; None means that it is gone."""

    client: int
    clock: int
    state: dict[str, Any] | None


def read(
    payload: bytes,
    most_clients: int = MOST_CLIENTS,
    is_echo: Callable[[int, int], bool] = lambda _client, _clock: False,
) -> list[AwarenessEntry]:
    """The entries of a client's message. Raises `Refused`; that clocks rise is the caller's.

    y-websocket sends back whatever it hears of others. What `is_echo(client, clock)` knows to
    be such is passed over unread and does not count against `most_clients`.
    """
    reader = Reader(payload)
    entries: dict[int, AwarenessEntry] = {}
    for _ in range(reader.uint(reader.left)):
        client, clock = reader.uint(), reader.uint(LARGEST_CLOCK)
        if is_echo(client, clock):
            reader.sized()
            continue
        if client in entries:
            raise Refused("client_twice")
        if len(entries) == most_clients:
            raise Refused("too_many_clients")
        entries[client] = AwarenessEntry(client, clock, _state(reader))
    reader.finish()
    return list(entries.values())


def encode(entries: Iterable[AwarenessEntry]) -> bytes:
    """One payload for all entries."""
    parts = [
        uint(client) + uint(clock) + sized(msgspec.json.encode(state))
        for client, clock, state in entries
    ]
    return uint(len(parts)) + b"".join(parts)


def stamp(state: Mapping[str, Any], user: Mapping[str, Any]) -> dict[str, Any]:
    """The state as peers get it: the server says who it is, the client where it is.

    Only known fields pass, and only in the shape that browsers can take: a cursor with an odd id
    makes Yjs throw inside other people's editors, another root's name creates that root there.
    """
    stamped: dict[str, Any] = {"user": dict(user), "cursor": _cursor(state.get("cursor"))}
    if state.get("mode") in MODES:
        stamped["mode"] = state["mode"]
    if isinstance(state.get("active"), bool):
        stamped["active"] = state["active"]
    if "view" in state:
        stamped["view"] = state["view"]
    return stamped


def _state(reader: Reader) -> dict[str, Any] | None:
    state = read_json(reader.sized(LARGEST_STATE), DEEPEST_STATE)
    if state is not None and not isinstance(state, dict):
        raise Refused("bad_json")
    return state


def _cursor(value: Any) -> dict[str, Any] | None:
    """A selection as two relative positions, None unless both are ones that Yjs can resolve."""
    if not isinstance(value, dict):
        return None
    anchor, head = _position(value.get("anchor")), _position(value.get("head"))
    return {"anchor": anchor, "head": head} if anchor and head else None


def _position(value: Any) -> dict[str, Any] | None:
    """A Yjs relative position in the shared text, as its JSON form."""
    if not isinstance(value, dict) or value.get("type") is not None:
        return None
    item, root, side = value.get("item"), value.get("tname"), value.get("assoc", 0)
    if root not in (None, ROOT) or side not in (-1, 0, 1) or (item is None and root is None):
        return None
    position = {"type": None, "tname": root, "assoc": int(side)}
    if item is None:
        return position
    if not isinstance(item, dict):
        return None
    client, clock = item.get("client"), item.get("clock")
    if not (_is_natural(client, LARGEST_ID) and _is_natural(clock, LARGEST_CLOCK)):
        return None
    return {**position, "item": {"client": client, "clock": clock}}


def _is_natural(value: Any, largest: int) -> bool:
    return type(value) is int and 0 <= value <= largest
