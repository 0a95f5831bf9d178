"""What people can do with their account: sign in and out, change it, see where they are in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Person
from app.db.engine import Database
from app.db.races import claim
from app.domain.accounts import policy, queries
from app.domain.accounts.errors import (
    EmailTaken,
    SessionUnknown,
    WrongCredentials,
    WrongCurrentPassword,
)
from app.domain.accounts.models import Session, User
from app.domain.accounts.passwords import Passwords
from app.kit import clock
from app.kit.ids import fingerprint, new_id, new_secret
from app.web.ratelimit import RateLimiter

MOST_SESSIONS = 100  # shown; nobody has more browsers


@dataclass(frozen=True, slots=True)
class Browser:
    """From where somebody signs in: shown to them, nothing else depends on it."""

    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class Signup:
    """A new person's name, e-mail and password, checked."""

    name: str
    email: str
    password_hash: str

    @classmethod
    async def of(cls, passwords: Passwords, name: str, email: str, password: str) -> Signup:
        """Raises `InvalidFields`. Hashes, so never call it inside a transaction."""
        email = policy.normal_email(email)
        policy.check(
            name=policy.name_problem(name),
            email=policy.email_problem(email),
            password=policy.password_problem(password, email),
        )
        return cls(name=name, email=email, password_hash=await passwords.hash(password))


@dataclass(frozen=True, slots=True)
class House:
    """What the sign-in page says about this server."""

    is_empty: bool  # nobody is there yet: the first visitor sets it up
    workspace_name: str | None  # when there is exactly one


class People:
    """People and their sessions, within a transaction."""

    def __init__(self, tx: AsyncSession) -> None:
        self._tx = tx

    async def are_there(self) -> bool:
        """False on an empty database: the first visitor sets the server up."""
        return await queries.anybody(self._tx)

    async def add(self, signup: Signup) -> User:
        """Raises `EmailTaken`."""
        taken = EmailTaken("Sign in instead, or use another email.")
        if await queries.by_email(self._tx, signup.email) is not None:
            raise taken
        user = User(
            id=new_id(),
            email=signup.email,
            name=signup.name,
            hue=policy.hue_for(await queries.hues(self._tx)),
            password_hash=signup.password_hash,
            created_at=clock.utc_now(),
        )
        self._tx.add(user)
        await claim(self._tx, (User.email,), taken)
        return user

    async def profile(self, person: Person) -> User:
        """The person's row, preferences included."""
        user = await queries.by_id(self._tx, person.user_id)
        if user is None:
            raise SessionUnknown
        return user

    async def change_profile(
        self, person: Person, name: str, hue: str, preferences: Mapping[str, bool]
    ) -> None:
        """`preferences` are the columns of that kind. Raises `InvalidFields`."""
        policy.check(
            name=policy.name_problem(name),
            hue="" if hue in policy.HUES else "Choose one of the eight colours.",
        )
        await queries.change(self._tx, person.user_id, name=name, hue=hue, **preferences)

    async def open_session(self, user_id: UUID, browser: Browser) -> str:
        """A new session's secret, for the cookie; the table keeps its fingerprint."""
        now = clock.utc_now()
        await queries.drop_expired(self._tx, user_id, now)
        secret = new_secret()
        self._tx.add(
            Session(
                id=new_id(),
                user_id=user_id,
                secret_hash=fingerprint(secret),
                address=browser.address[:64],
                agent=browser.agent[:255],
                created_at=now,
                seen_at=now,
                expires_at=now + policy.SESSION_LIFE,
            )
        )
        await self._tx.flush()
        return secret

    async def end_session(self, secret: str) -> None:
        """Whether or not there is one: signing out always works."""
        await queries.end_by_secret(self._tx, fingerprint(secret))

    async def sessions(self, person: Person) -> list[Session]:
        """Where the person is signed in, the most recently seen first."""
        found = await queries.sessions_of(self._tx, person.user_id, clock.utc_now(), MOST_SESSIONS)
        return list(found)

    async def revoke(self, person: Person, session_id: UUID) -> None:
        """Raises `SessionUnknown`, also for somebody else's."""
        if not await queries.end(self._tx, person.user_id, session_id):
            raise SessionUnknown

    async def revoke_others(self, person: Person) -> int:
        return await queries.end_others(self._tx, person.user_id, person.session_id)


