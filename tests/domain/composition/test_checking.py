"""What may not be saved: circles, what is too deep or too large, and what others would miss."""

from __future__ import annotations

import asyncio

import pytest

from app.domain.composition import checking
from app.domain.composition.guarding import Guard
from app.domain.releases import composing
from app.domain.releases.errors import ReferenceCycle
from app.domain.versions.labels.labels import Labels
from app.domain.versions.service import Versions
from tests.support.builders import Quiet, a_prompt, a_workspace, as_member
from tests.support.counting import statements
from tests.support.rooms import FakeRooms

pytestmark = pytest.mark.anyio


@pytest.fixture
def save(client, key, release):
    """Publishes a text under labels, or says why not."""

    async def publish(name, text, *labels):
        made = await release(name, "Before.", "before")
        url = f"/api/v1/prompts/{made.id}"
        await client.patch(url, headers=key.headers, json={"text": text})
        body = {"message": "m", "labels": list(labels)}
        return await client.post(f"{url}/versions", headers=key.headers, json=body)

    return publish


@pytest.fixture
def move(client, key):
    async def put(made, label, number, candidate=None):
        url = f"/api/v1/prompts/{made.id}/labels/{label}"
        rollout = {"version": candidate, "percent": 10} if candidate else None
        body = {"version": number, "rollout": rollout} if rollout else {"version": number}
        return await client.put(url, headers=key.headers, json=body)

    return put


async def test_very_long_dependants_are_not_all_looked_at(release, move, monkeypatch):
    """The label's transaction is what others wait for."""
    looked = []

    async def counted(*arguments):
        looked.append(arguments[0].name)
        return await composing.composed(*arguments)

    monkeypatch.setattr(checking, "composed", counted)
    part = await release("part", "p")
    for number in range(4):
        await release(f"a/{number}", "{{> part}}")
    looked.clear()
    await move(part, "eu", 1)
    assert looked == ["part", "a/0", "a/1", "a/2", "a/3"]
    looked.clear()
    monkeypatch.setattr(checking, "SECONDS", -1.0)
    assert (await move(part, "us", 1)).status_code == 200
    assert looked == ["part"]


class TestCircles:
    async def test_the_chain_is_named_and_nothing_is_saved(self, client, key, release, save, fetch):
        await release("b", "B")
        await release("a", "{{> b}}")
        got = await save("b", "{{> a}}", "production")
        assert (got.status_code, got.json()["code"]) == (409, "reference_cycle")
        assert "b → a → b" in got.json()["detail"]
        assert (await fetch("a")).json()["text"] == "B"
        latest = await fetch("b", "?label=latest")
        assert latest.json()["text"] == "Before."

    async def test_a_prompt_that_includes_itself_is_no_version(self, save):
        got = await save("a", "{{> a}}")
        assert (got.status_code, got.json()["code"]) == (409, "reference_cycle")

    async def test_a_label_is_not_moved_into_a_circle_nor_rolled_back(self, release, move, fetch):
        b = await release("b", "B")
        await release("a", "{{> b}}", "eu")
        await release("b", "{{> a@eu}}", "later", unchecked=True)
        got = await move(b, "production", 2)
        assert (got.status_code, got.json()["chain"]) == (409, ["b", "a", "b"])
        assert (await fetch("a", "?label=eu")).json()["text"] == "B"

    async def test_only_somebody_elses_label_makes_the_circle(self, release, move):
        """`b` alone is fine; what includes it would be asked for by a label that closes it."""
        b = await release("b", "B")
        await release("top", "T")
        await release("mid", "M")
        await release("b", "{{> mid@eu}}", "later", unchecked=True)
        await release("top", "{{> b}}", "eu")
        await release("mid", "{{> top}}", "eu", unchecked=True)
        got = await move(b, "production", 2)
        assert got.status_code == 409
        assert "could not be fetched under eu any more." in got.json()["detail"]

    async def test_two_at_once_make_none(self, either_url):
        """Each looks for itself; the lock makes the second one see what the first one did."""
        from app.db.engine import Database

        database = Database(either_url).everywhere()
        place = await a_workspace(database)
        caller = await as_member(database, place, place.owner)
        rooms, made = FakeRooms(), {}
        for name, other in (("a", "b"), ("b", "a")):
            made[name] = await a_prompt(database, place, name)
            rooms.open(made[name].room_id, "plain")
            versions = Versions(database, caller, rooms, composition=Guard())
            await versions.publish(made[name].id, "m", ["production"])
            rooms.write(made[name].room_id, f"{{{{> {other}}}}}", caller.actor)
            await Versions(database, caller, rooms).publish(made[name].id, "m")

        async def move(name):
            async with database.within(caller).transaction() as tx:
                await Labels(tx, caller, Quiet(), Guard()).move(made[name].id, "production", 2)

        done = await asyncio.wait_for(
            asyncio.gather(move("a"), move("b"), return_exceptions=True), 10
        )
        assert sorted(type(one) for one in done if one) == [ReferenceCycle]
        await database.close()


