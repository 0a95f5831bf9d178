"""Stars and saved views, over HTTP: with htmx and without."""

from __future__ import annotations

import re

import pytest

from app.access.permissions import Role
from app.domain.bookmarks import service
from tests.support.builders import a_member, a_prompt, a_workspace, use

pytestmark = pytest.mark.anyio
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def viewer(client, database, place):
    person = await a_member(database, place, Role.VIEWER)
    use(client, person)
    return person


def rows(html):
    return re.findall(r'<tr id="prompt-([0-9a-f-]+)"', html)


class TestStars:
    async def test_a_star_is_for_one_person_in_row_sidebar_and_filter(
        self, client, database, place, viewer
    ):
        one = await a_prompt(database, place, title="Refund <b> triage")
        await a_prompt(database, place, title="Other")
        root = f"/w/{place.slug}"
        for _ in range(2):  # twice is as good as once
            done = await client.post(f"{root}/stars", data={"star": str(one.id)}, headers=HTMX)
            assert done.status_code == 200
        assert f'hx-target="#star-{one.id}"' in done.text
        assert 'aria-pressed="true"' in done.text
        assert "Refund &lt;b&gt; triage" in done.text
        page = (await client.get(f"{root}/")).text
        starred = re.search(r'<div id="starred">.*?</div>', page, re.DOTALL)
        assert starred
        assert "Refund &lt;b&gt; triage" in starred[0]
        assert page.count('aria-pressed="true"') == 1
        assert rows((await client.get(f"{root}/?starred=true")).text) == [str(one.id)]
        assert (
            f'name="unstar" value="{one.id}"' in (await client.get(f"{root}/prompts/{one.id}")).text
        )
        use(client, place.owner)
        page = (await client.get(f"{root}/?starred=true")).text
        assert rows(page) == []
        assert 'aria-pressed="true"' not in page

    async def test_without_script_the_list_comes_back_as_it_was(
        self, client, database, place, viewer
    ):
        one = await a_prompt(database, place)
        form = {"star": str(one.id), "back": "tag=a&tag=b&https://evil.example=1"}
        done = await client.post(f"/w/{place.slug}/stars", data=form)
        assert done.headers["location"] == f"/w/{place.slug}/?tag=a&tag=b"
        form = {"unstar": str(one.id)}
        done = await client.post(f"/w/{place.slug}/stars", data=form)
        assert done.headers["location"] == f"/w/{place.slug}/prompts/{one.id}"
        assert rows((await client.get(f"/w/{place.slug}/?starred=true")).text) == []

    async def test_what_is_not_here_gets_no_star(self, client, database, place, viewer):
        theirs = await a_prompt(database, await a_workspace(database, "Other"))
        for star in (str(theirs.id), "no id", ""):
            done = await client.post(f"/w/{place.slug}/stars", data={"star": star})
            assert done.status_code == 404

    async def test_nobody_has_more_stars_than_can_be_looked_through(
        self, client, database, place, viewer, monkeypatch
    ):
        monkeypatch.setattr(service, "MOST_STARS", 1)
        for status in (303, 409):
            one = await a_prompt(database, place)
            done = await client.post(f"/w/{place.slug}/stars", data={"star": str(one.id)})
            assert done.status_code == status


class TestSavedViews:
    async def save(self, client, place, **form):
        return await client.post(f"/w/{place.slug}/views", data=form)

    async def test_a_view_is_saved_found_renamed_and_deleted(self, client, place, viewer):
        root = f"/w/{place.slug}"
        form = (await client.get(f"{root}/views/new?tag=a&tag=b&x=1&sort=title")).text
        assert 'value="tag=a&amp;tag=b&amp;sort=title"' in form
        done = await self.save(client, place, name=" My  view ", address="tag=a&tag=b&x=1")
        assert done.headers["location"] == f"{root}/?tag=a&tag=b"
        page = (await client.get(f"{root}/")).text
        assert f'href="{root}/?tag=a&amp;tag=b" title="My view"' in page
        again = await self.save(client, place, name="My view", address="q=new")
        assert again.status_code == 303, "the same name replaces it"
        listed = (await client.get(f"{root}/views")).text
        [view_id] = re.findall(rf"{root}/views/([0-9a-f-]+)/rename", listed)
        assert f"{root}/?q=new" in listed
        await client.post(f"{root}/views/{view_id}/rename", data={"name": "Newer"})
        assert "Newer" in (await client.get(f"{root}/views")).text
        await client.post(f"{root}/views/{view_id}/remove")
        assert "No view is saved yet" in (await client.get(f"{root}/views")).text

    async def test_ones_own_is_nobody_elses_and_a_shared_one_is_everybodys(
        self, client, database, place, viewer
    ):
        refused = await self.save(client, place, name="Ours", address="q=a", shared="true")
        assert refused.status_code == 403, "a viewer shares nothing"
        await self.save(client, place, name="Mine alone", address="q=a")
        [mine] = re.findall(
            r"/views/([0-9a-f-]+)/rename", (await client.get(f"/w/{place.slug}/views")).text
        )
        use(client, place.owner)
        assert "Mine alone" not in (await client.get(f"/w/{place.slug}/views")).text
        for what in ("rename", "remove"):
            done = await client.post(f"/w/{place.slug}/views/{mine}/{what}", data={"name": "x"})
            assert done.status_code == 404
        await self.save(client, place, name="For all", address="q=b", shared="true")
        [ours] = re.findall(
            r"/views/([0-9a-f-]+)/rename", (await client.get(f"/w/{place.slug}/views")).text
        )
        use(client, viewer)
        page = (await client.get(f"/w/{place.slug}/views")).text
        assert "For all" in page
        assert f"{ours}/rename" not in page
        done = await client.post(f"/w/{place.slug}/views/{ours}/remove")
        assert done.status_code == 403

    @pytest.mark.parametrize(
        ("form", "why"),
        [
            ({"name": "", "address": "q=a"}, "Enter a name."),
            ({"name": "x" * 61, "address": "q=a"}, "Use at most 60 characters."),
            ({"name": "x", "address": "page=2"}, "there is nothing to save"),
            ({"name": "x", "address": "q=" + "ä" * 400}, "too many filters"),
        ],
    )
    async def test_what_cannot_be_saved_says_why(self, client, place, viewer, form, why):
        refused = await client.post(f"/w/{place.slug}/views", data=form)
        assert refused.status_code == 422
        assert why in refused.text
