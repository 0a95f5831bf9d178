"""First visit, workspaces, members and invitations, over HTTP."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.workspaces import member_view
from tests.support.builders import (
    PASSWORD,
    a_member,
    a_person,
    a_workspace,
    role_of,
    use,
)
from tests.support.counting import statements

pytestmark = pytest.mark.anyio

FIRST = {
    "name": "Ada Lovelace",
    "email": "Ada@example.com",
    "password": PASSWORD,
    "workspace": "Analytical Engines",
}
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def told(client: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Whom the doors were told about."""
    told: list[Any] = []
    monkeypatch.setattr(
        app.state.hub,
        "access_changed",
        lambda workspace_id=None, actor=None, document_id=None: told.append((workspace_id, actor)),
    )
    return told


def link_in(text: str) -> str:
    found = re.search(r"http://promptroom\.test(/join/[\w-]+)", text)
    assert found is not None, text
    return found[1]


class TestTheFirstVisit:
    @pytest.mark.parametrize(
        "path", ["/", "/sign-in", "/account/profile", "/w/any/", "/workspaces/new", "/setup"]
    )
    async def test_everything_leads_to_setting_up(self, client: Any, path: str) -> None:
        answer = await client.get(path, follow_redirects=True)
        assert answer.url.path == "/setup" or answer.status_code == 404
        if path != "/w/any/":
            assert "Set up Promptroom" in answer.text

    async def test_it_signs_the_owner_in(self, client: Any) -> None:
        answer = await client.post("/setup", data=FIRST)
        assert answer.headers["location"] == "/w/analytical-engines/"
        assert (await client.get("/account/profile")).status_code == 200
        assert (await client.get("/")).headers["location"] == "/w/analytical-engines/"

    async def test_every_mistake_is_shown_beside_its_field(self, client: Any) -> None:
        form = {"name": "Ada", "email": "nobody", "password": "short", "workspace": "Engines"}
        answer = await client.post("/setup", data=form)
        assert answer.status_code == 422
        assert "This is not an email address." in answer.text
        assert "Use at least 12 characters." in answer.text
        assert 'value="Engines"' in answer.text
        assert 'value="short"' not in answer.text
        [focused] = re.findall(r"<input [^>]*autofocus[^>]*>", answer.text)
        assert 'name="email"' in focused

    async def test_of_two_at_once_one_wins(self, client: Any) -> None:
        forms = [FIRST | {"email": f"p{number}@example.com"} for number in range(4)]
        answers = await asyncio.gather(*(client.post("/setup", data=form) for form in forms))
        assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409]

    async def test_afterwards_it_is_closed(self, client: Any, database: Database) -> None:
        await a_person(database)
        assert (await client.get("/setup")).headers["location"] == "/sign-in"
        assert (await client.post("/setup", data=FIRST)).status_code == 409


class TestSeveralWorkspaces:
    async def test_a_person_makes_another_and_switches(
        self, client: Any, database: Database
    ) -> None:
        place = await a_workspace(database, "Larkspur")
        answer = await use(client, place.owner).post("/workspaces/new", data={"name": "Second"})
        assert answer.headers["location"] == "/w/second/"
        text = (await client.get("/w/second/settings/general")).text
        assert 'href="/w/larkspur/"' in text
        assert 'href="/w/second/"' in text

    async def test_a_name_is_needed(self, client: Any, database: Database) -> None:
        answer = await use(client, await a_person(database)).post(
            "/workspaces/new", data={"name": " "}
        )
        assert answer.status_code == 422
        assert "Enter a name." in answer.text

    async def test_whoever_has_none_makes_one(self, client: Any, database: Database) -> None:
        answer = await use(client, await a_person(database)).get("/")
        assert answer.headers["location"] == "/workspaces/new"

    async def test_renaming(self, client: Any, database: Database) -> None:
        place = await a_workspace(database, "Larkspur")
        url = f"/w/{place.slug}/settings/general"
        answer = await use(client, place.owner).post(url, data={"name": "Larkspur GmbH"})
        assert answer.headers["location"] == f"{url}?saved=1"
        assert "Larkspur GmbH" in (await client.get(url)).text
        assert (await client.post(url, data={"name": ""})).status_code == 422


