"""Labels in the browser: undo, history, rollback, and who may move which."""

from __future__ import annotations

import re

import pytest

from app.domain.versions.labels import show as label_show
from tests.support.builders import a_key, a_member, a_prompt, a_workspace, use

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(database):
    return await a_workspace(database)


class Desk:
    """One prompt with three versions, and the pages around its labels."""

    def __init__(self, client, place, made, key):
        self.client, self.place, self.made, self.key = client, place, made, key
        self.url = f"/w/{place.slug}/prompts/{made.id}"
        self.api = f"/api/v1/prompts/{made.id}"

    async def move(self, number, label="production"):
        return await self.client.post(
            f"{self.url}/labels", data={"label": label, "new_label": "", "version": str(number)}
        )

    async def where(self, label="production"):
        found = await self.client.get(f"{self.api}/versions", headers=self.key.headers)
        return [one["number"] for one in found.json()["items"] if label in one["labels"]]

    async def protect(self, role, label="production"):
        url = f"/w/{self.place.slug}/settings/labels"
        return await self.client.post(url, data={"label": label, "role": role})


@pytest.fixture
async def desk(client, database, place):
    use(client, place.owner)
    made = await a_prompt(database, place, "support/refunds", text="One")
    desk = Desk(client, place, made, await a_key(database, place))
    for text in ("One", "Two", "Three"):
        await client.patch(desk.api, json={"text": text}, headers=desk.key.headers)
        await client.post(f"{desk.api}/versions", json={"message": text}, headers=desk.key.headers)
    return desk


def undo_form(page):
    found = re.search(r'action="([^"]+/undo)"><input[^>]+name="move" value="([^"]+)"', page)
    return found.groups() if found else None


class TestUndo:
    async def test_the_page_after_a_move_offers_to_take_it_back(self, desk):
        await desk.move(1)
        moved = await desk.move(3)
        page = (await desk.client.get(moved.headers["Location"])).text
        assert "production is on v3" in page
        action, move = undo_form(page)
        done = await desk.client.post(action, data={"move": move})
        assert done.headers["Location"].startswith(f"{desk.url}/labels/production?moved=")
        assert await desk.where() == [1]

    async def test_the_first_move_is_undone_by_taking_the_label_off(self, desk):
        moved = await desk.move(2)
        action, move = undo_form((await desk.client.get(moved.headers["Location"])).text)
        await desk.client.post(action, data={"move": move})
        assert await desk.where() == []

    async def test_a_label_that_was_taken_off_comes_back(self, desk):
        await desk.move(2)
        gone = await desk.client.post(f"{desk.url}/labels/production/remove")
        page = (await desk.client.get(gone.headers["Location"])).text
        assert "production is on no version" in page
        action, move = undo_form(page)
        await desk.client.post(action, data={"move": move})
        assert await desk.where() == [2]

    async def test_what_moved_again_since_is_left_where_it_is(self, desk):
        moved = await desk.move(1)
        action, move = undo_form((await desk.client.get(moved.headers["Location"])).text)
        await desk.move(2)
        assert undo_form((await desk.client.get(moved.headers["Location"])).text) is None
        refused = await desk.client.post(action, data={"move": move})
        assert (refused.status_code, await desk.where()) == (409, [2])
        assert (await desk.client.post(action, data={"move": "x"})).status_code == 404

    async def test_only_who_moved_it_is_asked_and_not_for_ever(self, desk, database, monkeypatch):
        moved = await desk.move(1)
        use(desk.client, await a_member(database, desk.place))
        assert undo_form((await desk.client.get(moved.headers["Location"])).text) is None
        use(desk.client, desk.place.owner)
        monkeypatch.setattr(label_show, "UNDO", label_show.UNDO * 0)
        assert undo_form((await desk.client.get(moved.headers["Location"])).text) is None


class TestHistory:
    async def test_where_it_has_been_and_one_click_back(self, desk):
        for number in (1, 2, 3):
            await desk.move(number)
        page = (await desk.client.get(f"{desk.url}/labels/production")).text
        assert "Roll back to v2" in page
        assert page.count("<tr>") == 1 + 3
        await desk.move(2)
        page = (await desk.client.get(f"{desk.url}/labels/production")).text
        assert "Put v3 back in production" in page  # it was left for an older one
        assert "Roll back" not in page

    async def test_a_label_that_was_never_used_has_none(self, desk):
        assert (await desk.client.get(f"{desk.url}/labels/canary")).status_code == 404

    async def test_a_viewer_reads_it_and_is_offered_nothing(self, desk, database):
        await desk.move(1)
        await desk.move(2)
        use(desk.client, await a_member(database, desk.place, "viewer"))
        page = (await desk.client.get(f"{desk.url}/labels/production")).text
        assert "Roll back" not in page
        assert page.count("<tr>") == 1 + 2


