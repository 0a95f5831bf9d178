"""worker jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.db.base

revision = "c41d7e0b93a5"
down_revision = "c5e1a0f27b64"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "worker_jobs",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("started_at", app.db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("succeeded_at", app.db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("took_ms", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("failed_in_a_row", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker_jobs")),
    )


def downgrade() -> None:
    op.drop_table("worker_jobs")
