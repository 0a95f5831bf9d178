"""Rollouts: a label gives a candidate to a share of its callers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.db.base

revision = "9d41c6e07ab5"
down_revision = "b7c20f5e91d4"
branch_labels = None
depends_on = None

_WHOLE = (
    "(candidate IS NULL AND share IS NULL AND seed IS NULL) OR (candidate IS NOT NULL "
    "AND share IS NOT NULL AND seed IS NOT NULL AND share BETWEEN 1 AND 9999)"
)
_EVENTS = ("INSERT", "UPDATE")
_NEXT = "(SELECT coalesce(max(seq), 0) + 1 FROM changes WHERE workspace_id = NEW.workspace_id)"


def upgrade() -> None:
    for name in ("candidate", "share"):
        op.add_column("changes", sa.Column(name, sa.Integer(), nullable=True))
    for name in ("before", "after"):
        kept = sa.Column(f"rollout_{name}", app.db.base.Json, nullable=True)
        op.add_column("label_moves", kept)
    triggers = _let_go()
    with op.batch_alter_table("labels") as table:
        table.add_column(sa.Column("candidate", sa.Integer(), nullable=True))
        table.add_column(sa.Column("share", sa.Integer(), nullable=True))
        table.add_column(sa.Column("seed", sa.String(length=32), nullable=True))
        table.create_check_constraint(op.f("ck_labels_rollout"), _WHOLE)
        # Together with the prompt: a candidate is a version of the same one.
        table.create_foreign_key(
            op.f("fk_labels_prompt_id_candidate"),
            "versions",
            ["prompt_id", "candidate"],
            ["prompt_id", "number"],
            ondelete="CASCADE",
        )
    _bring_back(triggers)
    _tell(", candidate, share", ", NEW.candidate, NEW.share")


def downgrade() -> None:
    _tell("", "")
    triggers = _let_go()
    with op.batch_alter_table("labels") as table:
        table.drop_constraint(op.f("fk_labels_prompt_id_candidate"), type_="foreignkey")
        table.drop_constraint(op.f("ck_labels_rollout"), type_="check")
        for name in ("seed", "share", "candidate"):
            table.drop_column(name)
    _bring_back(triggers)
    for table_name, names in (
        ("label_moves", ("rollout_after", "rollout_before")),
        ("changes", ("share", "candidate")),
    ):
        for name in names:
            op.drop_column(table_name, name)


def _let_go() -> list[str]:
    """SQLite makes the table anew, and its triggers go with the old one: what they say."""
    if op.get_bind().dialect.name == "postgresql":
        return []
    kept = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'labels'"
    return [row[0] for row in op.get_bind().exec_driver_sql(kept)]


def _bring_back(triggers: list[str]) -> None:
    for sql in triggers:
        op.get_bind().exec_driver_sql(sql)


def _tell(columns: str, values: str) -> None:
    """Have the log say how a label splits, so that readers know when they have seen it."""
    for event in _EVENTS:
        name = f"changes_labels_{event.lower()}"
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "PERFORM pg_advisory_xact_lock(hashtext('changes-' || NEW.workspace_id::text)); "
                f"{_insert(columns, values, is_postgres=True)}; RETURN NULL; END $$"
            )
        else:
            op.execute(f"DROP TRIGGER {name}")
            op.execute(
                f"CREATE TRIGGER {name} AFTER {event} ON labels "
                f"BEGIN {_insert(columns, values, is_postgres=False)}; END"
            )


def _insert(columns: str, values: str, *, is_postgres: bool) -> str:
    mark = "left(md5(gen_random_uuid()::text), 8)" if is_postgres else "lower(hex(randomblob(4)))"
    now = "clock_timestamp()" if is_postgres else "strftime('%Y-%m-%d %H:%M:%f000')"
    return (
        "INSERT INTO changes (workspace_id, seq, mark, kind, prompt_id, name, label, number, "  # noqa: S608
        f"old_name, at{columns}) VALUES (NEW.workspace_id, {_NEXT}, {mark}, 'label.moved', "
        f"NEW.prompt_id, NULL, NEW.name, NEW.number, NULL, {now}{values})"
    )
