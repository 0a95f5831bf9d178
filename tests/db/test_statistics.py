from __future__ import annotations

import pytest

from app.db.engine import Database
from app.db.statistics import learn_sizes
from tests.support.builders import a_prompt, a_workspace

pytestmark = pytest.mark.anyio

PAGE = ", ".join(f"'{number}'" for number in range(50))
TAGS = (
    "EXPLAIN QUERY PLAN SELECT prompt_id, tag FROM prompt_tags "
    f"WHERE prompt_id IN ({PAGE}) AND workspace_id = '{{}}' ORDER BY prompt_id, tag"
)


async def plan(database: Database, workspace: str) -> str:
    async with database.transaction(write=False) as tx:
        rows = await (await tx.connection()).exec_driver_sql(TAGS.format(workspace))
        return "; ".join(row[3] for row in rows)


async def test_a_few_prompts_tags_are_found_without_walking_through_the_workspace(either):
    database = either.everywhere()
    place = await a_workspace(database)
    for number in range(20):
        await a_prompt(database, place, tags=tuple(f"tag-{number}-{n}" for n in range(15)))
    if not database.is_sqlite:
        assert await learn_sizes(database) == 0
        return
    assert "workspace_id=?" in await plan(database, place.id.hex)
    assert await learn_sizes(database) == 1
    assert "prompt_id=?" in await plan(database, place.id.hex)
