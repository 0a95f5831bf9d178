"""What MCP's requests come to: the official SDK on one side, the desk on the other.

The only module that imports the SDK, and itself imported when the first agent comes
(`transport.py`). Handlers find their desk where `api.py` put it, in the request's scope.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Any, TypeVar

import mcp_types as types
import msgspec
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import NotificationOptions, Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import (
    SUBSCRIPTION_ID_META_KEY,
    PromptsListChanged,
    event_to_notification,
)

from app import __version__
from app.domain.agents import catalogue, tools
from app.domain.agents.desk import Desk
from app.domain.agents.failures import known, problem
from app.domain.agents.listening import admitted
from app.domain.agents.transport import DESK
from app.domain.releases.stream import BEAT_SECONDS
from app.errors import AppError, NotFound

_BODY_BYTES = 4 * 1024 * 1024  # as every other request; it was read before it comes here
_INSTRUCTIONS = (
    "Prompts are what is released in this workspace under one label, production unless the "
    "address says another. Tools work on the live texts that people write together: find words "
    "with search_prompts, read before you edit, quote exactly. An edit is merged with what others "
    "type at that moment and is seen at once; it reaches production when somebody publishes it."
)

Context = ServerRequestContext[Any, Any]
T = TypeVar("T")


class _Server(Server[Any]):
    def get_capabilities(
        self,
        notification_options: NotificationOptions | None = None,
        *arguments: Any,
        **named: Any,
    ) -> types.ServerCapabilities:
        """The SDK says that nothing changes wherever it keeps no sessions; we tell all the same."""
        options = NotificationOptions(prompts_changed=True)
        return super().get_capabilities(options, *arguments, **named)


def manager() -> StreamableHTTPSessionManager:
    """Answers requests while its `run()` goes on. It holds no session: any worker will do."""
    # What goes wrong is logged by us; the SDK would put people's words into the log.
    logging.getLogger("mcp").addHandler(logging.NullHandler())
    logging.getLogger("mcp").propagate = False
    server = _Server(
        "promptroom",
        version=__version__,
        title="Promptroom",
        instructions=_INSTRUCTIONS,
        get_tool_input_schema=tools.schema_of,
        on_list_prompts=_list_prompts,
        on_get_prompt=_get_prompt,
        on_list_tools=_list_tools,
        on_call_tool=_call_tool,
        on_subscriptions_listen=_listen,
    )
    server.middleware.clear()  # tracing, which has nowhere to go
    return StreamableHTTPSessionManager(
        server, json_response=True, stateless=True, max_request_body_size=_BODY_BYTES
    )


async def _list_prompts(
    context: Context, params: types.PaginatedRequestParams | None
) -> types.ListPromptsResult:
    after = params.cursor if params else None
    found, following = await _answered(catalogue.offered(_desk(context), after))
    prompts = [
        types.Prompt(
            name=one.name,
            title=one.title,
            description=one.description or None,
            arguments=[
                types.PromptArgument(
                    name=argument.name,
                    description=argument.description,
                    required=argument.is_required,
                )
                for argument in one.arguments
            ],
        )
        for one in found
    ]
    return types.ListPromptsResult(prompts=prompts, next_cursor=following)


async def _get_prompt(
    context: Context, params: types.GetPromptRequestParams
) -> types.GetPromptResult:
    filling = catalogue.filled(_desk(context), params.name, params.arguments or {})
    found = await _answered(filling)
    return types.GetPromptResult(
        description=found.description or None,
        messages=[
            types.PromptMessage(
                # MCP knows no system role: promptroom/roles says what each of them is.
                role="assistant" if one.role == "assistant" else "user",
                content=types.TextContent(text=one.content),
            )
            for one in found.messages
        ],
        _meta=found.about,
    )


async def _list_tools(
    context: Context, params: types.PaginatedRequestParams | None
) -> types.ListToolsResult:
    return types.ListToolsResult(
        tools=[
            types.Tool(
                name=tool.name,
                title=tool.title,
                description=tool.description,
                input_schema=tools.schema_of(tool.name) or {},
                annotations=types.ToolAnnotations(
                    title=tool.title,
                    read_only_hint=tool.reads_only,
                    destructive_hint=False,
                    idempotent_hint=tool.is_harmless_twice,
                    open_world_hint=False,
                ),
            )
            for tool in tools.tools_for(_desk(context).caller)
        ]
    )


async def _call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """A tool's own failure is an answer, so that a model reads it and does better."""
    call = tools.called(_desk(context), params.name, params.arguments or {})
    try:
        found = await known(call)
    except AppError as error:
        said = f"{error.title}: {error.detail}"
        return types.CallToolResult(
            content=[types.TextContent(text=said)],
            structured_content=problem(error),
            is_error=True,
        )
    return types.CallToolResult(
        content=[types.TextContent(text=msgspec.json.encode(found).decode())],
        structured_content=msgspec.to_builtins(found, str_keys=True),
    )


async def _listen(
    context: Context, params: types.SubscriptionsListenRequestParams
) -> types.SubscriptionsListenResult:
    """Tell of changes until the client, the key or the server goes."""
    wanted = params.notifications.prompts_list_changed
    meta = {SUBSCRIPTION_ID_META_KEY: context.request_id}
    notice = event_to_notification(PromptsListChanged(), meta)
    desk = _desk(context)
    reader = await _answered(admitted(desk.released.news, desk.caller))
    try:
        honored = types.SubscriptionFilter(prompts_list_changed=True if wanted else None)
        await context.session.send_notification(
            types.SubscriptionsAcknowledgedNotification(
                params=types.SubscriptionsAcknowledgedNotificationParams(
                    notifications=honored, _meta=meta
                )
            ),
            related_request_id=context.request_id,
        )
        while not reader.is_closed:
            if await reader.next(BEAT_SECONDS) and wanted:
                await context.session.send_notification(
                    notice, related_request_id=context.request_id
                )
    finally:
        desk.released.news.leave(reader)
    return types.SubscriptionsListenResult(_meta=meta)


def _desk(context: Context) -> Desk:
    request: Any = context.request
    desk: Desk = request.scope["state"][DESK]
    return desk


async def _answered(work: Awaitable[T]) -> T:
    """Our failures as JSON-RPC has them; `data` is the problem document of REST."""
    try:
        return await known(work)
    except AppError as error:
        raise MCPError(_code(error), f"{error.title}: {error.detail}", problem(error)) from error


def _code(error: AppError) -> int:
    if error.status >= 500:
        return types.INTERNAL_ERROR
    is_about_params = error.status in (409, 413, 422) or isinstance(error, NotFound)
    return types.INVALID_PARAMS if is_about_params else types.INVALID_REQUEST