class TestTheMembersPage:
    async def test_it_costs_the_same_for_ten_and_for_forty(
        self, client: Any, app: Any, database: Database
    ) -> None:
        place = await a_workspace(database)
        url = f"/w/{place.slug}/settings/members"
        counts = []
        for more in (9, 30):
            for _ in range(more):
                await a_member(database, place, "viewer")
            with statements(app.state.database, of_requests=True) as seen:
                answer = await use(client, place.owner).get(url)
            counts.append(len(seen))
            assert answer.text.count('id="member-') == len(
                set(re.findall(r'id="member-[0-9a-f-]{36}"', answer.text))
            )
        assert "40 people" in answer.text
        assert counts[0] == counts[1]

    async def test_more_than_a_page_are_counted_and_followed(
        self, client: Any, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(member_view, "MAX_LIMIT", 2)
        place = await a_workspace(database)
        for name in ("Amara Obi", "Kenji Watanabe", "Zoe Adler"):
            await a_member(database, place, "editor", name)
        url = f"/w/{place.slug}/settings/members"
        first = (await use(client, place.owner).get(url)).text
        assert "4 people" in first
        assert "Amara Obi" in first
        assert "Zoe Adler" not in first
        (later,) = re.findall(rf'href="({url}\?cursor=[^"]+)"', first)
        second = (await client.get(unescape(later))).text
        assert "Zoe Adler" in second
        assert "Amara Obi" not in second
        assert "Next page" not in second
        assert f'href="{url}">First page' in second

    async def test_somebody_is_found_by_a_part_of_name_or_e_mail(
        self, client: Any, database: Database
    ) -> None:
        place = await a_workspace(database)
        kenji = await a_member(database, place, "editor", "Kenji 100% Watanabe")
        await a_member(database, place, "editor", "Amara Obi")
        url = f"/w/{place.slug}/settings/members"
        use(client, place.owner)
        for words in ("WATAN", "0% w", kenji.email[:9]):
            text = (await client.get(url, params={"q": words})).text
            assert "Kenji 100% Watanabe" in text, words
            assert "Amara Obi" not in text, words
            assert ">1 person</span>" in text
        nobody = (await client.get(url, params={"q": "<b>"})).text
        assert "Nobody matches “&lt;b&gt;”" in nobody

    async def test_a_viewer_sees_whom_to_ask(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        viewer = await a_member(database, place, "viewer")
        text = (await use(client, viewer).get(f"/w/{place.slug}/settings/members")).text
        assert "Ask Maya Olsen" in text
        assert "Invite people" not in text
        assert "Leave this workspace" in text

    async def test_the_last_owners_role_is_fixed(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        url = f"/w/{place.slug}/settings/members"
        assert (
            f"/members/{place.owner.id}/role" not in (await use(client, place.owner).get(url)).text
        )
        await a_member(database, place, "owner")
        assert f"/members/{place.owner.id}/role" in (await client.get(url)).text

    async def test_an_admin_is_not_offered_to_make_owners(
        self, client: Any, database: Database
    ) -> None:
        place = await a_workspace(database)
        admin = await a_member(database, place, "admin")
        text = (await use(client, admin).get(f"/w/{place.slug}/settings/members")).text
        assert '<option value="owner"' not in text
        assert '<option value="admin"' in text


class TestChangingARole:
    async def test_rooms_are_told_after_the_change(
        self, client: Any, database: Database, told: list[Any]
    ) -> None:
        place = await a_workspace(database)
        member = await a_member(database, place, "editor")
        url = f"/w/{place.slug}/settings/members/{member.id}/role"
        answer = await use(client, place.owner).post(url, data={"role": "viewer"})
        assert answer.status_code == 303
        assert await role_of(database, place, member) == "viewer"
        assert told == [(place.id, member.actor)]

    async def test_no_change_tells_nobody(
        self, client: Any, database: Database, told: list[Any]
    ) -> None:
        place = await a_workspace(database)
        member = await a_member(database, place, "editor")
        url = f"/w/{place.slug}/settings/members/{member.id}/role"
        await use(client, place.owner).post(url, data={"role": "editor"})
        assert told == []

    async def test_htmx_gets_the_row_again(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        member = await a_member(database, place, "editor")
        url = f"/w/{place.slug}/settings/members/{member.id}/role"
        answer = await use(client, place.owner).post(url, data={"role": "viewer"}, headers=PARTIAL)
        assert answer.status_code == 200
        assert f'<tr id="member-{member.id}">' in answer.text
        assert '<option value="viewer" selected>' in answer.text
        assert "Saved" in answer.text

    @pytest.mark.parametrize(
        ("role", "status", "words"),
        [("viewer", 409, "keeps at least one owner"), ("king", 422, "Choose a role.")],
    )
    async def test_a_refusal_stands_in_the_row(
        self, client: Any, database: Database, role: str, status: int, words: str
    ) -> None:
        place = await a_workspace(database)
        url = f"/w/{place.slug}/settings/members/{place.owner.id}/role"
        use(client, place.owner)
        answer = await client.post(url, data={"role": role}, headers=PARTIAL)
        assert answer.status_code == status
        assert words in answer.text
        assert '<option value="owner" selected>' in answer.text
        assert (await client.post(url, data={"role": role})).status_code == status


class TestRemoving:
    async def test_the_removed_one_is_out_at_once(
        self, client: Any, database: Database, told: list[Any]
    ) -> None:
        place = await a_workspace(database)
        member = await a_member(database, place, "editor")
        url = f"/w/{place.slug}/settings/members"
        assert (await use(client, place.owner).post(f"{url}/{member.id}/remove")).status_code == 303
        assert told == [(place.id, member.actor)]
        assert (await use(client, member).get(url)).status_code == 404

    async def test_leaving_leads_home(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        member = await a_member(database, place, "viewer")
        url = f"/w/{place.slug}/settings/members/{member.id}/remove"
        assert (await use(client, member).post(url)).headers["location"] == "/"


class TestAnInvitation:
    async def test_a_link_makes_a_new_person_a_member(
        self, client: Any, database: Database
    ) -> None:
        place = await a_workspace(database)
        url = f"/w/{place.slug}/settings/members/invitations"
        form = {"email": "", "role": "reviewer"}
        link = link_in((await use(client, place.owner).post(url, data=form)).text)
        client.cookies.clear()
        shown = await client.get(link)
        assert "Join Larkspur" in shown.text
        assert "Maya Olsen invited you as a reviewer." in shown.text
        new = {"name": "New Person", "email": "new@example.com", "password": PASSWORD}
        answer = await client.post(link, data=new)
        assert answer.headers["location"] == f"/w/{place.slug}/"
        assert (await client.get(f"/w/{place.slug}/settings/members")).status_code == 200
        assert (await client.get(link)).status_code == 410

    async def test_somebody_signed_in_joins_with_one_press(
        self, client: Any, database: Database
    ) -> None:
        place, person = await a_workspace(database), await a_person(database)
        url = f"/w/{place.slug}/settings/members/invitations"
        form = {"email": "", "role": "viewer"}
        link = link_in((await use(client, place.owner).post(url, data=form)).text)
        assert "Join as Priya Natarajan" in (await use(client, person).get(link)).text
        assert (await client.post(link)).headers["location"] == f"/w/{place.slug}/"
        assert await role_of(database, place, person) == "viewer"

    async def test_a_member_who_opens_it_just_goes_in(
        self, client: Any, database: Database
    ) -> None:
        place = await a_workspace(database)
        url = f"/w/{place.slug}/settings/members/invitations"
        form = {"email": "", "role": "viewer"}
        link = link_in((await use(client, place.owner).post(url, data=form)).text)
        assert (await client.post(link)).headers["location"] == f"/w/{place.slug}/"
        assert await role_of(database, place, place.owner) == "owner"

    async def test_an_invitation_with_an_email_fixes_it(
        self, client: Any, database: Database
    ) -> None:
        place = await a_workspace(database)
        url = f"/w/{place.slug}/settings/members/invitations"
        form = {"email": "meant@example.com", "role": "viewer"}
        link = link_in((await use(client, place.owner).post(url, data=form)).text)
        client.cookies.clear()
        new = {"name": "New", "email": "other@example.com", "password": PASSWORD}
        assert (await client.post(link, data=new)).status_code == 303
        assert "meant@example.com" in (await client.get("/account/profile")).text

    async def test_mistakes_are_shown_and_the_link_survives(
        self, client: Any, database: Database
    ) -> None:
        place = await a_workspace(database)
        await a_person(database, email="taken@example.com")
        url = f"/w/{place.slug}/settings/members/invitations"
        form = {"email": "", "role": "viewer"}
        link = link_in((await use(client, place.owner).post(url, data=form)).text)
        client.cookies.clear()
        bad = {"name": "", "email": "new@example.com", "password": PASSWORD}
        assert (await client.post(link, data=bad)).status_code == 422
        taken = {"name": "New", "email": "taken@example.com", "password": PASSWORD}
        answer = await client.post(link, data=taken)
        assert answer.status_code == 422
        assert "Sign in and join." in answer.text
        good = {"name": "New", "email": "new@example.com", "password": PASSWORD}
        assert (await client.post(link, data=good)).status_code == 303

    async def test_htmx_gets_the_link_and_the_list(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        url = f"/w/{place.slug}/settings/members/invitations"
        form = {"email": "x@example.com", "role": "viewer"}
        answer = await use(client, place.owner).post(url, data=form, headers=PARTIAL)
        assert link_in(answer.text)
        assert '<hx-partial hx-target="#invitations"' in answer.text
        assert "<html" not in answer.text
        bad = await client.post(url, data=form | {"email": "nobody"}, headers=PARTIAL)
        assert bad.status_code == 422
        assert "This is not an email address." in bad.text

    async def test_revoking_ends_it(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        url = f"/w/{place.slug}/settings/members/invitations"
        text = (await use(client, place.owner).post(url, data={"email": "", "role": "viewer"})).text
        action = re.search(r'action="(\S+/revoke)"', text)
        assert action is not None
        assert (await client.post(action[1])).status_code == 303
        assert (await client.get(link_in(text))).status_code == 410
