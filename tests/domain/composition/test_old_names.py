"""Old names that released prompts include by: nobody takes them, and nobody lets go of them."""

from __future__ import annotations

import asyncio
import html

import pytest

from app.domain.composition.given.queries import given_with
from app.domain.composition.guarding import Guard
from app.domain.exchange.imports.importing import Importer
from app.domain.exchange.views import OUT
from app.domain.prompts.errors import OldNameIncluded
from app.domain.prompts.old_names import OldNames
from app.domain.prompts.service import Details, NewPrompt, Prompts
from app.domain.versions.labels.labels import Labels
from app.domain.versions.labels.rollouts import Wanted
from app.domain.versions.service import Versions
from tests.support.builders import Quiet, a_member, a_prompt, a_workspace, as_member, use
from tests.support.counting import statements
from tests.support.rooms import FakeRooms

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tone(release, rename):
    """`voice`, which was called `policy/tone`; `bot/main` includes it by that in production."""
    made = await release("policy/tone", "Be kind.")
    await release("bot/main", "{{> policy/tone@v1}} Go.")
    await rename(made, "voice")
    return made


@pytest.fixture
def rename(client, key):
    async def rename(made, name):
        url = f"/api/v1/prompts/{made.id}"
        answer = await client.patch(url, headers=key.headers, json={"name": name})
        assert answer.status_code == 200, answer.text

    return rename


@pytest.fixture
def refused(fetch, client, key, tone):
    async def refused(answer):
        assert (answer.status_code, answer.json()["code"]) == (409, "old_name_included")
        assert answer.json()["dependants"] == ["bot/main"]
        assert "bot/main includes another prompt by its old name policy/tone" in answer.text
        assert (await fetch("bot/main")).json()["text"] == "Be kind. Go."
        names = await client.get(f"/api/v1/prompts/{tone.id}/names", headers=key.headers)
        assert [one["name"] for one in names.json()["items"]] == ["policy/tone"]

    return refused


class TestOverRest:
    async def test_making_a_prompt_of_that_name(self, client, key, refused):
        new = {"name": "policy/tone", "text": "Be evil."}
        await refused(await client.post("/api/v1/prompts", headers=key.headers, json=new))

    @pytest.mark.parametrize("more", [{}, {"text": "Be evil."}])
    async def test_renaming_one_to_it(self, client, key, release, refused, more):
        url = f"/api/v1/prompts/{(await release('other', 'Be evil.')).id}"
        headers = {
            **key.headers,
            "If-Match": (await client.get(url, headers=key.headers)).headers["ETag"],
        }
        change = {"name": "policy/tone", **more}
        await refused(await client.patch(url, headers=headers, json=change))
        assert (await client.get(url, headers=key.headers)).json()["name"] == "other"

    async def test_releasing_it(self, client, key, tone, refused):
        url = f"/api/v1/prompts/{tone.id}/names/policy/tone"
        await refused(await client.delete(url, headers=key.headers))

    async def test_importing_one(self, client, key, refused):
        for query in ("?dry_run=true", ""):
            answer = await client.post(
                f"/api/v1/import{query}",
                headers={**key.headers, "Content-Type": "application/octet-stream"},
                content=b"---\nname: policy/tone\n---\nBe evil.\n",
            )
            await refused(answer)

    async def test_its_own_prompt_takes_it_back(self, client, tone, rename, fetch):
        await rename(tone, "policy/tone")
        assert (await fetch("bot/main")).json()["text"] == "Be kind. Go."

    async def test_with_the_new_name_released_it_is_free(self, client, key, tone, release, fetch):
        await release("bot/main", "{{> voice@v1}} Go.")
        new = {"name": "policy/tone", "text": "Be evil."}
        made = await client.post("/api/v1/prompts", headers=key.headers, json=new)
        assert made.status_code == 201
        assert (await fetch("bot/main")).json()["text"] == "Be kind. Go."

    async def test_archived_it_keeps_name_and_old_names(self, client, key, tone, refused):
        """There is no other way for a prompt to go."""
        url = f"/api/v1/prompts/{tone.id}"
        assert (await client.delete(url, headers=key.headers)).status_code == 204
        new = {"name": "voice", "text": "Be evil."}
        taken = await client.post("/api/v1/prompts", headers=key.headers, json=new)
        assert (taken.status_code, taken.json()["code"]) == (409, "prompt_name_taken")
        new["name"] = "policy/tone"
        await refused(await client.post("/api/v1/prompts", headers=key.headers, json=new))


