"""A label that splits: who gets which version, from memory and from the database alike."""

from __future__ import annotations

import pytest

from app.kit.rollouts import Rollout, bucket
from tests.support.builders import a_key, a_member, a_workspace, use
from tests.support.counting import statements

pytestmark = pytest.mark.anyio

KEYS = [f"user-{number}" for number in range(10_000)]


class TestWhoGetsIt:
    def test_the_figures_of_the_documentation(self):
        assert [bucket("9f2c61d07ab3e845", one) for one in ("user-1", "ünïcödé", "")] == [
            6111,
            6954,
            5496,
        ]

    def test_ten_thousand_keys_fall_as_they_should(self):
        taken = {
            percent: {key for key in KEYS if Rollout(2, percent * 100, "seed").takes(key)}
            for percent in (1, 10, 50, 90)
        }
        assert {percent: len(found) for percent, found in taken.items()} == {
            1: 112,
            10: 1024,
            50: 4972,
            90: 9013,
        }
        for percent, found in taken.items():  # within four standard deviations
            assert abs(len(found) - percent * 100) < 4 * (percent * (100 - percent)) ** 0.5
        # raising moves keys to the candidate and none back
        assert taken[1] < taken[10] < taken[50] < taken[90]

    def test_another_rollout_begins_with_others_and_nobody_without_a_key(self):
        first, second = ({k for k in KEYS if Rollout(2, 1000, s).takes(k)} for s in ("a", "b"))
        assert len(first & second) < 150  # a tenth of a tenth is 100
        assert not Rollout(2, 9999, "a").takes("")


class Split:
    """One prompt, v1 in production and v2 for some."""

    def __init__(self, client, key, made):
        self.client, self.key = client, key
        self.url = f"/api/v1/prompts/{made.id}/labels/production"

    async def put(self, standing, **rollout):
        body = {"version": standing} | ({"rollout": rollout} if rollout else {})
        return await self.client.put(self.url, headers=self.key.headers, json=body)

    async def begin(self, percent=50.0):
        found = (await self.put(1, version=2, percent=percent)).json()["rollout"]
        return Rollout(found["version"], round(found["percent"] * 100), found["seed"])

    async def history(self):
        return (await self.client.get(self.url, headers=self.key.headers)).json()["items"]


@pytest.fixture
async def split(client, key, release):
    made = await release("a", "One")
    await release("a", "Two", "staging")
    return Split(client, key, made)


def one_of_each(rollout):
    """A key that gets the standing version, and one that gets the candidate."""
    return [next(k for k in KEYS if rollout.takes(k) is side) for side in (False, True)]


class TestFetching:
    async def test_each_key_its_version_on_both_roads(self, app, split, fetch):
        rollout = await split.begin()
        for key in KEYS[:40]:
            assert (await fetch("a", f"?key={key}")).json()["version"] == 1 + rollout.takes(key)
        with statements(app.state.database, of_requests=True) as seen:
            for key in KEYS[:40]:
                got = await fetch("a", **{"Promptroom-Sticky-Key": key})
                assert got.json()["version"] == 1 + rollout.takes(key)
        assert seen == []

    async def test_the_answer_says_so_and_each_side_has_its_etag(self, split, fetch):
        rollout = await split.begin(12.5)
        standing, candidate = [await fetch("a", f"?key={k}") for k in one_of_each(rollout)]
        plain = await fetch("a")
        assert plain.content == standing.content  # without a key the standing version
        told = {"name": "a", "label": "production", "version": 1, "candidate": 2, "percent": 12.5}
        told |= {"seed": rollout.seed, "is_candidate": True}
        assert candidate.json()["rollouts"] == [told]
        assert candidate.headers["Vary"] == "Promptroom-Sticky-Key"
        key = one_of_each(rollout)[1]
        for etag, status in ((candidate, 304), (standing, 200)):
            sent = {"If-None-Match": etag.headers["ETag"]}
            assert (await fetch("a", f"?key={key}", **sent)).status_code == status

    async def test_a_key_is_the_same_in_address_and_header(self, split, fetch):
        await split.begin()
        for key, written in (("José", "Jos%C3%A9"), ("a b", "a+b")):
            by_query = await fetch("a", f"?key={written}")
            by_header = await fetch("a", **{"Promptroom-Sticky-Key": key.encode()})
            assert by_query.json() == by_header.json()

    async def test_a_key_with_nul_is_refused_also_from_memory(self, split, fetch):
        assert (await fetch("a")).status_code == 200
        refused = await fetch("a", "?key=a%00b")
        assert (refused.status_code, refused.json()["code"]) == (422, "nul_character")

    async def test_steps_are_seen_at_once(self, split, fetch):
        rollout = await split.begin(10)
        key = next(k for k in KEYS if 1000 <= bucket(rollout.seed, k) < 5000)
        assert (await fetch("a", f"?key={key}")).json()["version"] == 1
        assert await split.begin(50) == Rollout(2, 5000, rollout.seed)  # the seed stays
        assert (await fetch("a", f"?key={key}")).json()["version"] == 2
        await split.put(1)  # stopped: all back
        assert (await fetch("a", f"?key={key}")).json()["version"] == 1
        await split.begin(50)
        promoted = await split.put(2)
        assert promoted.json()["rollout"] is None
        assert (await fetch("a")).json()["version"] == 2
        assert (await fetch("a")).json()["rollouts"] == []

    async def test_bundle_and_render_know_the_key(self, client, key, split, place):
        rollout = await split.begin()
        for version, sticky in enumerate(one_of_each(rollout), 1):
            page = await client.get(f"/api/v1/bundle?key={sticky}", headers=key.headers)
            assert [one["version"] for one in page.json()["items"]] == [version]
            url = f"/api/v1/fetch/a/render?key={sticky}"
            done = await client.post(url, headers=key.headers, json={})
            assert done.json()["version"] == version


