"""The pages of signing in and of one's account, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from app.db.engine import Database
from app.domain.accounts import policy
from tests.support.builders import FIREFOX, PASSWORD, a_person, a_workspace, use
from tests.support.clocks import HeldClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def told(app: Any) -> list[str | None]:
    """Whom the doors were told about."""
    return []


@pytest.fixture
def doors(client: Any, app: Any, told: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        app.state.hub,
        "access_changed",
        lambda workspace_id=None, actor=None, document_id=None: told.append((workspace_id, actor)),
    )


class TestSigningIn:
    async def test_an_empty_server_leads_to_the_first_visit(self, client: Any) -> None:
        answer = await client.get("/sign-in")
        assert (answer.status_code, answer.headers["location"]) == (303, "/setup")

    async def test_the_page_names_the_only_workspace(self, client: Any, database: Database) -> None:
        await a_workspace(database, "Larkspur")
        answer = await client.get("/sign-in")
        assert answer.status_code == 200
        assert "Sign in to Larkspur" in answer.text
        await a_workspace(database, "Other")
        assert "Larkspur" not in (await client.get("/sign-in")).text

    async def test_it_sets_a_cookie_and_returns_to_where_one_was(
        self, client: Any, database: Database
    ) -> None:
        await a_person(database, email="priya@example.com")
        form = {"email": "priya@example.com", "password": PASSWORD, "next": "/account/sessions"}
        answer = await client.post("/sign-in", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/account/sessions")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("session=")
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert (await client.get("/account/sessions")).status_code == 200

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil"])
    async def test_it_never_leads_to_another_site(
        self, client: Any, database: Database, elsewhere: str
    ) -> None:
        await a_person(database, email="priya@example.com")
        form = {"email": "priya@example.com", "password": PASSWORD, "next": elsewhere}
        assert (await client.post("/sign-in", data=form)).headers["location"] == "/"
        shown = await client.get("/sign-in", params={"next": elsewhere})
        assert shown.headers["location"] == "/"

    async def test_a_secret_planted_before_is_not_used_after(
        self, client: Any, database: Database
    ) -> None:
        await a_person(database, email="priya@example.com")
        client.cookies.set("session", "planted-by-somebody", domain="promptroom.test", path="/")
        form = {"email": "priya@example.com", "password": PASSWORD, "next": ""}
        answer = await client.post("/sign-in", data=form)
        assert "planted" not in answer.headers["set-cookie"]
        client.cookies.clear()
        answer = await client.get(
            "/account/sessions", headers={"Cookie": "session=planted-by-somebody"}
        )
        assert answer.status_code == 303

    async def test_signing_in_again_ends_the_old_session(
        self, client: Any, database: Database
    ) -> None:
        person = await a_person(database, email="priya@example.com")
        form = {"email": "priya@example.com", "password": PASSWORD, "next": ""}
        await use(client, person).post("/sign-in", data=form)
        client.cookies.clear()
        answer = await client.get("/account/sessions", headers=person.headers)
        assert answer.status_code == 303

    async def test_a_wrong_password_shows_the_form_again(
        self, client: Any, database: Database
    ) -> None:
        await a_person(database, email="priya@example.com")
        form = {"email": "priya@example.com", "password": "secret-typo-12", "next": "/account/x"}
        answer = await client.post("/sign-in", data=form)
        assert answer.status_code == 401
        assert "That password does not match this email." in answer.text
        assert 'value="priya@example.com"' in answer.text
        assert 'value="/account/x"' in answer.text
        assert "secret-typo-12" not in answer.text
        assert "set-cookie" not in answer.headers

    async def test_it_says_how_many_tries_are_left_and_then_how_long_to_wait(
        self, client: Any, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = HeldClock(monkeypatch)
        await a_person(database, email="priya@example.com")
        form = {"email": "priya@example.com", "password": "not my password", "next": ""}
        texts = [
            (await client.post("/sign-in", data=form)).text
            for _ in range(policy.TRIES_PER_PERSON.tries)
        ]
        assert "left." not in texts[0]
        assert "3 tries left." in texts[1]
        assert "1 try left." in texts[3]
        held.forward(seconds=60)
        answer = await client.post("/sign-in", data=form | {"password": PASSWORD})
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "240"
        assert "Wait 4 minutes" in answer.text

    async def test_a_forwarded_address_does_not_buy_more_tries(
        self, client: Any, database: Database
    ) -> None:
        await a_person(database, email="priya@example.com")
        form = {"email": "priya@example.com", "password": "not my password", "next": ""}
        codes = []
        for number in range(8):
            address = f"203.0.113.{number}"
            headers = {
                "X-Forwarded-For": address,
                "Forwarded": f"for={address}",
                "X-Real-IP": address,
            }
            codes.append((await client.post("/sign-in", data=form, headers=headers)).status_code)
        assert codes == [401] * 5 + [429] * 3

    async def test_whoever_is_in_already_goes_on(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        answer = await use(client, place.owner).get("/sign-in?next=/account/profile")
        assert answer.headers["location"] == "/account/profile"


@pytest.mark.usefixtures("doors")
class TestSigningOut:
    async def test_session_cookie_offline_copies_and_rooms_end(
        self, client: Any, database: Database, told: list[Any]
    ) -> None:
        person = await a_person(database)
        answer = await use(client, person).post("/sign-out")
        assert answer.headers["location"] == "/sign-in?notice=signed-out"
        assert answer.headers["clear-site-data"] == '"storage"'
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert told == [(None, person.actor)]
        again = await client.get("/account/profile", headers=person.headers)
        assert again.status_code == 303

    async def test_it_works_without_a_session(self, client: Any, told: list[Any]) -> None:
        assert (await client.post("/sign-out")).status_code == 303
        assert told == []

    async def test_a_link_cannot_sign_anybody_out(self, client: Any, database: Database) -> None:
        person = await a_person(database)
        assert (await use(client, person).get("/sign-out")).status_code == 405
        assert (await client.get("/account/profile")).status_code == 200


@pytest.mark.usefixtures("doors")
class TestSessions:
    async def test_they_are_listed_with_this_one_first(
        self, client: Any, database: Database
    ) -> None:
        person = await a_person(database)
        text = (await use(client, person).get("/account/sessions")).text
        assert "Firefox on Linux" in text
        assert "this one" in text

    async def test_ending_one_ends_its_rooms(
        self, client: Any, database: Database, told: list[Any]
    ) -> None:
        person = await a_person(database, email="priya@example.com")
        form = {"email": "priya@example.com", "password": PASSWORD, "next": ""}
        await client.post("/sign-in", data=form, headers={"User-Agent": FIREFOX})
        text = (await client.get("/account/sessions")).text
        (action,) = [
            part.split('"')[0]
            for part in text.split('action="')
            if "/revoke" in part and "others" not in part
        ]
        assert (await client.post(action)).status_code == 303
        assert told == [(None, person.actor)]
        assert (await client.get("/account/sessions", headers=person.headers)).status_code in (
            200,
            303,
        )
        client.cookies.clear()
        assert (await client.get("/account/profile", headers=person.headers)).status_code == 303

    async def test_ending_all_others_keeps_this_one(
        self, client: Any, database: Database, told: list[Any]
    ) -> None:
        person = await a_person(database)
        await use(client, person).post("/account/sessions/revoke-others")
        assert told == [(None, person.actor)]
        assert (await client.get("/account/sessions")).status_code == 200


@pytest.mark.usefixtures("doors")
class TestThePasswordPage:
    async def test_a_change_keeps_this_browser_signed_in(
        self, client: Any, database: Database, told: list[Any]
    ) -> None:
        person = await a_person(database)
        form = {"current": PASSWORD, "new": "another pass phrase"}
        answer = await use(client, person).post("/account/password", data=form)
        assert answer.headers["location"] == "/account/password?saved=1"
        assert told == [(None, person.actor)]
        client.cookies.clear()
        fresh = {"Cookie": answer.headers["set-cookie"].split(";")[0]}
        assert "Changed." in (await client.get("/account/password?saved=1", headers=fresh)).text
        assert (await client.get("/account/password", headers=person.headers)).status_code == 303

    async def test_a_mistake_is_shown_beside_its_field(
        self, client: Any, database: Database
    ) -> None:
        person = await a_person(database)
        form = {"current": "not my password", "new": "another pass phrase"}
        answer = await use(client, person).post("/account/password", data=form)
        assert answer.status_code == 422
        assert "That is not your current password." in answer.text
        assert "another pass phrase" not in answer.text


class TestTheProfilePage:
    async def test_it_saves_and_says_so(self, client: Any, database: Database) -> None:
        person = await a_person(database)
        form = {"name": "Priya N.", "hue": "rose", "theme": "dark", "let_follow": "true"}
        answer = await use(client, person).post("/account/profile", data=form)
        assert answer.headers["location"] == "/account/profile?saved=1"
        assert "theme=dark" in answer.headers["set-cookie"]
        text = (await client.get("/account/profile?saved=1")).text
        assert "Priya N." in text
        assert "Saved" in text

    async def test_a_mistake_keeps_what_was_typed(self, client: Any, database: Database) -> None:
        person = await a_person(database)
        form = {"name": "x" * 81, "hue": "rose", "theme": ""}
        answer = await use(client, person).post("/account/profile", data=form)
        assert answer.status_code == 422
        assert "x" * 81 in answer.text
        assert "Use at most 80 characters." in answer.text

    async def test_a_name_is_text_and_never_markup(self, client: Any, database: Database) -> None:
        person = await a_person(database)
        form = {"name": '<img src=x onerror="alert(1)">', "hue": "rose", "theme": ""}
        await use(client, person).post("/account/profile", data=form)
        assert "<img" not in (await client.get("/account/profile")).text
