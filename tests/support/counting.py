"""How many statements a piece of work costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from structlog.contextvars import get_contextvars

from app.db.engine import Database


@contextmanager
def statements(database: Database, *, of_requests: bool = False) -> Iterator[list[str]]:
    """Collects the SQL that runs on `database` inside the block.

    `of_requests` leaves out what the application does by itself meanwhile.
    """
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not of_requests or "request_id" in get_contextvars():
            seen.append(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
