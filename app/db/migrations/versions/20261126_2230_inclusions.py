"""What every version and live text includes, and which changes of that people have noted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

import app.db.base
from app.db.migrations import walls

revision = "8d2b5e07c41a"
down_revision = "8d41f0c7b6a2"
branch_labels = None
depends_on = None

# As the program reads texts on the day of this migration; a later grammar is not its business.
_SPACE = r"[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
_REFERENCE = re.compile(
    rf"\\\{{\{{|\{{\{{{_SPACE}*>{_SPACE}*([A-Za-z0-9_./-]+)(?:@([A-Za-z0-9_.-]+))?{_SPACE}*\}}\}}"
)
_MOST = 200
_BATCH = 500


def upgrade() -> None:
    op.create_table(
        "inclusions",
        sa.Column("prompt_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        _belongs("inclusions", "prompt_id", "prompts"),
        _belongs("inclusions", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("prompt_id", "number", "name", "label", name=op.f("pk_inclusions")),
    )
    op.create_index(
        op.f("ix_inclusions_workspace_id_name_prompt_id"),
        "inclusions",
        ["workspace_id", "name", "prompt_id"],
    )
    op.create_table(
        "acknowledgements",
        sa.Column("prompt_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=48), nullable=False),
        _belongs("acknowledgements", "prompt_id", "prompts"),
        _belongs("acknowledgements", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("prompt_id", name=op.f("pk_acknowledgements")),
    )
    walls.build("inclusions")
    walls.build("acknowledgements")
    _fill("SELECT workspace_id, prompt_id, number, text FROM versions WHERE text LIKE '%{{%>%'")
    _fill("SELECT workspace_id, prompt_id, 0, text FROM search_entries WHERE text LIKE '%{{%>%'")


def _fill(query: str) -> None:
    connection = op.get_bind()
    table = sa.table("inclusions", *(sa.column(name) for name in _COLUMNS))
    result = connection.execute(sa.text(query))
    while rows := result.fetchmany(_BATCH):
        if found := [one for row in rows for one in _references(*row)]:
            connection.execute(table.insert(), found)


_COLUMNS = ("workspace_id", "prompt_id", "number", "name", "label")


def _references(
    workspace_id: Any, prompt_id: Any, number: int, text: str
) -> Iterator[dict[str, Any]]:
    found = dict.fromkeys((m[1], m[2] or "") for m in _REFERENCE.finditer(text) if m[1])
    fitting = [one for one in found if len(one[0]) <= 255 and len(one[1]) <= 64]
    for name, label in fitting[:_MOST]:
        yield dict(zip(_COLUMNS, (workspace_id, prompt_id, number, name, label), strict=True))


def _belongs(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{parent}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in ("acknowledgements", "inclusions"):
        walls.tear_down(table)
        op.drop_table(table)
