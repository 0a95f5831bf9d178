"""Back to where a label has been it always goes, at once; what is broken by that is said."""

from __future__ import annotations

import asyncio

import pytest

from app.db import locks
from app.domain.composition.guarding import Guard
from app.domain.versions.labels.labels import Labels
from app.domain.versions.service import Versions
from tests.support.builders import Quiet, a_member, a_prompt, a_workspace, as_member, use
from tests.support.rooms import FakeRooms

pytestmark = pytest.mark.anyio


class Hands:
    """A prompt's label `production` over REST."""

    def __init__(self, client, key, made):
        self.client, self.headers = client, key.headers
        self.prompt = f"/api/v1/prompts/{made.id}"
        self.url = f"{self.prompt}/labels/production"

    async def put(self, standing, **rollout):
        body = {"version": standing} | ({"rollout": rollout} if rollout else {})
        return await self.client.put(self.url, headers=self.headers, json=body)

    async def last(self):
        return (await self.client.get(self.url, headers=self.headers)).json()["items"][0]["id"]

    async def undo(self):
        body = {"move": await self.last()}
        return await self.client.post(f"{self.url}/undo", headers=self.headers, json=body)


@pytest.fixture
def hands(client, key):
    return lambda made: Hands(client, key, made)


@pytest.fixture
def taken_off(client, key):
    async def remove(made, label):
        url = f"/api/v1/prompts/{made.id}/labels/{label}?confirm=true"
        assert (await client.delete(url, headers=key.headers)).status_code == 204

    return remove


@pytest.fixture
async def broken(release, hands, taken_off):
    """`top` stands on v2; v1, where it was, includes what is gone since."""
    tone = await release("tone", "Be kind.", "eu")
    top = await release("top", "{{> tone@eu}}")
    await release("top", "Two")
    await taken_off(tone, "eu")
    return top


async def test_to_a_version_that_it_has_been_on_and_the_answer_warns(broken, hands, fetch):
    got = await hands(broken).put(1)
    assert (got.status_code, got.json()["version"]) == (200, 1)
    [warning] = got.json()["warnings"]
    assert (warning["code"], warning["reference"]) == ("reference_unresolved", "tone")
    assert (await fetch("top")).json()["code"] == "reference_unresolved"
    forward = await hands(broken).put(2)
    assert (forward.status_code, forward.json()["warnings"]) == (200, [])


async def test_what_it_has_not_been_on_is_refused_as_ever(broken, release, hands):
    await release("top", "{{> tone@eu}}!", "later", unchecked=True)
    got = await hands(broken).put(3)
    assert (got.status_code, got.json()["code"]) == (409, "reference_unresolved")
    got = await hands(broken).put(1, version=3, percent=10)
    assert got.status_code == 409
    other = f"{hands(broken).prompt}/labels/staging"
    got = await hands(broken).client.put(other, headers=hands(broken).headers, json={"version": 1})
    assert got.status_code == 409  # under another label it has never been


async def test_whom_it_breaks_is_named(release, hands):
    """Two who broke at once; only the first would be told by a refusal."""
    tone = await release("tone", "1")
    await release("tone", "2")
    for name in ("a", "b"):
        await release(name, "{{> tone}}", "later")
    await release("tone", "{{> a@later}}", "odd", unchecked=True)
    await hands(tone).put(1)
    got = await hands(tone).put(2)
    assert got.json()["warnings"] == []
    # as if it had been in production before anybody included it
    await release("tone", "{{> a@later}}!", "production", unchecked=True)
    await hands(tone).put(1)
    got = await hands(tone).put(4)
    assert got.status_code == 200
    told = [one["detail"] for one in got.json()["warnings"]]
    assert [one["code"] for one in got.json()["warnings"]] == ["reference_cycle"] * len(told)
    assert any("tone includes itself: tone → a → tone" in one for one in told)
    assert any(one.startswith("a could not be fetched under later") for one in told)
    assert any(one.startswith("b could not be fetched under later") for one in told)


async def test_a_broken_candidate_of_what_it_includes_stops_nobody(
    release, hands, taken_off, fetch
):
    extra = await release("extra", "E", "eu")
    tone = await release("tone", "1")
    await release("tone", "{{> extra@eu}}", "later")
    assert (await hands(tone).put(1, version=2, percent=10)).status_code == 200
    top = await release("top", "{{> tone}}")
    await release("top", "{{> tone}} two")
    await taken_off(extra, "eu")
    got = await hands(top).put(1)
    assert (got.status_code, got.json()["version"]) == (200, 1)
    [warning] = got.json()["warnings"]
    assert warning["detail"].startswith("Whoever is given a candidate could not fetch it.")
    assert (await fetch("top")).json()["text"] == "1"
    await release("top", "{{> tone}} three", "later", unchecked=True)
    assert (await hands(top).put(3)).status_code == 409


