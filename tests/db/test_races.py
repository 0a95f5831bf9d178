"""A refused row becomes the service's own error, and only if it is about what was claimed."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Database
from app.db.races import claim
from app.domain.accounts.errors import EmailTaken
from app.domain.accounts.models import User
from app.kit import clock
from app.kit.ids import new_id

pytestmark = pytest.mark.anyio


def somebody(**values: object) -> User:
    given = {"id": new_id(), "email": "ada@example.com", "name": "Ada", "hue": "teal"} | values
    return User(password_hash="x", created_at=clock.utc_now(), **given)


async def add(database: Database, user: User) -> None:
    async with database.transaction() as tx:
        tx.add(user)
        await claim(tx, (User.email,), EmailTaken())


async def test_what_somebody_has_by_now_is_taken(either: Database) -> None:
    await add(either, somebody())
    with pytest.raises(EmailTaken):
        await add(either, somebody())
    await add(either, somebody(email="bob@example.com"))


async def test_another_constraint_stays_the_bug_it_is(either: Database) -> None:
    first = somebody()
    await add(either, first)
    with pytest.raises(IntegrityError):
        await add(either, somebody(id=first.id, email="bob@example.com"))
    with pytest.raises(IntegrityError):
        await add(either, somebody(name=None, email="bob@example.com"))


async def test_who_flushes_inside_a_savepoint_goes_on(either: Database) -> None:
    await add(either, somebody())
    user = somebody()
    async with either.transaction() as tx:
        with pytest.raises(EmailTaken):
            await in_a_savepoint(tx, user)
        user.email = "bob@example.com"
        await in_a_savepoint(tx, user)
    with pytest.raises(EmailTaken):
        await add(either, somebody(email="bob@example.com"))


async def in_a_savepoint(tx: AsyncSession, user: User) -> None:
    async with tx.begin_nested():
        tx.add(user)
        await claim(tx, (User.email,), EmailTaken())
