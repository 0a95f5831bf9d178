"""search index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.db.base
from app.db.migrations import walls

revision = "7b1f3d92c0a4"
down_revision = "8d2f61c0ab37"
branch_labels = None
depends_on = None

_TABLES = ("search_shelves", "search_entries", "search_terms", "search_queue")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# What is found of a prompt lies in these tables. When the text is edited the live engine says so,
# and `edited_at` alone is not worth indexing a prompt anew.
_PROMPT_COLUMNS = "name, title, description, folder, owner_id, archived_at"
_WATCHED = (
    ("prompts", "INSERT", "id"),
    ("prompts", f"UPDATE OF {_PROMPT_COLUMNS}", "id"),
    ("prompt_tags", "INSERT", "prompt_id"),
    ("prompt_tags", "UPDATE", "prompt_id"),
    ("prompt_tags", "DELETE", "prompt_id"),
    ("labels", "INSERT", "prompt_id"),
    ("labels", "UPDATE", "prompt_id"),
    ("labels", "DELETE", "prompt_id"),
    ("versions", "INSERT", "prompt_id"),
    ("branches", "INSERT", "prompt_id"),
    ("branches", "UPDATE OF config, variables", "prompt_id"),
)
_INSERT = (
    "INSERT INTO search_queue (workspace_id, prompt_id) VALUES ({row}.workspace_id, {row}.{column})"
)
_HAS_WORKSPACE = "EXISTS (SELECT 1 FROM workspaces WHERE id = OLD.workspace_id)"


def upgrade() -> None:
    op.create_table(
        "search_shelves",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_search_shelves_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_search_shelves")),
        sa.UniqueConstraint("workspace_id", name=op.f("uq_search_shelves_workspace_id")),
        sqlite_autoincrement=True,  # a number is never used again
    )
    _create_entries()
    op.create_table(
        "search_terms",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("term", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_search_terms_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_terms")),
        sa.UniqueConstraint("workspace_id", "term", name=op.f("uq_search_terms_workspace_id_term")),
    )
    op.create_table(
        "search_queue",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("prompt_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_search_queue_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_queue")),
    )
    op.create_index(
        op.f("ix_search_queue_workspace_id_prompt_id"),
        "search_queue",
        ["workspace_id", "prompt_id"],
    )
    for table in _TABLES:
        walls.build(table)
    if op.get_bind().dialect.name == "postgresql":
        _build_postgres()
    else:
        _build_sqlite()
    op.execute(
        "INSERT INTO search_queue (workspace_id, prompt_id) SELECT workspace_id, id FROM prompts"
    )


def _create_entries() -> None:
    op.create_table(
        "search_entries",
        sa.Column("prompt_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("edited_at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("is_archived", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("folder", sa.String(length=255), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("tags", app.db.base.Json, nullable=False),
        sa.Column("labels", app.db.base.Json, nullable=False),
        sa.Column("actors", app.db.base.Json, nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("variables", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prompt_id"],
            ["prompts.id"],
            name=op.f("fk_search_entries_prompt_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_search_entries_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("prompt_id", name=op.f("pk_search_entries")),
        sa.UniqueConstraint(
            "workspace_id", "number", name=op.f("uq_search_entries_workspace_id_number")
        ),
    )
    for columns in (["workspace_id", "stamp"], ["room_id"]):
        name = "_".join(("ix_search_entries", *columns))
        op.create_index(op.f(name), "search_entries", columns)


def _build_sqlite() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE search_words USING fts5(head, marks, about, body, tokenize='ascii')"
    )
    for table, event, column in _WATCHED:
        # A row that goes with its whole workspace is not worth indexing.
        row, when = ("OLD", f"WHEN {_HAS_WORKSPACE} ") if event == "DELETE" else ("NEW", "")
        insert = _INSERT.format(row=row, column=column)
        op.execute(
            f"CREATE TRIGGER {_name(table, event)} AFTER {event} ON {table} {when}"
            f"BEGIN {insert}; END"
        )
    op.execute(
        "CREATE TRIGGER search_shelves_delete AFTER DELETE ON search_shelves BEGIN DELETE FROM "
        "search_words WHERE rowid BETWEEN OLD.number << 32 AND (OLD.number << 32) | 4294967295; END"
    )


def _build_postgres() -> None:
    op.execute(
        "CREATE TABLE search_words (shelf integer NOT NULL, number integer NOT NULL, "
        "words tsvector NOT NULL, CONSTRAINT pk_search_words PRIMARY KEY (shelf, number))"
    )
    # A short list of what is not in the index yet: every query has to look through it.
    op.execute(
        "CREATE INDEX ix_search_words_words ON search_words USING gin (words) "
        "WITH (gin_pending_list_limit = 256)"
    )
    for column in ("id", "prompt_id"):
        insert = _INSERT.format(row="changed", column=column)
        op.execute(
            f"CREATE FUNCTION search_wait_{column}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "DECLARE changed record; BEGIN "
            "IF TG_OP = 'DELETE' THEN changed := OLD; "
            f"IF NOT {_HAS_WORKSPACE} THEN RETURN NULL; END IF; "
            f"ELSE changed := NEW; END IF; {insert}; RETURN NULL; END $$"
        )
    op.execute(
        "CREATE FUNCTION search_clear_shelf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "DELETE FROM search_words WHERE shelf = OLD.number; RETURN NULL; END $$"
    )
    for table, event, column in _WATCHED:
        op.execute(
            f"CREATE TRIGGER {_name(table, event)} AFTER {event} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION search_wait_{column}()"
        )
    op.execute(
        "CREATE TRIGGER search_shelves_delete AFTER DELETE ON search_shelves "
        "FOR EACH ROW EXECUTE FUNCTION search_clear_shelf()"
    )


def _name(table: str, event: str) -> str:
    return f"search_{table}_{event.split(maxsplit=1)[0].lower()}"


def downgrade() -> None:
    is_postgres = op.get_bind().dialect.name == "postgresql"
    for table, event, _ in _WATCHED:
        op.execute(f"DROP TRIGGER {_name(table, event)}" + (f" ON {table}" if is_postgres else ""))
    op.execute("DROP TRIGGER search_shelves_delete" + (" ON search_shelves" if is_postgres else ""))
    if is_postgres:
        op.execute("DROP FUNCTION search_clear_shelf()")
        for column in ("id", "prompt_id"):
            op.execute(f"DROP FUNCTION search_wait_{column}()")
    op.execute("DROP TABLE search_words")
    for table in reversed(_TABLES):
        walls.tear_down(table)
        op.drop_table(table)
