"""The one place where queries are narrowed to a workspace.

Every statement on a table with a `workspace_id` starts here (an architecture test sees to it),
so another workspace's row cannot be selected, changed or deleted by forgetting a condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol, Self, TypeVar
from uuid import UUID

from sqlalchemy import Uuid, bindparam
from sqlalchemy.ext.asyncio import AsyncSession


class Narrowable(Protocol):
    """A `select`, `update` or `delete`."""

    def where(self, *conditions: Any) -> Self: ...


S = TypeVar("S", bound=Narrowable)


class InWorkspace(Protocol):
    """Anything that acts inside one workspace: a `Principal`, or a job's scope."""

    @property
    def workspace_id(self) -> UUID: ...


class _Given:
    """The workspace that `rows` is given when the statement runs; it does not run without one."""

    workspace_id: Any = bindparam("workspace_id", type_=Uuid())


GIVEN: Final = _Given()


def within(statement: S, where: InWorkspace | _Given, *tables: Any) -> S:
    """`statement` limited to rows of `where`'s workspace, for each of `tables`.

    `tables` are the mapped classes with a `workspace_id` that the statement touches, joins
    included. Raises `TypeError` without one: an unbound statement is a bug.
    """
    if not tables:
        raise TypeError("within() needs the tables it narrows")
    for table in tables:
        statement = statement.where(table.workspace_id == where.workspace_id)
    return statement


async def rows(
    tx: AsyncSession, statement: Any, where: InWorkspace, **values: Any
) -> Sequence[Any]:
    """What a statement finds that was made once, within `GIVEN`.

    For what every page asks: making a statement and its key anew, and looking for objects in its
    rows, takes longer than the database does.
    """
    connection = await tx.connection()
    given = {"workspace_id": where.workspace_id, **values}
    return (await connection.execute(statement, given)).all()
