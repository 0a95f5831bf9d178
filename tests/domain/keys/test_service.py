"""API keys against a real database."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from app.access.permissions import Permission, Role
from app.access.principal import Principal
from app.db.engine import Database
from app.domain.keys import service
from app.domain.keys.errors import KeyNotFound, KeyRefused
from app.domain.keys.models import ApiKey
from app.domain.keys.service import Keys
from app.domain.workspaces.service import Members, named
from app.errors import Forbidden, InvalidFields
from tests.support.builders import Place, a_key, a_member, a_workspace, as_member
from tests.support.clocks import HeldClock

pytestmark = pytest.mark.anyio


async def who(database: Database, key: str) -> Principal:
    async with database.transaction(write=False) as tx:
        principal, _ = await service.recognise(tx, key)
    return principal


async def made(database: Database, place: Place, days: int | None = None) -> tuple[UUID, str]:
    caller = await as_member(database, place, place.owner)
    async with database.transaction() as tx:
        row, key = await Keys(tx, caller).create("checkout", ["read"], days)
    return row.id, key


class TestMakingAKey:
    async def test_only_a_fingerprint_and_a_hint_are_kept(self, database: Database) -> None:
        place = await a_workspace(database)
        _, key = await made(database, place)
        async with database.transaction(write=False) as tx:
            row = (await tx.execute(select(ApiKey))).scalar_one()
        assert key not in str(vars(row))
        assert key[10:-4] not in str(vars(row))
        assert row.created_by == place.owner.id

    @pytest.mark.parametrize("role", [Role.REVIEWER, Role.EDITOR, Role.COMMENTER, Role.VIEWER])
    async def test_only_managers_make_list_and_revoke(self, database: Database, role: Role) -> None:
        place = await a_workspace(database)
        key_id, _ = await made(database, place)
        caller = await as_member(database, place, await a_member(database, place, role))
        async with database.transaction() as tx:
            keys = Keys(tx, caller)
            with pytest.raises(Forbidden):
                await keys.create("mine", ["admin"])
            with pytest.raises(Forbidden):
                await keys.page(10)
            with pytest.raises(Forbidden):
                await keys.revoke(key_id)

    async def test_a_name_and_a_scope_are_needed(self, database: Database) -> None:
        place = await a_workspace(database)
        caller = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            for name, scopes in (("", ["read"]), ("checkout", []), ("checkout", ["root"])):
                with pytest.raises(InvalidFields):
                    await Keys(tx, caller).create(name, scopes)

    async def test_an_operator_may_bring_one(self, database: Database) -> None:
        place = await a_workspace(database)
        async with database.transaction() as tx:
            workspace = await named(tx, place.slug)
            assert await service.create_key(
                tx, workspace, "ci", ["write"], "a-given-key-of-20-chars"
            )
            with pytest.raises(InvalidFields) as caught:
                await service.create_key(tx, workspace, "ci", ["write"], "short")
        assert set(caught.value.fields) == {"key"}
        assert (await who(database, "a-given-key-of-20-chars")).workspace_id == place.id


class TestActingWithAKey:
    @pytest.mark.parametrize(
        ("scopes", "may", "may_not"),
        [
            (["read"], Permission.PROMPTS_READ, Permission.PROMPTS_WRITE),
            (["write"], Permission.PROMPTS_WRITE, Permission.KEYS_MANAGE),
            (["admin"], Permission.KEYS_MANAGE, Permission.OWNERS_MANAGE),
        ],
    )
    async def test_scopes_bound_it(
        self, database: Database, scopes: list[str], may: Permission, may_not: Permission
    ) -> None:
        place = await a_workspace(database)
        key = await a_key(database, place, *scopes)
        principal = await who(database, key.key)
        assert principal.actor == f"key:{key.id}"
        assert principal.workspace_id == place.id
        assert principal.can(may)
        assert not principal.can(may_not)

    @pytest.mark.parametrize(
        "key",
        [
            "",
            "x",
            "pr_live_",
            "pr_live_" + "A" * 36,
            "x" * 300,
            "' OR 1=1 --" + "x" * 20,
            "\x00" * 30,
        ],
    )
    async def test_anything_else_is_refused(self, database: Database, key: str) -> None:
        with pytest.raises(KeyRefused):
            await who(database, key)

    async def test_a_torn_one_is_told_so(self, database: Database) -> None:
        key = await a_key(database, await a_workspace(database))
        with pytest.raises(KeyRefused, match="not copied completely"):
            await who(database, key.key[:-1])

    async def test_a_revoked_one_is_refused_at_once(self, database: Database) -> None:
        place = await a_workspace(database)
        key_id, key = await made(database, place)
        caller = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            await Keys(tx, caller).revoke(key_id)
        with pytest.raises(KeyRefused):
            await who(database, key)
        async with database.transaction(write=False) as tx:
            with pytest.raises(KeyRefused):
                await service.still_valid(tx, caller, key_id)
        with pytest.raises(KeyNotFound):
            async with database.transaction() as tx:
                await Keys(tx, caller).revoke(key_id)

    async def test_an_expired_one_is_refused(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = HeldClock(monkeypatch)
        place = await a_workspace(database)
        key_id, key = await made(database, place, days=30)
        held.forward(days=29)
        principal = await who(database, key)
        held.forward(days=1)
        with pytest.raises(KeyRefused):
            await who(database, key)
        async with database.transaction(write=False) as tx:
            with pytest.raises(KeyRefused):
                await service.still_valid(tx, principal, key_id)

    async def test_it_outlives_its_maker(self, database: Database) -> None:
        place = await a_workspace(database)
        admin = await a_member(database, place, "admin")
        caller = await as_member(database, place, admin)
        async with database.transaction() as tx:
            _, key = await Keys(tx, caller).create("checkout", ["read"])
        owner = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            await Members(tx, owner).remove(admin.id)
        assert (await who(database, key)).can(Permission.PROMPTS_READ)


class TestListing:
    async def test_the_newest_first_without_revoked_and_foreign_ones(
        self, database: Database
    ) -> None:
        place, foreign = await a_workspace(database), await a_workspace(database, "Foreign")
        first = await a_key(database, place, "read", name="first")
        gone = await a_key(database, place, "read", name="gone")
        last = await a_key(database, place, "read", name="last")
        await a_key(database, foreign, "read", name="theirs")
        caller = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            await Keys(tx, caller).revoke(gone.id)
        async with database.transaction(write=False) as tx:
            one = await Keys(tx, caller).page(1)
            two = await Keys(tx, caller).page(1, one.next_cursor)
        assert [row.id for row, _ in one.items] == [last.id]
        assert [row.id for row, _ in two.items] == [first.id]
        assert two.next_cursor is None

    async def test_a_foreign_key_cannot_be_revoked(self, database: Database) -> None:
        place, foreign = await a_workspace(database), await a_workspace(database, "Foreign")
        theirs = await a_key(database, foreign, "read")
        caller = await as_member(database, place, place.owner)
        with pytest.raises(KeyNotFound):
            async with database.transaction() as tx:
                await Keys(tx, caller).revoke(theirs.id)
        assert (await who(database, theirs.key)).workspace_id == foreign.id
