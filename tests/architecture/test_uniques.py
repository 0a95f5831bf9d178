"""Nobody adds something unique without saying what happens when two want it at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table, UniqueConstraint

from app.db import models
from app.db.base import Model
from tests.architecture.source import ROOT, modules
from tests.architecture.uniques import CHOSEN, CLAIMED, UNIQUES


def uniques(metadata: MetaData) -> set[str]:
    """As in "prompts: workspace_id, name"; a random `id` is nobody's wish, if we made it."""
    return {
        f"{table.name}: {', '.join(columns)}"
        for table in metadata.tables.values()
        for columns in _uniques(table)
        if columns != ["id"] or table.name in CHOSEN
    }


def _uniques(table: Table) -> Iterator[list[str]]:
    for one in table.constraints:
        if isinstance(one, UniqueConstraint | PrimaryKeyConstraint):
            yield [column.name for column in one.columns]
    yield from ([column.name for column in one.columns] for one in table.indexes if one.unique)


def claims() -> set[str]:
    """What is handed to `races.claim`, in the same words."""
    tables = {one.class_.__name__: one.local_table for one in Model.registry.mappers}
    found = set()
    for module in modules(ROOT, "app"):
        if "from app.db.races import claim" not in module.text:
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "claim":
                columns = [ast.unparse(one) for one in getattr(node.args[1], "elts", [])]
                table = tables[columns[0].split(".")[0]]
                names = ", ".join(column.split(".")[1] for column in columns)
                found.add(f"{table}: {names}")
    return found


def test_every_unique_constraint_says_why_two_at_once_end_well() -> None:
    assert models
    assert uniques(Model.metadata) == UNIQUES.keys()


def test_what_is_said_to_be_claimed_is() -> None:
    assert claims() == {name for name, why in UNIQUES.items() if why == CLAIMED}


def test_a_new_one_is_noticed() -> None:
    metadata = MetaData()
    key = Column("id", String, primary_key=True)
    Table("planted", metadata, key, Column("x", String, unique=True))
    assert uniques(metadata) == {"planted: x"}
