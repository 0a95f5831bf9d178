"""Stars and saved views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.db.base
from app.db.migrations import walls

revision = "5c1f84a9e3d2"
down_revision = "2fe1c448a0cc"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stars",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("prompt_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("starred_at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        _belongs("stars", "user_id", "users"),
        _belongs("stars", "prompt_id", "prompts"),
        _belongs("stars", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("user_id", "prompt_id", name=op.f("pk_stars")),
    )
    op.create_index(op.f("ix_stars_prompt_id"), "stars", ["prompt_id"])
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("address", sa.String(length=2000), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        _belongs("saved_views", "owner_id", "users"),
        _belongs("saved_views", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index(
        op.f("ix_saved_views_workspace_id_owner_id"), "saved_views", ["workspace_id", "owner_id"]
    )
    walls.build("stars")
    walls.build("saved_views")


def _belongs(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{parent}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in ("saved_views", "stars"):
        walls.tear_down(table)
        op.drop_table(table)
