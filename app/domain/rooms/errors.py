"""What can go wrong in a room."""

from __future__ import annotations

from app.errors import Conflict, NotFound, TooLarge, Unavailable


class RoomNotFound(NotFound):
    code = "room_not_found"
    title = "No room is at this address"
    advice = "Take the room's id from its prompt."


class TextTooLarge(TooLarge):
    code = "room_text_too_large"
    title = "The text is too large"
    advice = "Shorten the text."


class StorageFailed(Unavailable):
    code = "room_storage_failed"
    title = "The change could not be written to disk"
    advice = "Keep what you have and try again: it was not saved."


class RoomBroken(Unavailable):
    """The stored document fails its checksums or cannot be loaded."""

    code = "room_broken"
    title = "This room's history is damaged"
    advice = "Have an operator look into the log; published versions are not affected."


class UpdateRefused(Conflict):
    code = "room_update_refused"
    title = "This edit cannot be merged"
    advice = "Load the room anew, and make the edit again."


class ServerDraining(Unavailable):
    code = "server_draining"
    title = "The server is restarting"
    advice = "Connect again in a moment."
