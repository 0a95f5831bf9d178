"""For migrations: put a table behind the wall between workspaces (`app.db.wall`), or take it out."""

from __future__ import annotations

from alembic import op

_WHERE = "current_setting('promptroom.workspace', true)"
# Scalar subqueries: asked once per statement instead of once per row.
_EVERYWHERE = f"(SELECT {_WHERE}) = '*'"
_HERE = f"(SELECT nullif(nullif({_WHERE}, ''), '*')::uuid)"


def build(table: str, belongs: str = "workspace_id") -> None:
    """Rows of `table` belong to the workspace that their column `belongs` names."""
    _build(table, f'"{belongs}" = {_HERE}')


def build_behind(table: str, column: str, parent: str) -> None:
    """Rows of `table` belong where the row of `parent` does that their `column` refers to."""
    belongs = f'"{parent}".id = "{table}"."{column}"'
    # The parent's own wall decides which of its rows are there.
    _build(table, f'EXISTS (SELECT FROM "{parent}" WHERE {belongs})')


def tear_down(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f'DROP POLICY wall ON "{table}"')
        op.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')


def _build(table: str, is_here: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        # A statement has asked for its workspace itself, so the wall hides hardly ever a row; of a
        # plain OR the planner would think that it leaves one in hundreds, and plan accordingly.
        # What is not null it takes for nearly everything.
        seen = f"CASE WHEN {_EVERYWHERE} THEN true WHEN {is_here} THEN true END IS NOT NULL"
        op.execute(f'CREATE POLICY wall ON "{table}" USING ({seen})')
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')  # for its owner, too: us
