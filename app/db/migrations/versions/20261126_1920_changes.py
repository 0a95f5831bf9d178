"""The log of what programs get: written by the tables it is about, in the order of commits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.db.base
from app.db.migrations import walls

revision = "4c8e17a2f93b"
down_revision = "420988c9182a"
branch_labels = None
depends_on = None

# Table, event, kind; then name, label, number and old name, each an expression over the row. A
# name that is left out is what the prompt is called when the log is read: a trigger that mentions
# another table keeps SQLite from changing that table later.
_WATCHED = (
    ("labels", "INSERT", "label.moved", "prompt_id", "NULL", "{row}.name", "{row}.number", "NULL"),
    ("labels", "UPDATE", "label.moved", "prompt_id", "NULL", "{row}.name", "{row}.number", "NULL"),
    (
        "labels",
        "DELETE",
        "label.removed",
        "prompt_id",
        "NULL",
        "{row}.name",
        "{row}.number",
        "NULL",
    ),
    (
        "versions",
        "INSERT",
        "version.published",
        "prompt_id",
        "NULL",
        "NULL",
        "{row}.number",
        "NULL",
    ),
    ("prompts", "UPDATE OF name", "prompt.renamed", "id", "{row}.name", "NULL", "NULL", "OLD.name"),
    ("prompts", "DELETE", "prompt.deleted", "id", "{row}.name", "NULL", "NULL", "NULL"),
    ("old_names", "DELETE", "name.released", "prompt_id", "{row}.name", "NULL", "NULL", "NULL"),
)
_HAS_WORKSPACE = "EXISTS (SELECT 1 FROM workspaces WHERE id = OLD.workspace_id)"
_INSERT = (
    "INSERT INTO changes (workspace_id, seq, mark, kind, prompt_id, name, label, number, old_name, "
    "at) VALUES ({values})"
)
_NEXT = "(SELECT coalesce(max(seq), 0) + 1 FROM changes WHERE workspace_id = {row}.workspace_id)"


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("prompt_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("label", sa.String(length=64), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("old_name", sa.String(length=255), nullable=True),
        sa.Column("at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_changes_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "seq", name=op.f("pk_changes")),
    )
    walls.build("changes")
    is_postgres = op.get_bind().dialect.name == "postgresql"
    for watched in _WATCHED:
        if is_postgres:
            _watch_postgres(*watched)
        else:
            _watch_sqlite(*watched)


def _watch_sqlite(table: str, event: str, kind: str, prompt: str, *more: str) -> None:
    """One transaction writes at a time, so the next number is the next commit's."""
    row = "OLD" if event == "DELETE" else "NEW"
    when = f"WHEN {_HAS_WORKSPACE}" if event == "DELETE" else _when(event)
    values = _values(
        row, "lower(hex(randomblob(4)))", kind, prompt, more, "strftime('%Y-%m-%d %H:%M:%f000')"
    )
    op.execute(
        f"CREATE TRIGGER {_name(table, event)} AFTER {event} ON {table} {when} "
        f"BEGIN {_INSERT.format(values=values)}; END"
    )


def _watch_postgres(table: str, event: str, kind: str, prompt: str, *more: str) -> None:
    """Deferred to the commit: the lock that keeps numbers in order is then the last one taken.

    Taken earlier, two that hold it and wait for each other's prompts would be stuck, and a long
    import would make everybody wait.
    """
    row = "OLD" if event == "DELETE" else "NEW"
    values = _values(
        row, "left(md5(gen_random_uuid()::text), 8)", kind, prompt, more, "clock_timestamp()"
    )
    guard = f"IF NOT {_HAS_WORKSPACE} THEN RETURN NULL; END IF; " if event == "DELETE" else ""
    name = _name(table, event)
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {guard}"
        f"PERFORM pg_advisory_xact_lock(hashtext('changes-' || {row}.workspace_id::text)); "
        f"{_INSERT.format(values=values)}; RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON {table} "
        f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW {_when(event)} EXECUTE FUNCTION {name}()"
    )


def _when(event: str) -> str:
    return "WHEN (OLD.name <> NEW.name)" if "name" in event else ""


def _values(row: str, mark: str, kind: str, prompt: str, more: tuple[str, ...], now: str) -> str:
    parts = ("{row}.workspace_id", _NEXT, mark, f"'{kind}'", f"{{row}}.{prompt}", *more, now)
    return ", ".join(part.format(row=row) for part in parts)


def _name(table: str, event: str) -> str:
    return f"changes_{table}_{event.split(maxsplit=1)[0].lower()}"


def downgrade() -> None:
    is_postgres = op.get_bind().dialect.name == "postgresql"
    for table, event, *_ in _WATCHED:
        name = _name(table, event)
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if is_postgres else ""))
        if is_postgres:
            op.execute(f"DROP FUNCTION {name}()")
    walls.tear_down("changes")
    op.drop_table("changes")
