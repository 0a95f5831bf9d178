"""For programs: released prompts kept fresh in memory, and the REST API.

Needs `httpx`, and `jinja2` for prompts in Jinja; nothing else of the server. Live rooms,
`app.sdk.rooms`, need more.
"""

from app.sdk.aio import AsyncPromptroom, Options
from app.sdk.client import Promptroom
from app.sdk.errors import (
    ApiError,
    ClientClosed,
    ClientTooOld,
    Conflict,
    EditRefused,
    Forbidden,
    Invalid,
    JinjaMissing,
    NotFound,
    PromptroomError,
    RateLimited,
    RenderFailed,
    RoomError,
    RoomForbidden,
    RoomNotFound,
    RoomReadOnly,
    RoomSignedOut,
    ServerFailed,
    Unauthenticated,
    Unreachable,
)
from app.sdk.types import Freshness, Message, Prompt, Variable

__all__ = [
    "ApiError",
    "AsyncPromptroom",
    "ClientClosed",
    "ClientTooOld",
    "Conflict",
    "EditRefused",
    "Forbidden",
    "Freshness",
    "Invalid",
    "JinjaMissing",
    "Message",
    "NotFound",
    "Options",
    "Prompt",
    "Promptroom",
    "PromptroomError",
    "RateLimited",
    "RenderFailed",
    "RoomError",
    "RoomForbidden",
    "RoomNotFound",
    "RoomReadOnly",
    "RoomSignedOut",
    "ServerFailed",
    "Unauthenticated",
    "Unreachable",
    "Variable",
]
