"""Cookie, bearer key or ticket → who is calling, for HTTP and for sockets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie
from typing import Any
from uuid import UUID

import structlog
from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.doors import Doors
from app.access.principal import Person, Principal
from app.access.tickets import Claim, Tickets
from app.db.engine import Database
from app.domain.accounts import policy as accounts_policy
from app.domain.accounts import service as accounts
from app.domain.accounts.passwords import Passwords
from app.domain.keys import policy as keys_policy
from app.domain.keys import service as keys
from app.domain.keys.errors import KeyRefused
from app.domain.rooms import queries as rooms
from app.domain.rooms.gate import Credentials
from app.domain.workspaces import service as workspaces
from app.domain.workspaces.errors import WorkspaceNotFound
from app.errors import NotFound, Unauthenticated
from app.kit import clock
from app.server.requests.counter import ApiCounter
from app.settings import Settings
from app.web.cookies import SessionCookie
from app.web.deps import Visitor
from app.web.links import is_for_programs
from app.web.ratelimit import RateLimiter

log = structlog.get_logger(__name__)

AnyRequest = Request[Any, Any, State]


@dataclass(frozen=True, slots=True)
class Visit:
    """A session, and where it leads."""

    person: Person
    workspaces: Sequence[workspaces.Membership]


VisitDep = NamedDependency[Visit | None]


def collaborators(settings: Settings) -> dict[str, Any]:
    """What signing in needs and the process has one of, for the application's state."""
    return {
        "passwords": Passwords(),
        "limiter": RateLimiter(settings.redis_url),
        "tickets": Tickets(settings.secret_key),
        "session_cookie": SessionCookie(is_https=settings.secure_cookies),
        "public_url": settings.public_url,
    }


async def provide_visit(request: AnyRequest, state: State) -> Visit | None:
    """Who is signed in, if anybody, and their workspaces. One look: every page begins with it."""
    cookie: SessionCookie = state.session_cookie
    secret = request.cookies.get(cookie.name, "")
    if not secret:
        return None
    database: Database = state.database
    # everywhere: a person's own workspaces, whichever they are
    async with database.everywhere().transaction(write=False) as tx:
        found = await accounts.recognise(tx, secret)
        if found is None:
            return None
        person, seen_at = found
        mine = await workspaces.Workspaces(tx).mine(person)
    request.scope["state"]["actor"] = person.actor  # for the access log
    if clock.utc_now() - seen_at > accounts_policy.SEEN_EVERY:
        await _note(accounts.touch(database, person.session_id))
    return Visit(person, mine)


async def provide_visitor(visit: VisitDep) -> Person | None:
    return visit.person if visit else None


async def provide_person(visitor: Visitor) -> Person:
    """Who is signed in. Raises `Unauthenticated`, which leads people to the sign-in page."""
    if visitor is None:
        raise Unauthenticated("Sign in to see this page.")
    return visitor


async def provide_caller(request: AnyRequest, state: State, visit: VisitDep) -> Principal:
    """Who acts in which workspace: programs by bearer key alone, `/w/{workspace}/` by session."""
    caller = await _caller(request, state.database, visit)
    request.scope["state"]["caller"] = caller
    return caller


async def _caller(request: AnyRequest, database: Database, visit: Visit | None) -> Principal:
    if is_for_programs(request.scope["path"]):
        return await caller_by_key(request)
    person = await provide_person(visit.person if visit else None)
    slug = request.path_params["workspace"]
    if visit and (caller := workspaces.entered(person, visit.workspaces, slug)):
        return caller
    # everywhere: this answers which workspace the person may be in
    async with database.everywhere().transaction(write=False) as tx:
        return await workspaces.enter(tx, person, slug)


async def caller_by_key(request: AnyRequest) -> Principal:
    """Whose key a call of the API has; looked up once. Raises `Unauthenticated`, `KeyRefused`."""
    state = request.scope["state"]
    if "by_key" not in state:
        state["by_key"] = await _by_key(request, request.app.state.database)
        state["actor"] = state["by_key"].actor
    found: Principal = state["by_key"]
    return found


