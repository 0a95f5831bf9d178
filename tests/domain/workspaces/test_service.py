"""Setting up, workspaces, members: against a real database."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.access.permissions import Role
from app.access.principal import Principal
from app.db.engine import Database
from app.domain.accounts.models import User
from app.domain.accounts.service import Browser, Signup
from app.domain.workspaces import service
from app.domain.workspaces.errors import (
    AlreadySetUp,
    LastOwner,
    MemberNotFound,
    OwnersOnly,
    WorkspaceNotFound,
)
from app.domain.workspaces.invitations import Invitations
from app.domain.workspaces.models import Workspace
from app.domain.workspaces.service import Members, Workspaces
from app.errors import Forbidden, InvalidFields
from app.kit.cursor import InvalidCursor
from tests.support.builders import (
    Place,
    a_member,
    a_person,
    a_workspace,
    as_member,
    password_hash,
    role_of,
)

pytestmark = pytest.mark.anyio

MANAGERS = [Role.OWNER, Role.ADMIN]
OTHERS = [Role.REVIEWER, Role.EDITOR, Role.COMMENTER, Role.VIEWER]


def signup(number: int = 1) -> Signup:
    return Signup(f"Person {number}", f"p{number}@example.com", password_hash())


class TestSettingUp:
    async def test_it_makes_the_owner_the_workspace_and_a_session(self, database: Database) -> None:
        async with database.transaction() as tx:
            workspace, secret = await service.set_up(
                tx, signup(), "Analytical Engines", Browser("", "")
            )
        assert workspace.slug == "analytical-engines"
        assert secret
        async with database.transaction(write=False) as tx:
            user = (await tx.execute(select(User))).scalar_one()
            member = await service.queries.membership(tx, workspace.id, user.id)
        assert member is not None
        assert member.role == "owner"

    async def test_of_two_at_once_exactly_one_wins(self, database: Database) -> None:
        async def attempt(number: int) -> None:
            async with database.transaction() as tx:
                await service.set_up(tx, signup(number), f"Space {number}", None)

        results = await asyncio.gather(*map(attempt, range(8)), return_exceptions=True)
        assert results.count(None) == 1
        assert sum(isinstance(result, AlreadySetUp) for result in results) == 7
        async with database.transaction(write=False) as tx:
            assert (await tx.execute(select(func.count()).select_from(User))).scalar_one() == 1
            assert (await tx.execute(select(func.count()).select_from(Workspace))).scalar_one() == 1

    async def test_a_failure_leaves_the_database_empty(self, database: Database) -> None:
        with pytest.raises(InvalidFields):
            async with database.transaction() as tx:
                await service.set_up(tx, signup(), "", None)
        async with database.transaction(write=False) as tx:
            assert (await tx.execute(select(func.count()).select_from(User))).scalar_one() == 0


class TestWorkspaces:
    async def test_two_of_one_name_get_two_addresses(self, database: Database) -> None:
        one, other = await a_workspace(database, "Acme"), await a_workspace(database, "Acme")
        assert one.slug == "acme"
        assert other.slug.startswith("acme-")

    async def test_a_person_has_those_they_are_a_member_of(self, database: Database) -> None:
        person = await a_person(database)
        mine = await a_workspace(database, "Zebra", person)
        joined = await a_workspace(database, "antelope")
        await a_member(database, joined, "viewer", person=person)
        await a_workspace(database, "Foreign")
        principal = await as_member(database, mine, person)
        assert principal.role is Role.OWNER
        async with database.transaction(write=False) as tx:
            rows = await service.queries.of_person(tx, person.id, 10)
        assert [(row.slug, row.role) for row in rows] == [
            ("antelope", "viewer"),
            ("zebra", "owner"),
        ]

    async def test_a_foreign_one_and_an_unknown_one_look_the_same(self, database: Database) -> None:
        mine, foreign = await a_workspace(database, "Mine"), await a_workspace(database, "Foreign")
        messages = []
        for slug in (foreign.slug, "no-such-workspace"):
            with pytest.raises(WorkspaceNotFound) as caught:
                await as_member(database, Place(foreign.id, slug, "", mine.owner), mine.owner)
            messages.append(str(caught.value))
        assert messages[0] == messages[1]

    @pytest.mark.parametrize("role", OTHERS)
    async def test_only_managers_rename(self, database: Database, role: Role) -> None:
        place = await a_workspace(database)
        caller = await as_member(database, place, await a_member(database, place, role))
        with pytest.raises(Forbidden):
            async with database.transaction() as tx:
                await Workspaces(tx).rename(caller, "Mine now")

    async def test_a_new_name_leaves_the_address(self, database: Database) -> None:
        place = await a_workspace(database, "Acme")
        foreign = await a_workspace(database, "Foreign")
        caller = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            await Workspaces(tx).rename(caller, "Acme GmbH")
            await tx.flush()
            assert (await service.named(tx, "acme")).name == "Acme GmbH"
            assert (await service.named(tx, foreign.slug)).name == "Foreign"


class TestChangingARole:
    @pytest.mark.parametrize("role", MANAGERS)
    async def test_managers_can(self, database: Database, role: Role) -> None:
        place = await a_workspace(database)
        caller = await as_member(database, place, await a_member(database, place, role))
        member = await a_member(database, place, "editor")
        async with database.transaction() as tx:
            assert await Members(tx, caller).change_role(member.id, Role.VIEWER)
        assert await role_of(database, place, member) == "viewer"

    @pytest.mark.parametrize("role", OTHERS)
    async def test_others_cannot_not_even_their_own(self, database: Database, role: Role) -> None:
        place = await a_workspace(database)
        member = await a_member(database, place, role)
        caller = await as_member(database, place, member)
        with pytest.raises(Forbidden):
            async with database.transaction() as tx:
                await Members(tx, caller).change_role(member.id, Role.ADMIN)
        assert await role_of(database, place, member) == role

    async def test_an_admin_neither_makes_nor_lowers_owners(self, database: Database) -> None:
        place = await a_workspace(database)
        admin = await a_member(database, place, "admin")
        caller = await as_member(database, place, admin)
        for target, role in ((admin.id, Role.OWNER), (place.owner.id, Role.EDITOR)):
            with pytest.raises(OwnersOnly):
                async with database.transaction() as tx:
                    await Members(tx, caller).change_role(target, role)

    async def test_the_last_owner_stays_one(self, database: Database) -> None:
        place = await a_workspace(database)
        caller = await as_member(database, place, place.owner)
        with pytest.raises(LastOwner):
            async with database.transaction() as tx:
                await Members(tx, caller).change_role(place.owner.id, Role.ADMIN)
        second = await a_member(database, place, "owner")
        async with database.transaction() as tx:
            await Members(tx, caller).change_role(place.owner.id, Role.ADMIN)
        assert await role_of(database, place, second) == "owner"

    async def test_two_owners_lowering_each_other_at_once_leave_one(
        self, database: Database
    ) -> None:
        place = await a_workspace(database)
        second = await a_member(database, place, "owner")
        callers = [await as_member(database, place, one) for one in (place.owner, second)]

        async def lower(caller: Principal, target: UUID) -> None:
            async with database.transaction() as tx:
                await Members(tx, caller).change_role(target, Role.VIEWER)

        await asyncio.gather(
            lower(callers[0], second.id),
            lower(callers[1], place.owner.id),
            return_exceptions=True,
        )
        roles = [await role_of(database, place, one) for one in (place.owner, second)]
        assert roles.count("owner") == 1

    async def test_the_same_role_is_no_change(self, database: Database) -> None:
        place = await a_workspace(database)
        member = await a_member(database, place, "editor")
        caller = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            assert not await Members(tx, caller).change_role(member.id, Role.EDITOR)

    async def test_a_foreign_member_does_not_exist(self, database: Database) -> None:
        place, foreign = await a_workspace(database), await a_workspace(database, "Foreign")
        theirs = await a_member(database, foreign, "editor")
        caller = await as_member(database, place, place.owner)
        for target in (theirs.id, uuid4()):
            with pytest.raises(MemberNotFound):
                async with database.transaction() as tx:
                    await Members(tx, caller).change_role(target, Role.VIEWER)
        assert await role_of(database, foreign, theirs) == "editor"

    async def test_a_role_elsewhere_is_untouched(self, database: Database) -> None:
        place, other = await a_workspace(database), await a_workspace(database, "Other")
        person = await a_member(database, place, "editor")
        await a_member(database, other, "editor", person=person)
        caller = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            await Members(tx, caller).change_role(person.id, Role.VIEWER)
        assert await role_of(database, other, person) == "editor"

    async def test_links_sent_with_the_old_role_stop_working(self, database: Database) -> None:
        place = await a_workspace(database)
        admin = await a_member(database, place, "admin")
        lowered = await as_member(database, place, admin)
        owner = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            await Invitations(tx, lowered).create("", Role.ADMIN)
            await Invitations(tx, owner).create("", Role.VIEWER)
        async with database.transaction() as tx:
            await Members(tx, owner).change_role(admin.id, Role.VIEWER)
        async with database.transaction(write=False) as tx:
            left = await Invitations(tx, owner).pending()
        assert [invitation.role for invitation, _ in left] == ["viewer"]


class TestRemovingAMember:
    @pytest.mark.parametrize("role", OTHERS)
    async def test_others_cannot(self, database: Database, role: Role) -> None:
        place = await a_workspace(database)
        caller = await as_member(database, place, await a_member(database, place, role))
        member = await a_member(database, place, "viewer")
        with pytest.raises(Forbidden):
            async with database.transaction() as tx:
                await Members(tx, caller).remove(member.id)
        assert await role_of(database, place, member) == "viewer"

    @pytest.mark.parametrize("role", list(Role))
    async def test_everybody_may_leave(self, database: Database, role: Role) -> None:
        place = await a_workspace(database)
        member = await a_member(database, place, role)
        caller = await as_member(database, place, member)
        async with database.transaction() as tx:
            await Members(tx, caller).remove(member.id)
        assert await role_of(database, place, member) is None

    async def test_the_last_owner_cannot_leave(self, database: Database) -> None:
        place = await a_workspace(database)
        caller = await as_member(database, place, place.owner)
        with pytest.raises(LastOwner):
            async with database.transaction() as tx:
                await Members(tx, caller).remove(place.owner.id)

    async def test_an_admin_cannot_remove_an_owner(self, database: Database) -> None:
        place = await a_workspace(database)
        await a_member(database, place, "owner")
        caller = await as_member(database, place, await a_member(database, place, "admin"))
        with pytest.raises(OwnersOnly):
            async with database.transaction() as tx:
                await Members(tx, caller).remove(place.owner.id)

    async def test_the_removed_one_is_a_stranger_and_their_links_are_dead(
        self, database: Database
    ) -> None:
        place = await a_workspace(database)
        admin = await a_member(database, place, "admin")
        caller = await as_member(database, place, admin)
        async with database.transaction() as tx:
            await Invitations(tx, caller).create("", Role.ADMIN)
        owner = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            await Members(tx, owner).remove(admin.id)
        with pytest.raises(WorkspaceNotFound):
            await as_member(database, place, admin)
        async with database.transaction(write=False) as tx:
            assert await Invitations(tx, owner).pending() == []


class TestListingMembers:
    async def test_the_most_powerful_come_first_then_by_name(self, database: Database) -> None:
        place = await a_workspace(database)
        for name, role in (("zoe", "editor"), ("Adam", "editor"), ("Vera", "viewer")):
            await a_member(database, place, role, name)
        caller = await as_member(database, place, place.owner)
        async with database.transaction(write=False) as tx:
            found = await Members(tx, caller).page(10)
        assert [row.user.name for row in found.items] == ["Maya Olsen", "Adam", "zoe", "Vera"]
        assert found.next_cursor is None
        assert all(row.last_active is not None for row in found.items)

    @pytest.mark.parametrize("names", [["Same Name"], ["Åsa", "Çelik", "ådne", "İnci", "Zoë"]])
    async def test_pages_hold_everybody_once(self, database: Database, names: list[str]) -> None:
        """Also where a database does not make the same of a name in lower case as Python."""
        place = await a_workspace(database)
        for number in range(7):
            role = ["viewer", "editor"][number % 2]
            await a_member(database, place, role, names[number % len(names)])
        await a_workspace(database, "Foreign")
        caller = await as_member(database, place, place.owner)
        seen, cursor = [], None
        async with database.transaction(write=False) as tx:
            while True:
                found = await Members(tx, caller).page(3, cursor)
                seen += [row.user.id for row in found.items]
                if (cursor := found.next_cursor) is None:
                    break
        assert len(seen) == len(set(seen)) == 8

    async def test_a_made_up_cursor_is_refused(self, database: Database) -> None:
        place = await a_workspace(database)
        caller = await as_member(database, place, place.owner)
        with pytest.raises(InvalidCursor):
            async with database.transaction(write=False) as tx:
                await Members(tx, caller).page(3, "WyJ4Il0")


class TestAnOperator:
    async def test_makes_a_person_with_or_without_a_workspace(self, database: Database) -> None:
        place = await a_workspace(database)
        async with database.transaction() as tx:
            await service.create_user(tx, signup(1))
            workspace = await service.named(tx, place.slug)
            user = await service.create_user(tx, signup(2), workspace, Role.ADMIN)
        async with database.transaction(write=False) as tx:
            member = await service.queries.membership(tx, place.id, user.id)
        assert member is not None
        assert member.role == "admin"

    async def test_a_workspace_that_is_not_there_is_named(self, database: Database) -> None:
        with pytest.raises(WorkspaceNotFound, match="nowhere"):
            async with database.transaction() as tx:
                await service.named(tx, "nowhere")