class TestOnThePage:
    @pytest.fixture
    async def url(self, client, database, place, tone):
        use(client, await a_member(database, place))
        return f"/w/{place.slug}/prompts"

    async def test_making_and_renaming_say_it_at_the_field(self, client, url, release):
        other = await release("other", "Be evil.")
        made = await client.post(url, data={"title": "Tone", "name": "policy/tone"})
        changed = await client.post(f"{url}/{other.id}/details", data={"name": "policy/tone"})
        for answer in (made, changed):
            assert answer.status_code == 422
            assert "bot/main includes another prompt by its old name" in html.unescape(answer.text)

    async def test_releasing(self, client, url, tone, fetch):
        data = {"old_name": "policy/tone"}
        answer = await client.post(f"{url}/{tone.id}/names/release", data=data)
        assert answer.status_code == 409
        assert "bot/main includes another prompt by its old name" in html.unescape(answer.text)
        assert (await fetch("bot/main")).json()["text"] == "Be kind. Go."


class TestImportingOnThePage:
    async def test_the_preview_says_it_of_the_file(self, client, database, place, tone, fetch):
        use(client, await a_member(database, place))
        parts = [
            ("file", ("other.prompt", b"---\nname: other\n---\nFine.\n")),
            ("file", ("tone.prompt", b"---\nname: policy/tone\n---\nBe evil.\n")),
        ]
        brought = await client.post(f"/w/{place.slug}/import", files=parts)
        assert brought.status_code == 303
        shown = html.unescape((await client.get(brought.headers["location"])).text)
        assert "bot/main includes another prompt by its old name policy/tone" in shown
        assert "other.prompt" in shown
        out = await client.post(f"{brought.headers['location']}/check", data={"format-1": OUT})
        shown = html.unescape((await client.get(out.headers["location"])).text)
        assert "old name policy/tone" not in shown


class Shelf:
    """Prompts with versions, on either database."""

    def __init__(self, database, caller):
        self.database, self.caller = database, caller
        self.rooms, self.made = FakeRooms(), {}

    async def publish(self, place, name, text, *labels):
        if name not in self.made:
            self.made[name] = await a_prompt(self.database, place, name, text=text)
        self.rooms.open(self.made[name].room_id, text, self.caller.actor)
        versions = Versions(self.database, self.caller, self.rooms, composition=Guard())
        await versions.publish(self.made[name].id, "m", labels)

    def transaction(self):
        return self.database.within(self.caller).transaction()

    def prompts(self, tx):
        return Prompts(tx, self.caller, Quiet(), Guard())

    async def take(self, name="was"):
        async with self.transaction() as tx:
            await self.prompts(tx).create(NewPrompt(name=name))


@pytest.fixture
async def place_there(either):
    return await a_workspace(either)


@pytest.fixture
async def shelf(either, place_there):
    """`part` was called `was`."""
    shelf = Shelf(either, await as_member(either, place_there, place_there.owner))
    await shelf.publish(place_there, "was", "P", "production")
    return shelf


async def let_it_be(shelf):
    async with shelf.transaction() as tx:
        await shelf.prompts(tx).change(shelf.made["was"].id, Details(name="part"))


async def dependants(shelf):
    with pytest.raises(OldNameIncluded) as caught:
        await shelf.take()
    return caught.value.extra["dependants"]


