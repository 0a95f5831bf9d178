"""Calls with an Idempotency-Key, and what they answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.db.base
from app.db.migrations import walls

revision = "b7c20f5e91d4"
down_revision = "7d20c4b9e1a3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_calls",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("name_sha256", sa.String(length=64), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("call_sha256", sa.String(length=64), nullable=False),
        sa.Column("turn", sa.Uuid(), nullable=False),
        sa.Column("until", app.db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("answer_status", sa.Integer(), nullable=True),
        sa.Column("answer_headers", app.db.base.AsGiven(), nullable=True),
        sa.Column("answer_body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_keys.id"], name=op.f("fk_kept_calls_key_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_kept_calls_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key_id", "name_sha256", name=op.f("pk_kept_calls")),
    )
    op.create_index(op.f("ix_kept_calls_created_at"), "kept_calls", ["created_at"])
    walls.build("kept_calls")


def downgrade() -> None:
    walls.tear_down("kept_calls")
    op.drop_table("kept_calls")
