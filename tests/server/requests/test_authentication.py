"""Who is calling: by session, by key, by ticket; over HTTP and at a room's door."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import msgspec
import pytest
from litestar.testing import AsyncTestClient
from sqlalchemy import event, select
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection

from app.access.permissions import Permission, Role
from app.access.tickets import SECONDS, Tickets
from app.db.engine import Database
from app.domain.accounts.models import Session
from app.domain.accounts.policy import SEEN_EVERY
from app.domain.accounts.service import People
from app.domain.keys.models import ApiKey
from app.domain.keys.service import Keys
from app.domain.rooms.gate import Credentials
from app.domain.rooms.models import Document
from app.domain.workspaces.service import Members
from app.errors import AppError, NotFound, Unauthenticated
from app.kit import clock
from app.kit.ids import new_id
from app.server.core import build
from app.server.requests.authentication import ServerGatekeeper
from app.settings import Settings
from app.web.cookies import SessionCookie
from tests.support.builders import (
    PASSWORD,
    Place,
    Somebody,
    a_key,
    a_member,
    a_person,
    a_workspace,
    as_member,
    use,
)
from tests.support.clocks import HeldClock
from tests.support.counting import statements

pytestmark = pytest.mark.anyio

SECRET = "s" * 48


async def a_room(database: Database, place: Place) -> Any:
    document_id = new_id()
    async with database.transaction() as tx:
        tx.add(
            Document(id=document_id, workspace_id=place.id, epoch="e", created_at=clock.utc_now())
        )
    return document_id


@pytest.fixture
def tickets() -> Tickets:
    return Tickets(SECRET)


@pytest.fixture
def keeper(database: Database, tickets: Tickets) -> ServerGatekeeper:
    return ServerGatekeeper(database, tickets, SessionCookie(is_https=False))


def cookie(person: Somebody) -> Credentials:
    return Credentials(cookies=f"theme=dark; session={person.secret}; other=1")


class TestAPage:
    async def test_a_stranger_is_led_to_sign_in_and_back(self, client: Any) -> None:
        answer = await client.get("/account/sessions?x=1")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/account/sessions%3Fx%3D1"

    async def test_a_form_of_a_stranger_is_led_to_sign_in(self, client: Any) -> None:
        answer = await client.post("/account/password", data={})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")

    async def test_a_member_gets_in(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        answer = await use(client, place.owner).get(f"/w/{place.slug}/settings/members")
        assert answer.status_code == 200

    async def test_a_key_opens_no_page(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        key = await a_key(database, place, "admin")
        answer = await client.get(f"/w/{place.slug}/settings/members", headers=key.headers)
        assert answer.status_code == 303

    async def test_another_process_sees_the_end_of_a_session(
        self, client: Any, database: Database
    ) -> None:
        person = await a_person(database)
        assert (await use(client, person).get("/account/profile")).status_code == 200
        async with database.transaction() as tx:
            await People(tx).end_session(person.secret)
        assert (await client.get("/account/profile")).status_code == 303


class TestBeingSeen:
    async def test_it_is_written_down_every_five_minutes_at_most(
        self, client: Any, app: Any, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = HeldClock(monkeypatch)
        person = await a_person(database)
        use(client, person)

        async def writes() -> int:
            with statements(app.state.database, of_requests=True) as seen:
                assert (await client.get("/account/password")).status_code == 200
            return sum(statement.startswith("UPDATE") for statement in seen)

        assert await writes() == 0
        held.now += SEEN_EVERY * 1.5
        assert await writes() == 1
        assert await writes() == 0
        async with database.transaction(write=False) as tx:
            row = (await tx.execute(select(Session))).scalar_one()
        assert row.seen_at == held.now

    async def test_a_key_too(
        self, client: Any, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = HeldClock(monkeypatch)
        key = await a_key(database, await a_workspace(database), "read")

        async def used_at() -> Any:
            await client.get("/api/v1/members", headers=key.headers)
            async with database.transaction(write=False) as tx:
                return (await tx.execute(select(ApiKey))).scalar_one().used_at

        first = await used_at()
        held.forward(minutes=2)
        assert await used_at() == first
        held.forward(minutes=4)
        assert await used_at() == held.now

    async def test_a_database_that_cannot_be_written_still_serves(
        self, client: Any, app: Any, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = HeldClock(monkeypatch)
        person = await a_person(database)
        held.forward(minutes=10)

        def read_only(connection: Any, _record: object, _proxy: object) -> None:
            if isinstance(connection, AsyncAdapt_asyncpg_connection):
                connection.readonly = True
            else:
                connection.execute("PRAGMA query_only=ON")

        event.listen(app.state.database.engine.sync_engine, "checkout", read_only)
        assert (await use(client, person).get("/account/password")).status_code == 200


class TestTheCookie:
    async def test_with_https_it_is_bound_to_this_host(self, settings: Settings) -> None:
        secure = msgspec.structs.replace(
            settings,
            public_url="https://promptroom.test",
            init_email="root@example.com",
            init_password=PASSWORD,
        )
        async with AsyncTestClient(build(secure), base_url="https://promptroom.test") as client:
            form = {"email": "root@example.com", "password": PASSWORD, "next": ""}
            answer = await client.post("/sign-in", data=form, follow_redirects=False)
            header = answer.headers["set-cookie"]
            assert header.startswith("__Host-session=")
            assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(header.split("; "))
            assert "Domain" not in header
            secret = header.split(";")[0].partition("=")[2]
            plain = {"Cookie": f"session={secret}"}
            client.cookies.clear()
            other = await client.get("/account/profile", headers=plain, follow_redirects=False)
            assert other.status_code == 303


class TestARoomsDoor:
    async def test_a_member_enters_with_a_cookie(
        self, database: Database, keeper: ServerGatekeeper
    ) -> None:
        place = await a_workspace(database)
        room = await a_room(database, place)
        viewer = await a_member(database, place, "viewer")
        principal = await keeper.admit(room, cookie(viewer))
        assert principal.actor == viewer.actor
        assert principal.role is Role.VIEWER
        assert not principal.can(Permission.PROMPTS_WRITE)

    async def test_a_key_enters(self, database: Database, keeper: ServerGatekeeper) -> None:
        place = await a_workspace(database)
        room = await a_room(database, place)
        key = await a_key(database, place, "write")
        principal = await keeper.admit(room, Credentials(bearer=key.key))
        assert principal.actor == f"key:{key.id}"

    @pytest.mark.parametrize(
        "credentials",
        [
            Credentials(),
            Credentials(cookies="session="),
            Credentials(cookies="session=made-up"),
            Credentials(cookies="\x00; [=;; session"),
            Credentials(bearer="made-up"),
            Credentials(ticket="made-up"),
        ],
    )
    async def test_nobody_else_does(
        self, database: Database, keeper: ServerGatekeeper, credentials: Credentials
    ) -> None:
        room = await a_room(database, await a_workspace(database))
        with pytest.raises(Unauthenticated):
            await keeper.admit(room, credentials)

    async def test_a_foreign_room_and_an_unknown_one_look_the_same(
        self, database: Database, keeper: ServerGatekeeper, tickets: Tickets
    ) -> None:
        place, foreign = await a_workspace(database), await a_workspace(database, "Foreign")
        theirs = await a_room(database, foreign)
        key = await a_key(database, place, "admin")
        principal = await as_member(database, place, place.owner)
        seen = set()
        for room in (theirs, uuid4()):
            for credentials in (
                cookie(place.owner),
                Credentials(bearer=key.key),
                Credentials(ticket=tickets.issue(room, principal)),
            ):
                with pytest.raises(NotFound) as caught:
                    await keeper.admit(room, credentials)
                seen.add((caught.value.code, str(caught.value)))
        assert len(seen) == 1


class TestATicket:
    async def test_it_lets_its_owner_into_its_room(
        self, database: Database, keeper: ServerGatekeeper, tickets: Tickets
    ) -> None:
        place = await a_workspace(database)
        room = await a_room(database, place)
        member = await a_member(database, place, "editor")
        ticket = tickets.issue(room, await as_member(database, place, member))
        principal = await keeper.admit(room, Credentials(ticket=ticket))
        assert principal.actor == member.actor
        key = await a_key(database, place, "read")
        by_key = await keeper.admit(room, Credentials(bearer=key.key))
        again = await keeper.admit(room, Credentials(ticket=tickets.issue(room, by_key)))
        assert again == by_key

    async def test_it_opens_no_other_room(
        self, database: Database, keeper: ServerGatekeeper, tickets: Tickets
    ) -> None:
        place = await a_workspace(database)
        room, other = await a_room(database, place), await a_room(database, place)
        ticket = tickets.issue(room, await as_member(database, place, place.owner))
        with pytest.raises(Unauthenticated):
            await keeper.admit(other, Credentials(ticket=ticket))

    async def test_it_lasts_a_minute(
        self,
        database: Database,
        keeper: ServerGatekeeper,
        tickets: Tickets,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        place = await a_workspace(database)
        room = await a_room(database, place)
        now = 1_800_000_000
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now)
        ticket = tickets.issue(room, await as_member(database, place, place.owner))
        now += SECONDS
        assert await keeper.admit(room, Credentials(ticket=ticket))
        now += 1
        with pytest.raises(Unauthenticated):
            await keeper.admit(room, Credentials(ticket=ticket))

    async def test_another_servers_signature_is_worthless(
        self, database: Database, keeper: ServerGatekeeper
    ) -> None:
        place = await a_workspace(database)
        room = await a_room(database, place)
        forged = Tickets("x" * 48).issue(room, await as_member(database, place, place.owner))
        with pytest.raises(Unauthenticated):
            await keeper.admit(room, Credentials(ticket=forged))

    async def test_it_dies_with_the_session_it_came_from(
        self, database: Database, keeper: ServerGatekeeper, tickets: Tickets
    ) -> None:
        place = await a_workspace(database)
        room = await a_room(database, place)
        ticket = tickets.issue(room, await as_member(database, place, place.owner))
        async with database.transaction() as tx:
            await People(tx).end_session(place.owner.secret)
        with pytest.raises(Unauthenticated):
            await keeper.admit(room, Credentials(ticket=ticket))


class TestLookingAgain:
    """Whoever is inside is checked again when something changed (S4)."""

    async def outcome(self, keeper: ServerGatekeeper, room: Any, principal: Any) -> Any:
        try:
            return (await keeper.recheck(room, principal)).permissions
        except AppError as error:
            return error.status

    async def test_nothing_changed(self, database: Database, keeper: ServerGatekeeper) -> None:
        place = await a_workspace(database)
        room = await a_room(database, place)
        principal = await keeper.admit(room, cookie(place.owner))
        assert await keeper.recheck(room, principal) == principal

    async def test_signed_out(self, database: Database, keeper: ServerGatekeeper) -> None:
        place = await a_workspace(database)
        room = await a_room(database, place)
        principal = await keeper.admit(room, cookie(place.owner))
        async with database.transaction() as tx:
            await People(tx).end_session(place.owner.secret)
        assert await self.outcome(keeper, room, principal) == 401

    async def test_removed(self, database: Database, keeper: ServerGatekeeper) -> None:
        place = await a_workspace(database)
        room = await a_room(database, place)
        member = await a_member(database, place, "editor")
        principal = await keeper.admit(room, cookie(member))
        owner = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            await Members(tx, owner).remove(member.id)
        assert await self.outcome(keeper, room, principal) == 404

    async def test_lowered(self, database: Database, keeper: ServerGatekeeper) -> None:
        place = await a_workspace(database)
        room = await a_room(database, place)
        member = await a_member(database, place, "editor")
        principal = await keeper.admit(room, cookie(member))
        owner = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            await Members(tx, owner).change_role(member.id, Role.VIEWER)
        now = await self.outcome(keeper, room, principal)
        assert Permission.PROMPTS_WRITE in principal.permissions
        assert Permission.PROMPTS_WRITE not in now

    async def test_key_revoked(self, database: Database, keeper: ServerGatekeeper) -> None:
        place = await a_workspace(database)
        room = await a_room(database, place)
        key = await a_key(database, place)
        principal = await keeper.admit(room, Credentials(bearer=key.key))
        owner = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            await Keys(tx, owner).revoke(key.id)
        assert await self.outcome(keeper, room, principal) == 401

    async def test_room_gone(self, database: Database, keeper: ServerGatekeeper) -> None:
        place = await a_workspace(database)
        room = await a_room(database, place)
        key = await a_key(database, place)
        people = [
            await keeper.admit(room, cookie(place.owner)),
            await keeper.admit(room, Credentials(bearer=key.key)),
        ]
        async with database.transaction() as tx:
            await tx.delete(await tx.get(Document, room))
        assert [await self.outcome(keeper, room, one) for one in people] == [404, 404]


class TestLogs:
    async def test_no_secret_is_written(
        self, client: Any, database: Database, capfd: pytest.CaptureFixture[str]
    ) -> None:
        place = await a_workspace(database)
        key = await a_key(database, place, "admin")
        form = {"email": place.owner.email, "password": "wrong-password-typed", "next": ""}
        await client.post("/sign-in", data=form)
        answer = await client.post("/sign-in", data=form | {"password": PASSWORD})
        fresh = client.cookies["session"]
        await client.get("/api/v1/keys", headers=key.headers)
        await client.get("/api/v1/keys", headers={"Authorization": "Bearer torn-key-0000"})
        captured = "".join(capfd.readouterr())
        assert answer.status_code == 303
        for secret in (PASSWORD, "wrong-password-typed", fresh, key.key, "torn-key-0000"):
            assert secret not in captured
