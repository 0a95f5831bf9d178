"""The wall between workspaces that PostgreSQL keeps up: row-level security.

`access.tenancy` narrows every statement; the wall stands behind it, for the day one is forgotten.
A transaction says which workspace it is in, and rows of others are not there for it. One that says
nothing finds no row of any workspace. SQLite has no such thing and needs none of this.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import Connection

SETTING = "promptroom.workspace"  # of a transaction, or of a connection of one's own
CROSSING = "*"  # its value for what acts in all workspaces
ACROSS = {SETTING: CROSSING}  # for `postgres.connect`: a connection that is everywhere for good
OPTION = "promptroom_within"  # how an engine's connections know what to say


class Inside(Protocol):
    """Anything that acts in one workspace. None: in none yet; asked when a transaction begins."""

    @property
    def workspace_id(self) -> UUID | None: ...


class Everywhere(Enum):
    """What has to cross workspaces says so with this one value."""

    EVERYWHERE = CROSSING


EVERYWHERE: Final = Everywhere.EVERYWHERE

Scope = Inside | Everywhere | None


def enter(connection: Connection) -> None:
    """Tell the server where the transaction that begins is; on `begin` of an engine."""
    value = _value(connection.get_execution_options().get(OPTION))
    if value:
        # Local to the transaction: a pooled connection does not remember where it was.
        connection.exec_driver_sql(f"SELECT set_config('{SETTING}', $1, true)", (value,))


def _value(scope: Any) -> str:
    if scope is None:
        return ""
    if isinstance(scope, Everywhere):
        return scope.value
    return str(scope.workspace_id or "")