class TestCandidates:
    """Where a label splits both versions are judged, of the prompt that moves and of others."""

    async def test_one_that_cannot_be_put_together_is_not_rolled_out(self, release, move, fetch):
        a = await release("a", "One")
        await release("a", "{{> missing}}", "later", unchecked=True)
        got = await move(a, "production", 1, 2)
        assert (got.status_code, got.json()["code"]) == (409, "reference_unresolved")
        assert got.json()["reference"] == "missing"
        assert (await fetch("a")).json()["rollouts"] == []
        await release("missing", "M")
        assert (await move(a, "production", 1, 2)).status_code == 200

    async def test_one_that_breaks_what_includes_it_is_refused_with_the_chain(self, release, move):
        b = await release("b", "B")
        await release("a", "{{> b}}")
        await release("b", "{{> a}}", "later", unchecked=True)
        got = await move(b, "production", 1, 2)
        assert (got.status_code, got.json()["code"]) == (409, "reference_cycle")
        assert got.json()["chain"] == ["b", "a", "b"]
        assert "Whoever is given a candidate could not fetch it." in got.json()["detail"]

    async def test_a_move_that_closes_a_circle_through_anothers_candidate(self, release, move):
        """The standing versions fit together, and so do both candidates."""
        a = await release("a", "A")
        b = await release("b", "B")
        await release("b", "{{> a}}", "later")
        assert (await move(b, "production", 1, 2)).status_code == 200
        await release("a", "{{> b}}", "later", unchecked=True)
        await release("a", "A again", "later")
        got = await move(a, "production", 2)
        assert (got.status_code, got.json()["code"]) == (409, "reference_cycle")
        got = await move(a, "production", 2, 3)
        assert got.status_code == 409
        assert (await move(a, "production", 1, 3)).status_code == 200

    async def test_a_label_that_only_a_candidate_needs_stays(self, client, key, release, move):
        tone = await release("tone", "Be kind.", "eu")
        a = await release("a", "One")
        await release("a", "{{> tone@eu}}", "later")
        assert (await move(a, "production", 1, 2)).status_code == 200
        for label, dependants in (("later", None), ("eu", ["a"])):
            owner = a if label == "later" else tone
            url = f"/api/v1/prompts/{owner.id}/labels/{label}"
            got = await client.delete(url, headers=key.headers)
            assert got.status_code == (409 if dependants else 204)
            assert dependants is None or got.json()["dependants"] == dependants

    async def test_nothing_that_splits_costs_nothing(self, app, release, move):
        tone = await release("tone", "1")
        await release("tone", "2", "later")
        await release("tone", "3", "later")
        await release("a", "{{> tone}}")
        costs = []
        for number, candidate in ((2, None), (3, None), (3, 1)):
            with statements(app.state.database, of_requests=True) as seen:
                assert (await move(tone, "production", number, candidate)).status_code == 200
            costs.append(len(seen))
        assert costs[0] == costs[1] < costs[2] < 2 * costs[0]


class TestBounds:
    async def test_what_includes_it_would_be_too_deep(self, release, move, monkeypatch):
        monkeypatch.setattr(composing, "DEEPEST", 2)
        c = await release("c", "C")
        await release("d", "D")
        await release("c", "{{> d}}", "later")
        await release("b", "{{> c}}")
        await release("a", "{{> b}}")
        got = await move(c, "production", 2)
        assert (got.status_code, got.json()["code"]) == (409, "reference_cycle")
        assert "a → b → c → d" in got.json()["detail"]

    async def test_too_large(self, release, save, monkeypatch):
        monkeypatch.setattr(composing, "LONGEST", 500)
        await release("big", "x" * 300)
        got = await save("a", "{{> big}}{{> big}}", "production")
        assert (got.status_code, got.json()["code"]) == (409, "references_too_large")


class TestWhatIsMissing:
    async def test_a_version_may_have_it_and_a_label_may_not(self, save, fetch):
        assert (await save("a", "{{> none@eu}}")).status_code == 201
        got = await save("a", "{{> none@eu}}!", "production")
        assert (got.status_code, got.json()["code"]) == (409, "reference_unresolved")
        assert got.json()["reference"] == "none"

    async def test_a_label_that_others_need_goes_only_when_that_is_confirmed(
        self, client, key, release, fetch
    ):
        tone = await release("tone", "Be kind.", "eu")
        await release("a", "{{> tone@eu}}")
        await release("b", "{{> tone@eu}}", "draft-only")
        url = f"/api/v1/prompts/{tone.id}/labels/eu"
        got = await client.delete(url, headers=key.headers)
        assert (got.status_code, got.json()["code"]) == (409, "still_included")
        assert got.json()["dependants"] == ["a", "b"]
        assert (await fetch("a")).status_code == 200
        assert (await client.delete(f"{url}?confirm=true", headers=key.headers)).status_code == 204
        assert (await fetch("a")).json()["code"] == "reference_unresolved"

    async def test_what_was_broken_before_stops_nobody(self, release, move):
        tone = await release("tone", "1")
        await release("tone", "2")
        await release("a", "{{> tone}}{{> missing}}", unchecked=True)
        assert (await move(tone, "production", 1)).status_code == 200
