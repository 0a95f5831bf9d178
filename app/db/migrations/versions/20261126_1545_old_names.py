"""old names of prompts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.db.base
from app.db.migrations import walls

revision = "7b1e94c05d3f"
down_revision = "5d0c1a7e94b2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "old_names",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("prompt_id", sa.Uuid(), nullable=False),
        sa.Column("renamed_by", sa.String(length=48), nullable=False),
        sa.Column("renamed_at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["prompt_id"],
            ["prompts.id"],
            name=op.f("fk_old_names_prompt_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_old_names_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_old_names")),
    )
    op.create_index(op.f("ix_old_names_prompt_id"), "old_names", ["prompt_id"])
    walls.build("old_names")


def downgrade() -> None:
    walls.tear_down("old_names")
    op.drop_table("old_names")