async def _by_key(request: AnyRequest, database: Database) -> Principal:
    key = _bearer(request.headers.get("Authorization", ""))
    counter: ApiCounter | None = request.app.state.get("counter")
    address = request.client.host if request.client else ""
    changes = 0
    if counter is not None:
        counter.check_address(address)
        changes = counter.ring.changes
    # everywhere: the key itself says in which workspace it acts
    async with database.everywhere().transaction(write=False) as tx:
        try:
            found = await keys.recognised(tx, key)
        except KeyRefused:
            if counter is not None:
                counter.refused.take(address)
            raise
    now = clock.utc_now()
    if found.used_at is None or now - found.used_at > keys_policy.USED_EVERY:
        await _note(keys.touch(database, found.principal))
        found = replace(found, used_at=now)
    if counter is not None:
        counter.ring.learn(key, found, changes)
    return found.principal


async def _note(touching: Any) -> None:
    """Who was seen when is worth writing down, but never worth failing a request for."""
    try:
        await touching
    except DBAPIError as error:
        log.warning("authentication.not_noted", error=type(error).__name__)


def _bearer(header: str) -> str:
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthenticated("Send an API key: Authorization: Bearer <key>.")
    return key.strip()


class ServerGatekeeper:
    """Who may enter a room: by ticket, by key, or by the cookie of a session."""

    def __init__(self, database: Database, tickets: Tickets, cookie: SessionCookie) -> None:
        # everywhere: the room says which workspace somebody has to be a member of
        self._database = database.everywhere()
        self._tickets = tickets
        self._cookie = cookie

    async def admit(self, document_id: UUID, credentials: Credentials) -> Principal:
        """Raises `Unauthenticated`, or `NotFound` for a room that is not there for the caller."""
        async with self._database.transaction(write=False) as tx:
            if credentials.ticket:
                claim = self._tickets.redeem(document_id, credentials.ticket)
                return await _claimed(tx, document_id, claim)
            if credentials.bearer:
                principal, _ = await keys.recognise(tx, credentials.bearer)
                if principal.workspace_id != await rooms.workspace_of(tx, document_id):
                    raise NotFound
                return principal
            found = await accounts.recognise(tx, self._session(credentials.cookies))
            if found is None:
                raise Unauthenticated("Sign in first.")
            return await _member(tx, document_id, found[0])

    async def recheck(self, document_id: UUID, principal: Principal) -> Principal:
        """The same principal as of now. Raises when its session, key or membership is gone."""
        claim = Claim(principal.actor, principal.credential_id)
        async with self._database.transaction(write=False) as tx:
            return await _claimed(tx, document_id, claim)

    def _session(self, header: str) -> str:
        try:
            morsel = SimpleCookie(header).get(self._cookie.name)
        except CookieError:
            return ""
        return morsel.value if morsel else ""


async def _claimed(tx: AsyncSession, document_id: UUID, claim: Claim) -> Principal:
    """The principal behind a claim made earlier, if its session or key still stands."""
    kind, _, actor_id = claim.actor.partition(":")
    if kind == "user":
        person = await accounts.still_signed_in(tx, claim.credential_id, UUID(actor_id))
        if person is None:
            raise Unauthenticated("Your session has ended. Sign in again.")
        return await _member(tx, document_id, person)
    document = await rooms.document(tx, document_id)
    if document is None:
        raise NotFound
    return await keys.still_valid(tx, document, claim.credential_id)


async def _member(tx: AsyncSession, document_id: UUID, person: Person) -> Principal:
    """One answer for a room that does not exist and for one in a foreign workspace."""
    workspace_id = await rooms.workspace_of(tx, document_id)
    if workspace_id is None:
        raise NotFound
    try:
        return await workspaces.enter_by_id(tx, person, workspace_id)
    except WorkspaceNotFound:
        raise NotFound from None


async def provide_database(state: State) -> Database:
    database: Database = state.database
    return database


async def provide_doors(state: State) -> Doors:
    doors: Doors = state.hub
    return doors


async def provide_tickets(state: State) -> Tickets:
    tickets: Tickets = state.tickets
    return tickets


async def provide_sign_in(state: State) -> accounts.SignIn:
    return accounts.SignIn(state.database, state.passwords, state.limiter)


PROVIDERS = {
    "visit": Provide(provide_visit),
    "visitor": Provide(provide_visitor),
    "person": Provide(provide_person),
    "caller": Provide(provide_caller),
    "database": Provide(provide_database),
    "doors": Provide(provide_doors),
    "tickets": Provide(provide_tickets),
    "sign_in": Provide(provide_sign_in),
}
