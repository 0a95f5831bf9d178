"""What alembic runs for every migration command; the connection comes from `app.db.migrate`."""

from __future__ import annotations

from alembic import context

from app.db import models  # noqa: F401  # fills the metadata
from app.db.base import Model

connection = context.config.attributes["connection"]

context.configure(
    connection=connection,
    target_metadata=Model.metadata,
    compare_type=True,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
)
with context.begin_transaction():
    if connection.dialect.name == "postgresql":
        # A migration that cannot get its lock soon must fail, not queue every writer behind it.
        connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
    context.run_migrations()