class TestProtection:
    async def test_a_name_that_no_label_has_is_refused_where_it_was_typed(self, desk, database):
        answer = await desk.protect("admin", "Not a label!")
        assert answer.status_code == 422
        assert 'value="Not a label!"' in answer.text
        assert "Begin with a lower-case letter" in answer.text
        assert re.search(r'<option value="admin" selected>.*?Protect</button>', answer.text)
        use(desk.client, await a_member(database, desk.place, "editor"))
        assert (await desk.protect("admin", "Not a label!")).status_code == 403

    async def test_an_editor_may_not_and_a_reviewer_may(self, desk, database):
        await desk.move(1)
        await desk.protect("reviewer")
        use(desk.client, await a_member(database, desk.place, "editor"))
        assert (await desk.move(2)).status_code == 403
        assert (await desk.client.post(f"{desk.url}/labels/production/remove")).status_code == 403
        assert (await desk.move(2, "staging")).status_code == 303
        assert await desk.where() == [1]
        page = (await desk.client.get(f"{desk.url}/versions?to=3")).text
        assert "protected, needs a reviewer" in page
        assert (
            "protected, needs a reviewer"
            in (await desk.client.get(f"{desk.url}/labels/production")).text
            or "Roll back" not in page
        )
        use(desk.client, await a_member(database, desk.place, "reviewer"))
        assert (await desk.move(2)).status_code == 303

    async def test_publishing_does_not_go_round_it(self, desk, database):
        await desk.protect("admin")
        use(desk.client, await a_member(database, desk.place, "reviewer"))
        await desk.client.patch(desk.api, json={"text": "Four"}, headers=desk.key.headers)
        form = (await desk.client.get(f"{desk.url}/publish")).text
        assert "protected, needs an admin" in form
        refused = await desk.client.post(
            f"{desk.url}/publish", data={"message": "Four", "labels": "production"}
        )
        assert refused.status_code == 403
        assert await desk.where() == []

    async def test_undo_does_not_go_round_it_either(self, desk, database):
        editor = await a_member(database, desk.place, "editor")
        use(desk.client, editor)
        moved = await desk.move(1)
        action, move = undo_form((await desk.client.get(moved.headers["Location"])).text)
        use(desk.client, desk.place.owner)
        await desk.protect("reviewer")
        use(desk.client, editor)
        assert (await desk.client.post(action, data={"move": move})).status_code == 403
        assert await desk.where() == [1]

    async def test_a_key_needs_the_scope_admin(self, desk, database):
        await desk.protect("reviewer")
        admin = await a_key(database, desk.place, "admin")
        url = f"{desk.api}/labels/production"
        answers = [
            await desk.client.put(url, json={"version": 1}, headers=key.headers)
            for key in (desk.key, admin)
        ]
        assert [one.status_code for one in answers] == [403, 200]
        assert answers[0].json()["code"] == "label_protected"

    async def test_it_is_lifted_again_and_only_admins_decide(self, desk, database):
        assert (
            "Saved"
            in (await desk.client.get((await desk.protect("owner")).headers["Location"])).text
        )
        await desk.protect("")
        use(desk.client, await a_member(database, desk.place, "editor"))
        assert (await desk.move(2)).status_code == 303
        assert (await desk.protect("owner")).status_code == 403
        page = (await desk.client.get(f"/w/{desk.place.slug}/settings/labels")).text
        assert "Admins protect labels" in page

    @pytest.mark.parametrize(("label", "role"), [("latest", "admin"), ("production", "editor")])
    async def test_what_cannot_be_protected_is_refused(self, desk, label, role):
        assert (await desk.protect(role, label)).status_code == 422


class TestManyAtOnce:
    async def test_a_label_goes_on_the_newest_versions_and_back_to_where_it_was(
        self, client, database, place, desk
    ):
        await desk.move(1, "canary")
        bare = await a_prompt(database, place)  # never published
        bulk = f"/w/{place.slug}/bulk"
        headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
        form = {"do": "label", "value": "canary", "id": [str(desk.made.id), str(bare.id)]}
        done = await client.post(bulk, data=form, headers=headers)
        assert "1 prompt labelled canary: the newest version of each" in done.text
        assert await desk.where("canary") == [3]
        again = await client.post(bulk, data=form, headers=headers)
        assert "or are not published yet" in again.text
        back = {"back": re.findall(r'name="back" value="([^"]+)"', done.text)}
        undone = await client.post(bulk, data=back, headers=headers)
        assert "Undone for 1 prompt" in undone.text
        assert await desk.where("canary") == [1]
        twice = await client.post(bulk, data=back, headers=headers)
        assert "Nothing to change" in twice.text, "somebody's later move is not undone"
        assert await desk.where("canary") == [1]

    async def test_a_protected_label_stays(self, client, database, place, desk):
        await desk.protect("admin", "canary")
        use(client, await a_member(database, place))
        form = {"do": "label", "value": "canary", "id": str(desk.made.id)}
        refused = await client.post(f"/w/{place.slug}/bulk", data=form)
        assert refused.status_code == 403
        assert "canary is protected, needs an admin" in refused.text
        assert await desk.where("canary") == []
        for value in ("", "v3", "latest"):
            refused = await client.post(f"/w/{place.slug}/bulk", data=form | {"value": value})
            assert refused.status_code == 422
