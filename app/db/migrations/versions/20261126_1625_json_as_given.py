"""json as given.

`jsonb` sorts the keys of objects; in a response schema their order is what a model writes by. On
SQLite nothing changes: there it has always been text. PostgreSQL writes the tables anew, which
takes a lock for as long as that takes. A release from before this one goes on beside it: what it
writes is cast on the way in.
"""

from __future__ import annotations

from alembic import op

revision = "e3a90f7d51c8"
down_revision = "7b1f3d92c0a4"
branch_labels = None
depends_on = None

_COLUMNS = {
    "api_keys": ("scopes",),
    "branches": ("config", "variables"),
    "checkpoints": ("config", "variables", "contributors"),
    "room_quarantine": ("ranges",),
    "versions": ("config", "variables", "contributors"),
}
# Of the search index. A column that a trigger names keeps its type as long as there is that trigger.
_NO_TRIGGER = "DROP TRIGGER search_branches_update ON branches"
_TRIGGER = (
    "CREATE TRIGGER search_branches_update AFTER UPDATE OF config, variables ON branches "
    "FOR EACH ROW EXECUTE FUNCTION search_wait_prompt_id()"
)


def upgrade() -> None:
    _become("json")


def downgrade() -> None:
    _become("jsonb")


def _become(kind: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(_NO_TRIGGER)
    for table, columns in _COLUMNS.items():
        # All columns of a table in one statement, so that it is written once.
        changes = ", ".join(
            f'ALTER COLUMN "{name}" TYPE {kind} USING "{name}"::{kind}' for name in columns
        )
        op.execute(f"ALTER TABLE {table} {changes}")
    op.execute(_TRIGGER)
