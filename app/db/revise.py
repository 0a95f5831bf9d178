"""Writes a migration from what the models have that the migrations lack: `make migration`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from app.db import migrate
from app.db.engine import Database


async def revise(message: str) -> None:
    """Compare with a fresh database at the newest revision, so that no local data plays a part."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder) / 'empty.db'}")
        await migrate.upgrade(database)
        await migrate.revise(database, message)
        await database.close()


if __name__ == "__main__":
    if not sys.argv[1:] or not sys.argv[1].strip():
        sys.exit('Say what it does: make migration m="add tags"')
    asyncio.run(revise(sys.argv[1]))
