"""What is told once a transaction is committed, and not at all when it is rolled back."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session


def after_commit(tx: AsyncSession, call: Callable[[], None]) -> None:
    """Have `call` run right after `tx` commits. It must neither block nor raise."""
    waiting = [call]

    def committed(session: Session) -> None:
        if waiting and not session.in_nested_transaction():  # which would be a savepoint's end
            waiting.pop()()

    event.listen(tx.sync_session, "after_commit", committed)
