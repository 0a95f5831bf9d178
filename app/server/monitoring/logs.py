"""Logging, configured once per process: structlog and the standard library in one voice.

Apart from `telemetry` because the supervising parent logs too and must not import a framework.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# Loggers that say at INFO what nobody operating a server reads.
_QUIET = ("uvicorn", "uvicorn.error", "alembic", "aiosqlite", "asyncio", "httpx")

# A net under the rule that secrets and people's words are never passed to a logger at all.
_SECRET = frozenset(
    {"authorization", "body", "cookie", "cookies", "password", "secret", "text", "ticket", "token"}
)


def configure(log_format: str, log_level: str, stream: TextIO | None = None) -> None:
    """Send every log line of this process to standard error, as text or as JSON."""
    stream = stream or sys.stderr
    level = logging.getLevelNamesMapping()[log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _without_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # a test may configure again
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=_rendering(log_format, stream)
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(capture=True)


def _rendering(log_format: str, stream: TextIO) -> list[Processor]:
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if log_format == "json":
        return [strip, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    console = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(),
        exception_formatter=structlog.dev.plain_traceback,  # the rich one prints local variables
    )
    return [strip, console]


def _without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name in event.keys() & _SECRET:
        event[name] = "(not logged)"
    return event


def bind_worker(number: int) -> None:
    """Every later line of this process says which worker wrote it."""
    structlog.contextvars.bind_contextvars(worker=number)


def fields(**values: Any) -> dict[str, Any]:
    """`values` without those that are None: absent beats null in a log line."""
    return {name: value for name, value in values.items() if value is not None}


def warn_of_own_key(data_dir: Path) -> None:
    """Where several machines could be serving together, each would sign with its own key."""
    structlog.get_logger(__name__).warning(
        "settings.secret_key_missing",
        detail=f"This machine signs with the key in {data_dir / 'secret.key'}, and others refuse "
        "what it signs unless they have the same. Give all of them one PROMPTROOM_SECRET_KEY.",
    )