class TestWhatIsGiven:
    """The query, on both databases."""

    async def test_under_a_label_by_its_candidate_and_as_the_newest(self, shelf, place_there):
        for name in ("label", "candidate"):
            await shelf.publish(place_there, name, "Before", "production")
            await shelf.publish(place_there, name, "{{> was}}")
            await shelf.publish(place_there, name, "After")
        await shelf.publish(place_there, "newest", "{{> was@latest}}")
        await shelf.publish(place_there, "no-more", "{{> was@v1}}", "production")
        await shelf.publish(place_there, "no-more", "Without", "production")
        async with shelf.transaction() as tx:
            labels = Labels(tx, shelf.caller, Quiet(), Guard())
            await labels.move(shelf.made["label"].id, "eu", 2)
            await labels.split(shelf.made["candidate"].id, "production", Wanted(2, 10))
        await let_it_be(shelf)
        assert await dependants(shelf) == ["candidate", "label", "newest"]

    @pytest.mark.parametrize("pin", ["v1", "1", "v001"])
    async def test_an_older_version_that_others_include_by_its_number(
        self, shelf, place_there, pin
    ):
        await shelf.publish(place_there, "deep", "{{> was@v1}}")
        await shelf.publish(place_there, "deep", "Without")
        await shelf.publish(place_there, "mid-was", f"{{{{> deep@{pin}}}}}")
        await shelf.publish(place_there, "mid-was", "Without")
        await shelf.publish(place_there, "top", "{{> mid-was@v1}}", "production")
        async with shelf.transaction() as tx:
            change = Details(name="mid")
            await shelf.prompts(tx).change(shelf.made["mid-was"].id, change)
        await let_it_be(shelf)
        assert await dependants(shelf) == ["top"]

    async def test_other_versions_and_other_workspaces_do_not_count(self, shelf, place_there):
        await shelf.publish(place_there, "deep", "{{> was@v1}}", "production")
        await shelf.publish(place_there, "deep", "Without", "production")
        await shelf.publish(place_there, "top", "{{> deep@v2}}{{> deep@latest}}", "production")
        other = await a_workspace(shelf.database, "Other")
        theirs = Shelf(shelf.database, await as_member(shelf.database, other, other.owner))
        await theirs.publish(other, "was", "P", "production")
        await theirs.publish(other, "top", "{{> was}}", "production")
        await theirs.publish(other, "top", "{{> deep@v1}}")
        await let_it_be(shelf)
        await shelf.take()
        async with shelf.transaction() as tx:
            assert await given_with(tx, shelf.caller, "was", 9) == []
        async with theirs.transaction() as tx:
            assert await given_with(tx, theirs.caller, "was", 9) == ["top"]

    async def test_many_are_named_in_part(self, shelf, place_there):
        for number in range(22):
            await shelf.publish(place_there, f"a/{number:02}", "{{> was}}", "production")
        await let_it_be(shelf)
        assert await dependants(shelf) == [f"a/{number:02}" for number in range(20)]

    async def test_an_import_takes_none(self, shelf, place_there):
        await shelf.publish(place_there, "top", "{{> was}}", "production")
        await let_it_be(shelf)
        files = [("was.prompt", b"---\nname: was\n---\nEvil\n")]
        for is_rehearsal in (True, False):
            with pytest.raises(OldNameIncluded):
                await Importer(shelf.database, shelf.caller, None).files(
                    files, "skip", is_rehearsal=is_rehearsal
                )
        await shelf.publish(place_there, "top", "{{> part}}", "production")
        [item] = await Importer(shelf.database, shelf.caller, None).files(files, "skip")
        assert item.action == "create"
        async with shelf.transaction() as tx:
            assert not await OldNames(tx, shelf.caller).of(shelf.made["was"].id)

    async def test_a_release_that_comes_first_is_seen(self, shelf, place_there):
        """Whoever takes the name waits for a label that is being moved, and looks then."""
        await shelf.publish(place_there, "top", "{{> was}}")
        await shelf.publish(place_there, "top", "Without")
        await let_it_be(shelf)
        async with asyncio.TaskGroup() as tasks, shelf.transaction() as tx:
            labels = Labels(tx, shelf.caller, Quiet(), Guard())
            await labels.move(shelf.made["top"].id, "eu", 1)
            taking = tasks.create_task(dependants(shelf))
            await asyncio.sleep(0.2)
            assert not taking.done()
        assert taking.result() == ["top"]


class TestCost:
    async def test_where_no_old_name_stands_nobody_is_asked(self, shelf):
        with statements(shelf.database) as seen:
            await shelf.take("new")
        assert not [one for one in seen if "inclusions" in one]

    async def test_one_statement_looks(self, shelf, place_there):
        await shelf.publish(place_there, "top", "Before")
        await let_it_be(shelf)
        with statements(shelf.database) as seen:
            await shelf.take()
        assert len([one for one in seen if "inclusions" in one]) == 1
