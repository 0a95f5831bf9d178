"""Documents know the number of their last row, for workers to agree on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c5e1a0f27b64"
down_revision = "0324b12d9aae"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("documents") as batch_op:
        batch_op.add_column(sa.Column("seq", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("documents") as batch_op:
        batch_op.drop_column("seq")
