"""Signing in and out, sessions, passwords and profiles, against a real database."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from app.access.principal import Person
from app.db.engine import Database
from app.domain.accounts import policy, service
from app.domain.accounts.errors import (
    EmailTaken,
    SessionUnknown,
    WrongCredentials,
    WrongCurrentPassword,
)
from app.domain.accounts.models import Session, User
from app.domain.accounts.passwords import NOBODY, Passwords
from app.domain.accounts.service import Browser, People, SignIn, Signup
from app.errors import InvalidFields, RateLimited
from app.kit.ids import fingerprint
from app.web.ratelimit import RateLimiter
from tests.support.builders import PASSWORD, Somebody, a_person, password_hash
from tests.support.clocks import HeldClock

pytestmark = pytest.mark.anyio

HOME = Browser("192.0.2.1", "Firefox")
ELSEWHERE = Browser("198.51.100.9", "Firefox")


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> HeldClock:
    return HeldClock(monkeypatch)


@pytest.fixture
def sign_in(database: Database) -> SignIn:
    return SignIn(database, Passwords(), RateLimiter())


async def who(database: Database, secret: str) -> Person | None:
    async with database.transaction(write=False) as tx:
        found = await service.recognise(tx, secret)
    return found[0] if found else None


async def known(database: Database, person: Somebody) -> Person:
    found = await who(database, person.secret)
    assert found is not None
    return found


class TestAddingAPerson:
    async def test_an_email_belongs_to_one_person(self, database: Database) -> None:
        await a_person(database, email="priya@example.com")
        with pytest.raises(EmailTaken):
            await a_person(database, email="priya@example.com")

    async def test_a_signup_is_checked_and_normalised(self) -> None:
        with pytest.raises(InvalidFields) as caught:
            await Signup.of(Passwords(), "", "nobody", "short")
        assert set(caught.value.fields) == {"name", "email", "password"}
        signup = await Signup.of(Passwords(), "Priya", " Priya@Example.com", PASSWORD)
        assert signup.email == "priya@example.com"
        assert PASSWORD not in signup.password_hash


class TestSigningIn:
    async def test_the_right_password_opens_a_session(
        self, database: Database, sign_in: SignIn
    ) -> None:
        person = await a_person(database, email="priya@example.com")
        secret = await sign_in.sign_in("Priya@Example.com", PASSWORD, HOME)
        found = await who(database, secret)
        assert found is not None
        assert found.user_id == person.id

    async def test_the_table_keeps_only_a_fingerprint(
        self, database: Database, sign_in: SignIn
    ) -> None:
        await a_person(database, email="priya@example.com")
        secret = await sign_in.sign_in("priya@example.com", PASSWORD, HOME)
        assert len(secret) >= 43  # 256 bits in base64
        async with database.transaction(write=False) as tx:
            rows = (await tx.execute(select(Session))).scalars().all()
        assert fingerprint(secret) in {row.secret_hash for row in rows}
        assert all(secret not in str(vars(row)) for row in rows)

    async def test_the_session_from_before_ends(self, database: Database, sign_in: SignIn) -> None:
        person = await a_person(database, email="priya@example.com")
        secret = await sign_in.sign_in("priya@example.com", PASSWORD, HOME, person.secret)
        assert secret != person.secret
        assert await who(database, person.secret) is None

    async def test_a_wrong_password_and_an_unknown_email_are_refused_alike(
        self, database: Database, sign_in: SignIn
    ) -> None:
        await a_person(database, email="priya@example.com")
        with pytest.raises(WrongCredentials) as wrong:
            await sign_in.sign_in("priya@example.com", "not my password", HOME)
        with pytest.raises(WrongCredentials) as unknown:
            await sign_in.sign_in("nobody@example.com", PASSWORD, HOME)
        assert (str(wrong.value), wrong.value.extra) == (str(unknown.value), unknown.value.extra)

    async def test_a_password_changed_meanwhile_lets_nobody_in(
        self, database: Database, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        person = await a_person(database, email="priya@example.com")

        async def changed_while_checking(stored: str | None, password: str) -> bool:
            async with database.transaction() as tx:
                row = await tx.get(User, person.id)
                assert row is not None
                row.password_hash = NOBODY
            return True

        monkeypatch.setattr(sign_in._passwords, "matches", changed_while_checking)
        with pytest.raises(WrongCredentials):
            await sign_in.sign_in("priya@example.com", PASSWORD, HOME)

    async def test_an_outdated_hash_is_renewed(self, database: Database, sign_in: SignIn) -> None:
        from argon2 import PasswordHasher

        person = await a_person(database, email="priya@example.com")
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        async with database.transaction() as tx:
            row = await tx.get(User, person.id)
            assert row is not None
            row.password_hash = cheap
        await sign_in.sign_in("priya@example.com", PASSWORD, HOME)
        async with database.transaction(write=False) as tx:
            row = await tx.get(User, person.id)
        assert row is not None
        assert "m=19456" in row.password_hash
        await sign_in.sign_in("priya@example.com", PASSWORD, HOME)


class TestThrottling:
    async def test_tries_run_out_and_come_back(
        self, database: Database, sign_in: SignIn, held: HeldClock
    ) -> None:
        await a_person(database, email="priya@example.com")
        left = []
        for _ in range(policy.TRIES_PER_PERSON.tries):
            with pytest.raises(WrongCredentials) as wrong:
                await sign_in.sign_in("priya@example.com", "not my password", HOME)
            left.append(wrong.value.extra["tries_left"])
        assert left == [4, 3, 2, 1, 0]
        with pytest.raises(RateLimited) as limited:
            await sign_in.sign_in("priya@example.com", PASSWORD, HOME)
        assert limited.value.retry_after == policy.TRIES_PER_PERSON.seconds
        held.forward(seconds=policy.TRIES_PER_PERSON.seconds + 1)
        await sign_in.sign_in("priya@example.com", PASSWORD, HOME)

    async def test_the_right_password_gives_the_tries_back(
        self, database: Database, sign_in: SignIn, held: HeldClock
    ) -> None:
        await a_person(database, email="priya@example.com")
        for _ in range(3):
            for _ in range(policy.TRIES_PER_PERSON.tries - 1):
                with pytest.raises(WrongCredentials):
                    await sign_in.sign_in("priya@example.com", "not my password", HOME)
            await sign_in.sign_in("priya@example.com", PASSWORD, HOME)

    async def test_somebody_elses_tries_do_not_lock_me_out(
        self, database: Database, sign_in: SignIn, held: HeldClock
    ) -> None:
        await a_person(database, email="priya@example.com")
        for _ in range(policy.TRIES_PER_PERSON.tries):
            with pytest.raises(WrongCredentials):
                await sign_in.sign_in("priya@example.com", "guess guess guess", ELSEWHERE)
        with pytest.raises(RateLimited):
            await sign_in.sign_in("priya@example.com", PASSWORD, ELSEWHERE)
        await sign_in.sign_in("priya@example.com", PASSWORD, HOME)

    async def test_one_address_cannot_try_a_password_on_everybody(
        self, sign_in: SignIn, held: HeldClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def never(stored: str | None, password: str) -> bool:
            return False

        monkeypatch.setattr(sign_in._passwords, "matches", never)
        for number in range(policy.TRIES_PER_ADDRESS.tries):
            with pytest.raises(WrongCredentials):
                await sign_in.sign_in(f"p{number}@example.com", "password123456", HOME)
        with pytest.raises(RateLimited):
            await sign_in.sign_in("another@example.com", "password123456", HOME)

    async def test_parallel_guesses_get_no_extra_tries(
        self, database: Database, sign_in: SignIn, held: HeldClock
    ) -> None:
        await a_person(database, email="priya@example.com")
        guesses = [
            sign_in.sign_in("priya@example.com", f"guess number {n}", HOME) for n in range(20)
        ]
        results = await asyncio.gather(*guesses, return_exceptions=True)
        wrong = [one for one in results if isinstance(one, WrongCredentials)]
        assert len(wrong) == policy.TRIES_PER_PERSON.tries
        assert sum(isinstance(one, RateLimited) for one in results) == 15

    async def test_signing_up_costs_a_try_too(self, sign_in: SignIn, held: HeldClock) -> None:
        for _ in range(policy.TRIES_PER_ADDRESS.tries):
            with pytest.raises(InvalidFields):
                await sign_in.sign_up("", "", "", HOME)
        with pytest.raises(RateLimited):
            await sign_in.sign_up("Priya", "priya@example.com", PASSWORD, HOME)


class TestASession:
    async def test_an_unknown_secret_is_nobody(self, database: Database) -> None:
        assert await who(database, "made-up") is None
        assert await who(database, "") is None

    async def test_it_ends_a_month_after_it_was_last_seen(
        self, database: Database, held: HeldClock
    ) -> None:
        person = await known(database, somebody := await a_person(database))
        held.forward(days=29)
        await service.touch(database, person.session_id)
        held.forward(days=29)
        assert await who(database, somebody.secret) is not None
        held.forward(days=1, seconds=1)
        assert await who(database, somebody.secret) is None

    async def test_signing_out_ends_it_and_no_other(self, database: Database) -> None:
        one, other = await a_person(database), await a_person(database)
        async with database.transaction() as tx:
            await People(tx).end_session(one.secret)
        assert await who(database, one.secret) is None
        assert await who(database, other.secret) is not None

    async def test_all_of_mine_are_listed_and_none_of_others(self, database: Database) -> None:
        somebody = await a_person(database)
        person = await known(database, somebody)
        await a_person(database)
        async with database.transaction() as tx:
            await People(tx).open_session(person.user_id, HOME)
            listed = await People(tx).sessions(person)
        assert len(listed) == 2
        assert {row.user_id for row in listed} == {person.user_id}

    async def test_i_can_end_mine_but_not_somebody_elses(self, database: Database) -> None:
        mine = await known(database, me := await a_person(database))
        theirs = await known(database, them := await a_person(database))
        with pytest.raises(SessionUnknown):
            async with database.transaction() as tx:
                await People(tx).revoke(mine, theirs.session_id)
        assert await who(database, them.secret) is not None
        async with database.transaction() as tx:
            await People(tx).revoke(mine, mine.session_id)
        assert await who(database, me.secret) is None

    async def test_all_others_can_be_ended_at_once(self, database: Database) -> None:
        person = await known(database, me := await a_person(database))
        async with database.transaction() as tx:
            other = await People(tx).open_session(person.user_id, ELSEWHERE)
        async with database.transaction() as tx:
            assert await People(tx).revoke_others(person) == 1
        assert await who(database, other) is None
        assert await who(database, me.secret) is not None

    async def test_expired_ones_are_swept_at_the_next_sign_in(
        self, database: Database, held: HeldClock
    ) -> None:
        somebody = await a_person(database)
        held.forward(days=31)
        async with database.transaction() as tx:
            await People(tx).open_session(somebody.id, HOME)
            rows = (await tx.execute(select(Session))).scalars().all()
        assert len(rows) == 1


class TestChangingThePassword:
    async def test_other_sessions_end_and_this_one_gets_a_new_secret(
        self, database: Database, sign_in: SignIn
    ) -> None:
        person = await known(database, me := await a_person(database))
        async with database.transaction() as tx:
            other = await People(tx).open_session(person.user_id, ELSEWHERE)
        secret = await sign_in.change_password(person, PASSWORD, "another pass phrase", HOME)
        assert await who(database, other) is None
        assert await who(database, me.secret) is None
        renewed = await who(database, secret)
        assert renewed is not None
        assert renewed.session_id == person.session_id  # open rooms of this browser go on
        with pytest.raises(WrongCredentials):
            await sign_in.sign_in(person.email, PASSWORD, HOME)
        await sign_in.sign_in(person.email, "another pass phrase", HOME)

    async def test_the_current_one_is_needed(self, database: Database, sign_in: SignIn) -> None:
        person = await known(database, await a_person(database))
        with pytest.raises(WrongCurrentPassword):
            await sign_in.change_password(person, "not my password", "another pass phrase", HOME)
        await sign_in.sign_in(person.email, PASSWORD, HOME)

    async def test_the_new_one_must_be_strong(self, database: Database, sign_in: SignIn) -> None:
        person = await known(database, await a_person(database))
        with pytest.raises(InvalidFields) as caught:
            await sign_in.change_password(person, PASSWORD, "short", HOME)
        assert set(caught.value.fields) == {"new"}

    async def test_guessing_the_current_one_is_throttled(
        self, database: Database, sign_in: SignIn, held: HeldClock
    ) -> None:
        person = await known(database, await a_person(database))
        for _ in range(policy.TRIES_PER_PERSON.tries):
            with pytest.raises(WrongCurrentPassword):
                await sign_in.change_password(person, "guess guess guess", "x", HOME)
        with pytest.raises(RateLimited):
            await sign_in.change_password(person, PASSWORD, "another pass phrase", HOME)


class TestTheProfile:
    async def test_name_colour_and_preferences_can_be_changed(self, database: Database) -> None:
        person = await known(database, await a_person(database))
        async with database.transaction() as tx:
            preferences = {"show_my_cursor": False, "let_follow": True, "show_others": False}
            await People(tx).change_profile(person, "P. Natarajan", "moss", preferences)
        async with database.transaction(write=False) as tx:
            user = await People(tx).profile(person)
        assert (user.name, user.hue, user.show_my_cursor) == ("P. Natarajan", "moss", False)

    async def test_a_colour_that_nobody_has_is_refused(self, database: Database) -> None:
        person = await known(database, await a_person(database))
        with pytest.raises(InvalidFields) as caught:
            async with database.transaction() as tx:
                await People(tx).change_profile(person, "", "pink", {})
        assert set(caught.value.fields) == {"name", "hue"}


def test_the_builders_hash_is_a_current_one() -> None:
    assert not Passwords().is_outdated(password_hash())
