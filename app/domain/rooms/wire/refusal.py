"""Why bytes from a client are not taken: stable codes with a sentence for a person."""

from __future__ import annotations

from typing import Final

REASONS: Final[dict[str, str]] = {
    # any message
    "truncated": "The message ends in the middle.",
    "trailing_bytes": "There are bytes behind the end of the message.",
    "bad_number": "A number is larger than its kind allows or not written the shortest way.",
    "bad_text": "A text is not UTF-8.",
    "lone_surrogate": "A text holds half of a surrogate pair.",
    "nul": "A text holds the character NUL, which not every database keeps.",
    "bad_json": "A value is not JSON of the expected shape.",
    "too_deep": "A JSON value is nested too deeply.",
    "too_long": "A part of the message is longer than allowed.",
    "bad_sync": "The kind of sync message is unknown.",
    # updates
    "update_too_large": "The change is too large to be taken at once.",
    "too_many_blocks": "The change holds too many pieces.",
    "too_many_deletes": "The change holds too many deletions.",
    "too_many_new_blocks": "The change brings too many new pieces at once.",
    "too_many_new_deletes": "The change deletes in too many places at once.",
    "bad_block": "A piece of the change is of no known form.",
    "empty_block": "A piece of the change is empty.",
    "no_blocks": "The change names a client id without saying anything about it.",
    "client_twice": "The change names a client id twice.",
    "kind_json": "Only text can be written here, not JSON.",
    "kind_binary": "Only text can be written here, not binary values.",
    "kind_embed": "Only text can be written here, not embedded objects.",
    "kind_format": "Only plain text can be written here, not formatting.",
    "kind_type": "Only text can be written here, not nested types.",
    "kind_any": "Only text can be written here, not values.",
    "kind_doc": "Only text can be written here, not documents.",
    "kind_skip": "The change leaves out a part of itself.",
    "kind_move": "Only text can be written here, moves are unknown.",
    "parent": "Only the root named text can be changed.",
    "map_key": "Text has no keys.",
    "origin_ahead": "A piece refers to itself or to what comes after it.",
    "origin_equal": "A piece would have the same neighbour on both sides.",
    "dead_origin": "A piece refers to a neighbour that was given up.",
    "cycle": "Pieces of the change wait for each other.",
    "split_pair": "A boundary lies inside a surrogate pair.",
    "crossed": "A piece would have its neighbours the wrong way round.",
    "seen_between": "A piece leaves out what its author had seen between its neighbours.",
    "too_tangled": "The change is too tangled with what others wrote to be put in order.",
    "delete_order": "The deletions are not in order.",
    "empty_delete": "A deletion is empty.",
    "foreign_client": "This client id belongs to somebody else.",
    "too_many_clients": "This document has seen too many client ids.",
    "too_many_new_clients": "The change brings too many new client ids.",
    "text_too_large": "The text would become longer than allowed.",
    "state_vector": "The state vector names a client id twice.",
}

# What an honest client can run into; its socket stays open and it is told with a NACK.
TOO_LARGE: Final = frozenset(
    {
        "update_too_large",
        "text_too_large",
        "too_long",
        "too_many_new_blocks",
        "too_many_new_deletes",
    }
)


class Refused(Exception):
    """These bytes are not taken; nothing of them was applied."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.message = REASONS[reason]
        super().__init__(reason)

    @property
    def is_too_large(self) -> bool:
        """True where the cause is size alone, so NACK `too_large` instead of closing."""
        return self.reason in TOO_LARGE


class Gap(Exception):
    """Blocks before these are missing here: answer with SyncStep1 and apply nothing."""

    def __init__(self, client: int, clock: int) -> None:
        self.client = client
        self.clock = clock
        super().__init__(f"client {client} is not known up to clock {clock}")