class SignIn:
    """Use cases with passwords; they open transactions themselves, around the slow hashing."""

    def __init__(self, database: Database, passwords: Passwords, limiter: RateLimiter) -> None:
        self._database = database
        self._passwords = passwords
        self._limiter = limiter

    async def sign_in(
        self, email: str, password: str, browser: Browser, old_secret: str = ""
    ) -> str:
        """A new session's secret. Raises `WrongCredentials` or `RateLimited`.

        The session that this browser had before ends: a secret from before never comes along.
        """
        email = policy.normal_email(email)
        tries_left = await self._take_try(email, browser)
        async with self._database.transaction(write=False) as tx:
            user = await queries.by_email(tx, email)
        password = password[: policy.PASSWORD_LONGEST]
        if not await self._passwords.matches(user.password_hash if user else None, password):
            raise WrongCredentials(tries_left=tries_left)
        assert user is not None  # noqa: S101  (nobody's hash never matches)
        await self._give_back(email, browser)
        renewed = await self._renewed_hash(user.password_hash, password)
        async with self._database.transaction() as tx:
            if await queries.password_of(tx, user.id) != user.password_hash:
                raise WrongCredentials(tries_left=tries_left)  # changed while we were checking
            if renewed:
                await queries.change(tx, user.id, password_hash=renewed)
            if old_secret:
                await queries.end_by_secret(tx, fingerprint(old_secret))
            return await People(tx).open_session(user.id, browser)

    async def sign_up(self, name: str, email: str, password: str, browser: Browser) -> Signup:
        """A new person, checked and hashed but not stored. Raises `InvalidFields`, `RateLimited`.

        Hashing is what a stranger could wear the server out with, so it costs a try.
        """
        await self._limiter.take(policy.TRIES_PER_ADDRESS, browser.address)
        return await Signup.of(self._passwords, name, email, password)

    async def change_password(
        self, person: Person, current: str, password: str, browser: Browser
    ) -> str:
        """A new secret for this session; every other session ends.

        Raises `WrongCurrentPassword`, `InvalidFields` or `RateLimited`.
        """
        await self._take_try(person.email, browser)
        async with self._database.transaction(write=False) as tx:
            user = await People(tx).profile(person)
        if not await self._passwords.matches(user.password_hash, current):
            raise WrongCurrentPassword
        policy.check(new=policy.password_problem(password, user.email))
        await self._give_back(person.email, browser)
        hashed = await self._passwords.hash(password)
        secret = new_secret()
        async with self._database.transaction() as tx:
            await queries.change(tx, user.id, password_hash=hashed)
            await queries.end_others(tx, user.id, person.session_id)
            await queries.renew(tx, person.session_id, fingerprint(secret))
        return secret

    async def _take_try(self, email: str, browser: Browser) -> int:
        await self._limiter.take(policy.TRIES_PER_ADDRESS, browser.address)
        left = await self._limiter.take(policy.TRIES_PER_PERSON, email, browser.address)
        return min(left, await self._limiter.take(policy.TRIES_ANYWHERE, email))

    async def _give_back(self, email: str, browser: Browser) -> None:
        """It was them: what they mistyped before does not count any more."""
        await self._limiter.forget(policy.TRIES_PER_PERSON, email, browser.address)
        await self._limiter.forget(policy.TRIES_ANYWHERE, email)

    async def _renewed_hash(self, stored: str, password: str) -> str:
        """A hash at today's cost when the stored one is cheaper, else ""."""
        return await self._passwords.hash(password) if self._passwords.is_outdated(stored) else ""


async def recognise(tx: AsyncSession, secret: str) -> tuple[Person, datetime] | None:
    """Who a session's secret belongs to, and when that session was last seen."""
    found = await queries.session_of(tx, fingerprint(secret), clock.utc_now())
    return (_person(found), found.seen_at) if found else None


async def still_signed_in(tx: AsyncSession, session_id: UUID, user_id: UUID) -> Person | None:
    """The person, as long as that session has not ended."""
    found = await queries.live_session(tx, session_id, user_id, clock.utc_now())
    return _person(found) if found else None


async def touch(database: Database, session_id: UUID) -> None:
    """Note that the session is in use, which also moves its end."""
    now = clock.utc_now()
    async with database.transaction() as tx:
        await queries.touch(tx, session_id, now, now + policy.SESSION_LIFE)


def _person(row: Any) -> Person:
    return Person(row.user_id, row.session_id, row.name, row.email, row.hue)
