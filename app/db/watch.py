"""Tells, once a transaction is committed, that it changed rows of certain tables.

For what is kept in memory of them: nobody who writes needs to know of it or can forget it. What
another process writes is not seen here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

Told = Callable[[UUID | None], None]  # the workspace, or None: any of them
_WATCH = "promptroom.watch"
_TOUCHED = "promptroom.touched"


class Watch:
    """Who wants to know of which tables."""

    def __init__(self) -> None:
        self._listeners: list[tuple[frozenset[str], Told]] = []

    def on_commit(self, tables: Collection[str], told: Told) -> None:
        """Have `told` called right after commits that changed `tables`; it may not raise."""
        self._listeners.append((frozenset(tables), told))

    def session_info(self) -> dict[str, Any]:
        """For a `WatchedSession` that writes."""
        return {_WATCH: self, _TOUCHED: set()} if self._listeners else {}

    def tell(self, touched: set[tuple[str, UUID | None]]) -> None:
        for tables, told in self._listeners:
            workspaces = {where for table, where in touched if table in tables}
            for where in [None] if None in workspaces else workspaces:
                told(where)


class WatchedSession(Session):
    """A session whose commits are told."""


@event.listens_for(WatchedSession, "after_flush")
def _flushed(session: Session, _context: object) -> None:
    touched = session.info.get(_TOUCHED)
    if touched is not None:
        for rows in (session.new, session.dirty, session.deleted):
            for row in rows:
                touched.add((row.__tablename__, getattr(row, "workspace_id", None)))


@event.listens_for(WatchedSession, "do_orm_execute")
def _executed(state: ORMExecuteState) -> None:
    touched = state.session.info.get(_TOUCHED)
    if touched is not None and not state.is_select:
        table = getattr(state.statement, "table", None)
        if table is not None:
            touched.add((table.name, None))  # of which workspace, only its condition says


@event.listens_for(WatchedSession, "after_commit")
def _committed(session: Session) -> None:
    if session.in_nested_transaction():
        return  # the end of a savepoint: nobody else sees anything of it yet
    touched = session.info.get(_TOUCHED)
    if touched:
        session.info[_WATCH].tell(touched)
        touched.clear()


@event.listens_for(WatchedSession, "after_soft_rollback")
def _rolled_back(session: Session, previous: Any) -> None:
    if not previous.nested and (touched := session.info.get(_TOUCHED)):
        touched.clear()
