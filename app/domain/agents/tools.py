"""The tools that an agent has: what they take, who may use them, and what runs them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.agents import reading, writing
from app.domain.agents.desk import Desk
from app.domain.agents.errors import ToolUnknown
from app.errors import Invalid


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    title: str
    description: str
    takes: type[msgspec.Struct]
    run: Callable[[Desk, Any], Awaitable[msgspec.Struct]]
    needs: Permission
    is_harmless_twice: bool = True

    @property
    def reads_only(self) -> bool:
        return self.needs is Permission.PROMPTS_READ


TOOLS = (
    Tool(
        "search_prompts",
        "Search prompts",
        "Find prompts of the workspace by words, folder, tags or labels.",
        reading.Search,
        reading.search,
        Permission.PROMPTS_READ,
    ),
    Tool(
        "read_prompt",
        "Read a prompt",
        "Read a prompt's live text as people write it now, or what is released of it.",
        reading.Read,
        reading.read,
        Permission.PROMPTS_READ,
    ),
    Tool(
        "list_versions",
        "List versions",
        "List a prompt's published versions, the newest first.",
        reading.Versions,
        reading.versions,
        Permission.PROMPTS_READ,
    ),
    Tool(
        "list_threads",
        "List comments",
        "List the comment threads of a prompt, the newest first.",
        reading.Threads,
        reading.threads,
        Permission.PROMPTS_READ,
    ),
    Tool(
        "comment_on_prompt",
        "Comment on a prompt",
        "Start a comment thread on words of the live text, or on the whole prompt.",
        writing.Comment,
        writing.comment,
        Permission.COMMENTS_WRITE,
        is_harmless_twice=False,
    ),
    Tool(
        "reply_to_thread",
        "Reply in a thread",
        "Reply in a comment thread; a resolved one is open again then.",
        writing.Reply,
        writing.reply,
        Permission.COMMENTS_WRITE,
        is_harmless_twice=False,
    ),
    Tool(
        "edit_prompt",
        "Edit a prompt",
        "Replace words of the live text while people write in it. Your edit is merged with theirs; "
        "they see your cursor and your name. It goes to production only when somebody publishes.",
        writing.Change,
        writing.change,
        Permission.PROMPTS_WRITE,
        is_harmless_twice=False,
    ),
)
_BY_NAME = {tool.name: tool for tool in TOOLS}


def tools_for(caller: Principal) -> list[Tool]:
    """Those that the caller may use."""
    return [tool for tool in TOOLS if caller.can(tool.needs)]


async def called(desk: Desk, name: str, given: Any) -> msgspec.Struct:
    """What the tool `name` answers. Raises `ToolUnknown`, `Forbidden`, `Invalid`, and its own."""
    tool = _BY_NAME.get(name)
    if tool is None:
        raise ToolUnknown(f"Tools are: {', '.join(_BY_NAME)}.")
    desk.caller.require(tool.needs)
    try:
        arguments = msgspec.convert(given, tool.takes)
    except msgspec.ValidationError as error:
        raise Invalid(f"{error}.") from error
    return await tool.run(desk, arguments)


@cache
def schema_of(name: str) -> dict[str, Any] | None:
    """What a tool takes, as JSON Schema."""
    if (tool := _BY_NAME.get(name)) is None:
        return None
    (_,), parts = msgspec.json.schema_components([tool.takes], ref_template="#/$defs/{name}")
    whole = {"type": "object", **parts.pop(tool.takes.__name__)}
    return {**whole, "$defs": parts} if parts else whole
