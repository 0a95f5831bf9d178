"""Who wrote what of versions and checkpoints."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8d2f61c0ab37"
down_revision = "7b1e94c05d3f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null for what older programs write: then nobody is named.
    op.add_column("versions", sa.Column("blame", sa.LargeBinary(), nullable=True))
    op.add_column("checkpoints", sa.Column("blame", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("checkpoints", "blame")
    op.drop_column("versions", "blame")
