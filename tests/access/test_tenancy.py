"""The one door between a statement and a workspace's rows."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import StatementError

from app.access.tenancy import GIVEN, rows, within
from app.db.engine import Database
from app.domain.keys.models import ApiKey
from app.domain.workspaces.models import Invitation, Member
from tests.support.builders import a_workspace


@dataclass
class Here:
    workspace_id: UUID


class TestWithin:
    def test_it_narrows_every_kind_of_statement(self) -> None:
        here = Here(uuid4())
        for statement in (select(Member), delete(Member), update(Member).values(role="viewer")):
            narrowed = within(statement, here, Member).compile()
            assert "WHERE members.workspace_id" in str(narrowed)
            assert here.workspace_id in narrowed.params.values()

    def test_it_narrows_each_table_of_a_join(self) -> None:
        statement = select(Invitation).join(ApiKey, ApiKey.created_by == Invitation.invited_by)
        text = str(within(statement, Here(uuid4()), Invitation, ApiKey))
        assert "invitations.workspace_id =" in text
        assert "api_keys.workspace_id =" in text

    def test_without_a_table_it_is_a_bug(self) -> None:
        with pytest.raises(TypeError):
            within(select(Member), Here(uuid4()))

    @pytest.mark.anyio
    async def test_a_statement_made_once_finds_what_it_is_given_and_nothing_without(
        self, database: Database
    ) -> None:
        statement = within(select(Member.user_id), GIVEN, Member)
        one, other = await a_workspace(database), await a_workspace(database)
        async with database.transaction(write=False) as tx:
            for place in (one, other):
                assert await rows(tx, statement, Here(place.id)) == [(place.owner.id,)]
            with pytest.raises(StatementError, match="workspace_id"):
                await tx.execute(statement)
