"""Which key made an invitation: it goes when the key is revoked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8d41f0c7b6a2"
down_revision = "9a4e6b21c7d8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invitations", sa.Column("invited_by_key", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("invitations", "invited_by_key")