async def test_out_of_a_rollout_it_goes_and_further_into_it_it_does_not(release, hands, taken_off):
    extra = await release("extra", "E", "eu")
    tone = await release("tone", "1")
    await release("tone", "{{> extra@eu}}", "later")
    hand = hands(tone)
    assert (await hand.put(1, version=2, percent=10)).status_code == 200
    await taken_off(extra, "eu")
    assert (await hand.put(1, version=2, percent=20)).status_code == 409
    assert (await hand.put(2)).status_code == 409  # to everybody: it never was
    less = await hand.put(1, version=2, percent=5)
    assert (less.status_code, len(less.json()["warnings"])) == (200, 1)
    stopped = await hand.put(1)
    assert (stopped.status_code, stopped.json()["warnings"]) == (200, [])
    undone = await hand.undo()  # the stop: 5 % get the candidate again
    assert (undone.status_code, len(undone.json()["warnings"])) == (200, 1)
    assert undone.json()["items"][0]["to_rollout"]["percent"] == 5


async def test_undoing_the_first_placing_takes_it_off_all_the_same(release, hands, fetch):
    tone = await release("tone", "1")
    await release("top", "{{> tone@production}}")
    got = await hands(tone).undo()
    assert got.status_code == 200
    [warning] = got.json()["warnings"]
    assert warning["detail"].startswith("top could not be fetched under production any more.")
    assert (await fetch("tone")).status_code == 404
    again = await hands(tone).undo()
    assert (again.status_code, again.json()["warnings"]) == (200, [])
    assert (await fetch("top")).json()["text"] == "1"


async def test_many_at_once_are_taken_back_and_what_is_broken_is_told(
    broken, release, hands, client, key, database, place
):
    hand = hands(broken)
    await hand.put(1)
    label = {"prompt_id": str(broken.id), "do": "label", "value": "production"}
    done = await client.post("/api/v1/prompts/bulk", headers=hand.headers, json={"steps": [label]})
    assert (done.json()["changed"], done.json()["warnings"]) == (1, [])
    [step] = done.json()["undo"]
    use(client, await a_member(database, place))
    form = {"back": f"{step['prompt_id']} {step['do']} {step['value']}"}
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    toast = await client.post(f"/w/{place.slug}/bulk", data=form, headers=headers)
    assert "Undone for 1 prompt" in toast.text
    assert "top includes tone, which has nothing under the label eu." in toast.text


async def test_pages_warn_and_go_on(broken, hands, client, database, place):
    use(client, await a_member(database, place))
    base = f"/w/{place.slug}/prompts/{broken.id}"
    form = {"label": "production", "version": "1"}
    moved = await client.post(f"{base}/labels", data=form)
    assert moved.status_code == 303
    page = (await client.get(moved.headers["Location"])).text
    assert "programs cannot be given everything" in page
    assert "top includes tone, which has nothing under the label eu." in page
    form = {"move": await hands(broken).last()}
    undone = await client.post(f"{base}/labels/production/undo", data=form)
    page = (await client.get(undone.headers["Location"])).text
    assert "production is on v2" in page
    assert "programs cannot be given everything" not in page
    form = {"move": await hands(broken).last()}
    undone = await client.post(f"{base}/labels/production/undo", data=form)
    assert (
        "programs cannot be given everything" in (await client.get(undone.headers["Location"])).text
    )


async def test_it_waits_for_nobody_who_is_being_judged(either_url):
    """Somebody else's move holds the lock of the workspace; this one needs none."""
    from app.db.engine import Database

    database = Database(either_url).everywhere()
    place = await a_workspace(database)
    caller = await as_member(database, place, place.owner)
    rooms = FakeRooms()
    made = await a_prompt(database, place, "top")
    rooms.open(made.room_id, "{{> none}}")
    loose = Versions(database, caller, rooms)  # nobody looks
    await loose.publish(made.id, "m", ["production"])
    rooms.write(made.room_id, "Two", caller.actor)
    await loose.publish(made.id, "m", ["production"])
    is_shared = either_url.startswith("postgresql")
    async with database.transaction(write=is_shared) as other:
        if is_shared:
            await locks.hold(other, f"composition {caller.workspace_id}")

        async def back():
            async with database.within(caller).transaction() as tx:
                return await Labels(tx, caller, Quiet(), Guard()).move(made.id, "production", 1)

        moved = await asyncio.wait_for(back(), 3)
    assert moved.label.number == 1
    assert [one.code for one in moved.warnings] == ["reference_unresolved"]
    await database.close()
