"""What can go wrong in a room."""

from __future__ import annotations

from app.errors import Conflict, NotFound, TooLarge, Unavailable


class RoomNotFound(NotFound):
    code = "room_not_found"
    title = "No room is at this address"


class TextTooLarge(TooLarge):
    code = "room_text_too_large"
    title = "The text is too large"


class StorageFailed(Unavailable):
    code = "room_storage_failed"
    title = "The change could not be written to disk"


class RoomBroken(Unavailable):
    """The stored document fails its checksums or cannot be loaded."""

    code = "room_broken"
    title = "This room's history is damaged"


class UpdateRefused(Conflict):
    code = "room_update_refused"
    title = "This edit cannot be merged"


class ServerDraining(Unavailable):
    code = "server_draining"
    title = "The server is restarting"
