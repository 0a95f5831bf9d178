"""What alembic runs for every migration command; the connection comes from `app.db.migrate`."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, event

from app.db import models  # noqa: F401  # fills the metadata
from app.db.base import Model, is_modelled

connection: Connection = context.config.attributes["connection"]
lock_timeout: str = context.config.attributes["lock_timeout"]

context.configure(
    connection=connection,
    target_metadata=Model.metadata,
    compare_type=True,
    include_name=is_modelled,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
)


def patient(here: Connection) -> None:
    """For each transaction: it may take long, but not make every writer queue behind it."""
    here.exec_driver_sql("SET LOCAL statement_timeout = 0")
    here.exec_driver_sql(f"SET LOCAL lock_timeout = '{lock_timeout}'")


if connection.dialect.name == "postgresql":
    event.listen(connection, "begin", patient)
    if connection.in_transaction():
        patient(connection)
with context.begin_transaction():
    context.run_migrations()
