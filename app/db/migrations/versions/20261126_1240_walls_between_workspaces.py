"""walls between workspaces."""

from __future__ import annotations

from app.db.migrations import walls

revision = "5d0c1a7e94b2"
down_revision = "c41d7e0b93a5"
branch_labels = None
depends_on = None

_WITH_WORKSPACE = (
    "members",
    "invitations",
    "api_keys",
    "documents",
    "prompts",
    "prompt_tags",
    "branches",
    "versions",
    "checkpoints",
    "labels",
    "label_moves",
)
_OF_DOCUMENTS = ("room_journal", "room_snapshots", "room_authors", "room_quarantine")


def upgrade() -> None:
    walls.build("workspaces", "id")
    for table in _WITH_WORKSPACE:
        walls.build(table)
    for table in _OF_DOCUMENTS:
        walls.build_behind(table, "document_id", "documents")


def downgrade() -> None:
    for table in ("workspaces", *_WITH_WORKSPACE, *_OF_DOCUMENTS):
        walls.tear_down(table)
