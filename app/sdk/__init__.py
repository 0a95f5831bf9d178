"""For programs: released prompts kept fresh in memory, and the REST API.

Needs `httpx`, and `jinja2` for prompts in Jinja; nothing else of the server.
"""

from app.sdk.aio import AsyncPromptroom, Options
from app.sdk.client import Promptroom
from app.sdk.errors import (
    ApiError,
    ClientClosed,
    Conflict,
    Forbidden,
    Invalid,
    JinjaMissing,
    NotFound,
    PromptroomError,
    RateLimited,
    RenderFailed,
    ServerFailed,
    Unauthenticated,
    Unreachable,
)
from app.sdk.types import Freshness, Message, Prompt, Variable

__all__ = [
    "ApiError",
    "AsyncPromptroom",
    "ClientClosed",
    "Conflict",
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
    "ServerFailed",
    "Unauthenticated",
    "Unreachable",
    "Variable",
]
