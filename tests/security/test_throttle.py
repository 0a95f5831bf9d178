"""Tries at a password are counted whatever a client says about its address (S23)."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from app.db.engine import Database
from app.domain.accounts import policy
from app.domain.accounts.errors import WrongCredentials
from app.domain.accounts.passwords import Passwords
from app.domain.accounts.service import Browser, SignIn
from app.errors import RateLimited
from app.web.ratelimit import RateLimiter
from tests.support.builders import PASSWORD, a_person
from tests.support.server import EMAIL, HEADLESS, Server

LIES = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "CF-Connecting-IP")


class Quick(Passwords):
    """Guessing a thousand times must not take a thousand hashes here."""

    async def matches(self, stored: str | None, password: str) -> bool:
        return stored is not None and password == PASSWORD


@pytest.mark.anyio
async def test_changing_addresses_does_not_help_for_long(database: Database) -> None:
    person = await a_person(database)
    sign_in = SignIn(database, Quick(), RateLimiter())
    refused = 0
    for number in range(1000):
        browser = Browser(f"198.51.{number // 250}.{number % 250}", "")
        try:
            await sign_in.sign_in(person.email, f"guess {number}", browser)
        except WrongCredentials:
            assert number < policy.TRIES_ANYWHERE.tries
        except RateLimited as error:
            refused += 0 < error.retry_after <= policy.TRIES_ANYWHERE.seconds
    assert refused == 1000 - policy.TRIES_ANYWHERE.tries
    somebody_else = await a_person(database, "Jonas Weber")
    await sign_in.sign_in(somebody_else.email, PASSWORD, Browser("203.0.113.9", ""))


@pytest.mark.anyio
async def test_who_gets_in_has_all_tries_back(database: Database) -> None:
    person = await a_person(database)
    sign_in = SignIn(database, Quick(), RateLimiter())
    for round_ in range(3):
        for number in range(policy.TRIES_ANYWHERE.tries - 1):
            browser = Browser(f"198.51.{round_}.{number}", "")
            with pytest.raises(WrongCredentials):
                await sign_in.sign_in(person.email, "wrong", browser)
        await sign_in.sign_in(person.email, PASSWORD, Browser(f"192.0.2.{round_}", ""))


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose peers are no proxies of its own."""
    environment = HEADLESS | {"FORWARDED_ALLOW_IPS": "192.0.2.1"}
    with Server(tmp_path_factory.mktemp("throttle"), environment) as server:
        yield server


def tried(server: Server, password: str, **headers: str) -> tuple[int, Message]:
    form = urllib.parse.urlencode({"email": EMAIL, "password": password}).encode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"{server.url}/sign-in", data=form, headers=given)
    opener = urllib.request.build_opener(NoRedirects)
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        return None


def test_lies_of_a_stranger_about_addresses_are_ignored(exposed: Server) -> None:
    statuses = []
    for number in range(40):
        lies = dict.fromkeys(LIES, f"198.51.100.{number}")
        lies["Forwarded"] = f"for=198.51.100.{number}"
        status, headers = tried(exposed, f"wrong {number}", **lies)
        statuses.append(status)
    assert statuses == [401] * policy.TRIES_PER_PERSON.tries + [429] * 35
    assert int(headers["Retry-After"]) > 0
    right, _ = tried(exposed, "correct horse battery staple")
    assert right == 429  # not even then: the answer would tell


def test_what_it_knows_of_an_address_is_not_the_lie(exposed: Server, tmp_path: Path) -> None:
    assert b"198.51.100." not in exposed.data_dir.joinpath("promptroom.db").read_bytes()
    assert "198.51.100." not in exposed.logs()
