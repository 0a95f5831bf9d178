"""Tidying up after workspaces."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.access.permissions import Role
from app.db.engine import Database
from app.domain.accounts.service import recognise
from app.domain.workspaces import jobs
from app.domain.workspaces.invitations import Invitations, accept
from app.domain.workspaces.models import Invitation
from app.domain.workspaces.policy import INVITATION_LIFE
from tests.support.builders import Place, a_person, a_workspace, as_member
from tests.support.clocks import HeldClock

pytestmark = pytest.mark.anyio


async def invited(database: Database, place: Place) -> str:
    """The secret of a new link."""
    caller = await as_member(database, place, place.owner)
    async with database.everywhere().transaction() as tx:
        _, secret = await Invitations(tx, caller).create("", Role.EDITOR)
    return secret


async def left(database: Database) -> int:
    async with database.everywhere().transaction(write=False) as tx:
        return len((await tx.execute(select(Invitation.id))).all())


class TestExpiredInvitations:
    async def test_unused_ones_of_all_workspaces_are_dropped_and_the_others_stay(
        self, either: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(jobs, "BATCH", 2)
        clock = HeldClock(monkeypatch)
        one, other = await a_workspace(either), await a_workspace(either, "Juniper")
        for place in (one, one, one, other):
            await invited(either, place)
        used, person = await invited(either, one), await a_person(either)
        async with either.everywhere().transaction() as tx:
            found = await recognise(tx, person.secret)
            assert found is not None
            await accept(tx, used, found[0])
        clock.now += timedelta(seconds=1)
        await invited(either, other)
        clock.now += INVITATION_LIFE - timedelta(seconds=1)
        assert await jobs.drop_expired_invitations(either) == 4
        assert await left(either) == 2
        assert await jobs.drop_expired_invitations(either) == 0
