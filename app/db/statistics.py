"""What SQLite knows of how its tables are filled, which decides by which index it looks.

Without it, it takes a workspace to be ten rows, and walks through all of a workspace's tags to find
those of fifty prompts. PostgreSQL finds out by itself.
"""

from __future__ import annotations

from app.db.engine import Database

_SAMPLE = 400  # rows looked at in each index: some ten milliseconds, however large the tables are


async def learn_sizes(database: Database) -> int:
    """Look again, for all connections; 1 if there was something to do."""
    if not database.is_sqlite:
        return 0
    async with database.transaction() as tx:
        connection = await tx.connection()
        await connection.exec_driver_sql(f"PRAGMA analysis_limit={_SAMPLE}")
        await connection.exec_driver_sql("ANALYZE")
    return 1
