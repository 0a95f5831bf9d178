"""Invitations: links that work once, for a week, for whom they are meant."""

from __future__ import annotations

import asyncio

import pytest

from app.access.permissions import Role
from app.access.principal import Person
from app.db.engine import Database
from app.domain.accounts import service as accounts
from app.domain.accounts.errors import EmailTaken
from app.domain.accounts.service import Browser, Signup
from app.domain.workspaces import invitations
from app.domain.workspaces.errors import (
    AlreadyMember,
    InvitationForAnother,
    InvitationGone,
    InvitationNotFound,
    OwnersOnly,
)
from app.domain.workspaces.invitations import Invitations
from app.errors import Forbidden, InvalidFields
from tests.support.builders import (
    Place,
    Somebody,
    a_member,
    a_person,
    a_workspace,
    as_member,
    password_hash,
    role_of,
)
from tests.support.clocks import HeldClock

pytestmark = pytest.mark.anyio


async def a_link(
    database: Database, place: Place, role: Role = Role.EDITOR, email: str = ""
) -> str:
    caller = await as_member(database, place, place.owner)
    async with database.transaction() as tx:
        _, secret = await Invitations(tx, caller).create(email, role)
    return secret


async def known(database: Database, somebody: Somebody) -> Person:
    async with database.transaction(write=False) as tx:
        found = await accounts.recognise(tx, somebody.secret)
    assert found is not None
    return found[0]


async def accept(database: Database, secret: str, somebody: Somebody) -> None:
    person = await known(database, somebody)
    async with database.transaction() as tx:
        await invitations.accept(tx, secret, person)


def a_signup(email: str = "new@example.com") -> Signup:
    return Signup("New Person", email, password_hash())


class TestInviting:
    @pytest.mark.parametrize("role", [Role.REVIEWER, Role.EDITOR, Role.COMMENTER, Role.VIEWER])
    async def test_only_managers_can(self, database: Database, role: Role) -> None:
        place = await a_workspace(database)
        caller = await as_member(database, place, await a_member(database, place, role))
        async with database.transaction() as tx:
            with pytest.raises(Forbidden):
                await Invitations(tx, caller).create("", Role.VIEWER)
            with pytest.raises(Forbidden):
                await Invitations(tx, caller).pending()

    async def test_an_admin_cannot_invite_an_owner(self, database: Database) -> None:
        place = await a_workspace(database)
        caller = await as_member(database, place, await a_member(database, place, "admin"))
        with pytest.raises(OwnersOnly):
            async with database.transaction() as tx:
                await Invitations(tx, caller).create("", Role.OWNER)

    async def test_the_secret_is_not_kept(self, database: Database) -> None:
        place = await a_workspace(database)
        secret = await a_link(database, place)
        caller = await as_member(database, place, place.owner)
        async with database.transaction(write=False) as tx:
            ((row, inviter),) = await Invitations(tx, caller).pending()
        assert secret not in str(vars(row))
        assert inviter == "Maya Olsen"

    async def test_a_wrong_address_is_refused(self, database: Database) -> None:
        place = await a_workspace(database)
        with pytest.raises(InvalidFields):
            await a_link(database, place, email="not an address")