class TestComposition:
    async def test_an_included_prompt_splits_by_the_same_key(self, app, release, split, fetch):
        await release("outer", "Before {{> a}}")
        rollout = await split.begin()
        standing, candidate = one_of_each(rollout)
        for _ in range(2):
            assert (await fetch("outer", f"?key={standing}")).json()["text"] == "Before One"
            got = (await fetch("outer", f"?key={candidate}")).json()
            assert (got["text"], got["version"]) == ("Before Two", 1)
            assert [one["name"] for one in got["rollouts"]] == ["a"]
        with statements(app.state.database, of_requests=True) as seen:
            await fetch("outer", f"?key={standing}")
        assert seen == []
        await split.put(1)
        assert (await fetch("outer", f"?key={candidate}")).json()["text"] == "Before One"

    async def test_a_candidate_that_cannot_be_put_together_hurts_its_own_alone(
        self, client, key, release, split, fetch
    ):
        tone = await release("tone", "T")
        await release("a", "{{> tone}}", "staging")
        found = (await split.put(1, version=3, percent=50)).json()["rollout"]
        gone = f"/api/v1/prompts/{tone.id}/labels/production?confirm=true"
        assert (await client.delete(gone, headers=key.headers)).status_code == 204
        standing, candidate = one_of_each(Rollout(3, 5000, found["seed"]))
        refused = await fetch("a", f"?key={candidate}")
        assert (refused.status_code, refused.json()["code"]) == (409, "reference_unresolved")
        assert (await fetch("a", f"?key={standing}")).json()["text"] == "One"


class TestRules:
    @pytest.mark.parametrize(
        ("rollout", "field"),
        [
            ({"version": 1, "percent": 10}, "rollout.version"),
            ({"version": 2, "percent": 0}, "rollout.percent"),
            ({"version": 2, "percent": 100}, "rollout.percent"),
            ({"version": 2, "percent": 10.05}, "rollout.percent"),
        ],
    )
    async def test_what_is_no_rollout_is_told(self, split, rollout, field):
        refused = await split.put(1, **rollout)
        assert refused.json()["code"] == "rollout_refused"
        assert [one["key"] for one in refused.json()["errors"]] == [field]

    async def test_a_candidate_is_a_version_of_the_prompt(self, split):
        assert (await split.put(1, version=3, percent=10)).status_code == 404

    async def test_protection_and_walls_hold(self, client, database, place, split):
        use(client, place.owner)
        where = f"/w/{place.slug}/settings/labels"
        await client.post(where, data={"label": "production", "role": "admin"})
        assert (await split.put(1, version=2, percent=10)).json()["code"] == "label_protected"
        other = await a_key(database, await a_workspace(database, "Other"))
        body = {"version": 1, "rollout": {"version": 2, "percent": 10}}
        refused = await client.put(split.url, headers=other.headers, json=body)
        assert refused.status_code == 404
        use(client, await a_member(database, place, "viewer"))

    async def test_every_step_is_in_the_history(self, client, key, split):
        await split.begin(10)
        await split.begin(50)
        await split.begin(50)  # nothing new
        await split.put(2)
        told = [
            [
                one[f"{side}_rollout"] and one[f"{side}_rollout"]["percent"]
                for side in ("from", "to")
            ]
            for one in await split.history()
        ]
        assert told == [[50, None], [10, 50], [None, 10], [None, None]]
        shown = await client.get(split.url.partition("/labels")[0], headers=key.headers)
        assert shown.json()["rollouts"] == {}

    async def test_undo_brings_back_who_had_it(self, client, key, split):
        begun = await split.begin(10)
        await split.put(1)  # stopped: the next rollout would have a seed of its own
        last = (await split.history())[0]["id"]
        undone = await client.post(f"{split.url}/undo", headers=key.headers, json={"move": last})
        assert undone.status_code == 200, undone.text
        assert await split.begin(20) == Rollout(2, 2000, begun.seed)

    async def test_programs_are_told_how_it_splits(self, client, key, split):
        await split.begin(10)
        listed = await client.get("/api/v1/changes", headers=key.headers)
        last = listed.json()["last_event_id"]
        await split.begin(20)
        seen = {"Last-Event-ID": last}
        [told] = (await client.get("/api/v1/changes", headers=key.headers | seen)).json()["items"]
        assert (told["kind"], told["version"]) == ("label.moved", 1)
        assert told["rollout"] == {"version": 2, "percent": 20}
