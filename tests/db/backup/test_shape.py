"""The tables of a revision are those of the models, and every column has a kind."""

from __future__ import annotations

import pytest
from sqlalchemy import Boolean, Column, Float, Integer, Interval, LargeBinary, String, Uuid

from app.db import migrate
from app.db import models as _tables  # noqa: F401  # registers every slice's tables
from app.db.backup.errors import BackupFailed
from app.db.backup.shape import LEFT_OUT, kind_of, shapes_at
from app.db.base import Json, Model, UtcDateTime

EXPECTED = {
    Boolean: "boolean",
    Uuid: "uuid",
    UtcDateTime: "time",
    LargeBinary: "bytes",
    type(Json): "json",
    String: "text",
    Integer: "integer",
}


def test_a_backup_has_every_table_and_column_of_the_models() -> None:
    """Fails when a table is added that backups would leave out."""
    shapes = {shape.name: shape for shape in shapes_at(migrate.newest())}
    assert shapes.keys() == Model.metadata.tables.keys() - LEFT_OUT
    for name, shape in shapes.items():
        table = Model.metadata.tables[name]
        expected = {
            column.name: next(
                kind for type_, kind in EXPECTED.items() if isinstance(column.type, type_)
            )
            for column in table.columns
        }
        assert shape.kinds == expected
        key = [column.name for column in table.primary_key]
        assert [column.name for column in shape.table.primary_key] == key
        assert key, "rows without a key have no order"


def test_parents_come_before_the_rows_that_refer_to_them() -> None:
    order = [shape.name for shape in shapes_at(migrate.newest())]
    for name in order:
        table = Model.metadata.tables[name]
        for key in table.foreign_keys:
            assert order.index(key.column.table.name) < order.index(table.name), str(key)


def test_no_database_makes_up_keys() -> None:
    """After a restore its counter would begin again at one."""
    for table in Model.metadata.tables.values():
        if table.name not in LEFT_OUT:  # those are never restored
            assert table.autoincrement_column is None, table.name


@pytest.mark.parametrize("type_", [Float(), Interval()])
def test_a_type_that_no_backup_can_hold_is_said(type_: object) -> None:
    with pytest.raises(BackupFailed, match="speed is of a type that no backup can hold yet"):
        kind_of(Column("speed", type_))
