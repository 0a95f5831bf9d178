"""Threads on the words, their comments, and who has read them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.db.base
from app.db.migrations import walls

revision = "2fe1c448a0cc"
down_revision = "b7e2904d15cf"
branch_labels = None
depends_on = None

TABLES = ("threads", "comments", "thread_reads", "mentions", "reactions")


def upgrade() -> None:
    op.create_table(
        "threads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("prompt_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("suffix", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=True),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.Column("start_position", sa.LargeBinary(), nullable=True),
        sa.Column("end_position", sa.LargeBinary(), nullable=True),
        sa.Column("epoch", sa.String(length=36), nullable=False),
        sa.Column("anchored_at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("comment_count", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=48), nullable=False),
        sa.Column("created_at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("resolved_by", sa.String(length=48), nullable=True),
        sa.Column("resolved_at", app.db.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["prompt_id"], ["prompts.id"], name=op.f("fk_threads_prompt_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["branches.id"], name=op.f("fk_threads_room_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_threads_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threads")),
        sa.UniqueConstraint("prompt_id", "number", name=op.f("uq_threads_prompt_id_number")),
    )
    op.create_index(
        op.f("ix_threads_prompt_id_state_number"),
        "threads",
        ["prompt_id", "state", "number"],
        unique=False,
    )

    op.create_table(
        "comments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=48), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("edited_at", app.db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", app.db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.String(length=48), nullable=True),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["threads.id"], name=op.f("fk_comments_thread_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_comments_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("thread_id", "number", name=op.f("uq_comments_thread_id_number")),
    )
    op.create_table(
        "thread_reads",
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("reader", sa.String(length=48), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("read_at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["threads.id"],
            name=op.f("fk_thread_reads_thread_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_thread_reads_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("thread_id", "reader", name=op.f("pk_thread_reads")),
    )
    op.create_table(
        "mentions",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_mentions_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["threads.id"], name=op.f("fk_mentions_thread_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_mentions_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_mentions_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("comment_id", "user_id", name=op.f("pk_mentions")),
    )
    op.create_index(
        op.f("ix_mentions_thread_id_user_id"), "mentions", ["thread_id", "user_id"], unique=False
    )
    op.create_index(op.f("ix_mentions_user_id"), "mentions", ["user_id"], unique=False)

    op.create_table(
        "reactions",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=48), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name=op.f("fk_reactions_comment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_reactions_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("comment_id", "name", "actor", name=op.f("pk_reactions")),
    )
    for table in TABLES:
        walls.build(table)


def downgrade() -> None:
    for table in TABLES:
        walls.tear_down(table)
    op.drop_table("reactions")
    op.drop_index(op.f("ix_mentions_user_id"), "mentions")
    op.drop_index(op.f("ix_mentions_thread_id_user_id"), "mentions")

    op.drop_table("mentions")
    op.drop_table("thread_reads")
    op.drop_table("comments")
    op.drop_index(op.f("ix_threads_prompt_id_state_number"), "threads")

    op.drop_table("threads")
