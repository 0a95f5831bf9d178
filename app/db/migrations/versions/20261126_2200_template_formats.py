"""In which language a prompt's text is written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "9a4e6b21c7d8"
down_revision = "4c8e17a2f93b"
branch_labels = None
depends_on = None

TABLES = ("branches", "versions", "checkpoints")


def upgrade() -> None:
    # With a default in the database: programs of before do not name the column.
    for table in TABLES:
        column = sa.Column("template_format", sa.String(16), nullable=False)
        column.server_default = sa.DefaultClause("mustache")
        op.add_column(table, column)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_column(table, "template_format")
