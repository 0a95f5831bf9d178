"""A release to come: today's migrations and one more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.db import migrate

REVISION = "ffff00000001"

# What a migration may do to tables with rows in them: a new column, and a table made anew.
_MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "ffff00000001"
down_revision = "{before}"
branch_labels = depends_on = None


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("planted", sa.String(8), server_default="yes"))
    with op.batch_alter_table("prompts", recreate="always") as batch:
        batch.add_column(sa.Column("mood", sa.String(16), nullable=False, server_default="calm"))


def downgrade() -> None:
    op.drop_column("workspaces", "planted")
    with op.batch_alter_table("prompts", recreate="always") as batch:
        batch.drop_column("mood")
"""


def plant(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make the release to come the one that runs, until `monkeypatch` is undone."""
    migrations = folder / "migrations"
    before = migrate.newest()
    shutil.copytree(migrate._FOLDER, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    text = _MIGRATION.format(before=before)
    (migrations / "versions" / "20991231_2359_planted.py").write_text(text)
    monkeypatch.setattr(migrate, "_FOLDER", migrations)
