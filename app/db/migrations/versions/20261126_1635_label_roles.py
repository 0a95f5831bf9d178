"""Who may move which label."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.db.base

revision = "b7e2904d15cf"
down_revision = "2f60d8a1b7c4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("label_roles", app.db.base.Json, nullable=True))


def downgrade() -> None:
    op.drop_column("workspaces", "label_roles")
