"""The one place where queries are narrowed to a workspace.

Every statement on a table with a `workspace_id` starts here (an architecture test sees to it),
so another workspace's row cannot be selected, changed or deleted by forgetting a condition.
"""

from __future__ import annotations

from typing import Any, Protocol, Self, TypeVar
from uuid import UUID


class Narrowable(Protocol):
    """A `select`, `update` or `delete`."""

    def where(self, *conditions: Any) -> Self: ...


S = TypeVar("S", bound=Narrowable)


class InWorkspace(Protocol):
    """Anything that acts inside one workspace: a `Principal`, or a job's scope."""

    @property
    def workspace_id(self) -> UUID: ...


def within(statement: S, where: InWorkspace, *tables: Any) -> S:
    """`statement` limited to rows of `where`'s workspace, for each of `tables`.

    `tables` are the mapped classes with a `workspace_id` that the statement touches, joins
    included. Raises `TypeError` without one: an unbound statement is a bug.
    """
    if not tables:
        raise TypeError("within() needs the tables it narrows")
    for table in tables:
        statement = statement.where(table.workspace_id == where.workspace_id)
    return statement