class TestAccepting:
    async def test_a_person_with_an_account_becomes_a_member(self, database: Database) -> None:
        place, person = await a_workspace(database), await a_person(database)
        await accept(database, await a_link(database, place, Role.REVIEWER), person)
        assert await role_of(database, place, person) == "reviewer"

    async def test_a_new_person_gets_an_account_and_a_session(self, database: Database) -> None:
        place = await a_workspace(database)
        secret = await a_link(database, place, Role.VIEWER)
        workspace, session = await invitations.accept_as_new(
            database, secret, a_signup(), Browser("", "")
        )
        assert workspace.id == place.id
        async with database.transaction(write=False) as tx:
            found = await accounts.recognise(tx, session)
        assert found is not None
        assert found[0].email == "new@example.com"

    async def test_a_link_works_once(self, database: Database) -> None:
        place = await a_workspace(database)
        one, other = await a_person(database), await a_person(database)
        secret = await a_link(database, place)
        await accept(database, secret, one)
        with pytest.raises(InvitationGone):
            await accept(database, secret, other)
        assert await role_of(database, place, other) is None

    async def test_of_several_at_once_exactly_one_gets_in(self, database: Database) -> None:
        place = await a_workspace(database)
        people = [await a_person(database) for _ in range(6)]
        secret = await a_link(database, place)
        results = await asyncio.gather(
            *(accept(database, secret, person) for person in people), return_exceptions=True
        )
        assert results.count(None) == 1
        roles = [await role_of(database, place, person) for person in people]
        assert roles.count("editor") == 1

    async def test_a_link_lasts_a_week(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = HeldClock(monkeypatch)
        secret = await a_link(database, await a_workspace(database))
        held.forward(days=6, hours=23)
        async with database.transaction(write=False) as tx:
            assert await invitations.look(tx, secret)
        held.forward(hours=1)
        async with database.transaction(write=False) as tx:
            with pytest.raises(InvitationGone):
                await invitations.look(tx, secret)

    async def test_an_email_makes_it_theirs_alone(self, database: Database) -> None:
        place = await a_workspace(database)
        meant = await a_person(database, email="meant@example.com")
        other = await a_person(database)
        secret = await a_link(database, place, email="Meant@Example.com")
        with pytest.raises(InvitationForAnother):
            await accept(database, secret, other)
        with pytest.raises(InvitationForAnother):
            await invitations.accept_as_new(database, secret, a_signup(), Browser("", ""))
        await accept(database, secret, meant)
        assert await role_of(database, place, meant) == "editor"

    async def test_a_member_keeps_role_and_link(self, database: Database) -> None:
        place, other = await a_workspace(database), await a_person(database)
        secret = await a_link(database, place, Role.VIEWER)
        with pytest.raises(AlreadyMember):
            await accept(database, secret, place.owner)
        assert await role_of(database, place, place.owner) == "owner"
        await accept(database, secret, other)

    async def test_a_taken_email_changes_nothing(self, database: Database) -> None:
        place = await a_workspace(database)
        person = await a_person(database, email="new@example.com")
        secret = await a_link(database, place)
        with pytest.raises(EmailTaken):
            await invitations.accept_as_new(database, secret, a_signup(), Browser("", ""))
        await accept(database, secret, person)  # the link was not used up

    async def test_a_made_up_link_is_gone(self, database: Database) -> None:
        async with database.transaction(write=False) as tx:
            with pytest.raises(InvitationGone):
                await invitations.look(tx, "made-up")


class TestRevoking:
    async def test_a_revoked_link_is_dead(self, database: Database) -> None:
        place, person = await a_workspace(database), await a_person(database)
        secret = await a_link(database, place)
        caller = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            ((row, _),) = await Invitations(tx, caller).pending()
            await Invitations(tx, caller).revoke(row.id)
        with pytest.raises(InvitationGone):
            await accept(database, secret, person)

    async def test_a_foreign_one_does_not_exist(self, database: Database) -> None:
        place, foreign = await a_workspace(database), await a_workspace(database, "Foreign")
        secret = await a_link(database, foreign)
        theirs = await as_member(database, foreign, foreign.owner)
        mine = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            ((row, _),) = await Invitations(tx, theirs).pending()
            with pytest.raises(InvitationNotFound):
                await Invitations(tx, mine).revoke(row.id)
        async with database.transaction(write=False) as tx:
            await invitations.look(tx, secret)

    async def test_an_admin_cannot_take_back_an_owners_place(self, database: Database) -> None:
        place = await a_workspace(database)
        await a_link(database, place, Role.OWNER)
        caller = await as_member(database, place, await a_member(database, place, "admin"))
        async with database.transaction() as tx:
            ((row, _),) = await Invitations(tx, caller).pending()
            with pytest.raises(OwnersOnly):
                await Invitations(tx, caller).revoke(row.id)
