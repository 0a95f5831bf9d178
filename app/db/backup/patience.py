"""PostgreSQL's time limits, lifted for the one transaction that may take as long as it takes."""

from __future__ import annotations

from sqlalchemy import Connection, text

# Sorting a large table takes long, and so does whoever reads from the pipe that we write to.
_LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout")


def take_your_time(connection: Connection) -> None:
    """In the transaction that `connection` is in. SQLite has no such limits."""
    if connection.dialect.name == "postgresql":
        for limit in _LIMITS:
            connection.execute(text(f"SET LOCAL {limit} = 0"))
