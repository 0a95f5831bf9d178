"""The time slider: its steps, what each shows, and forgetting a checkpoint."""

from __future__ import annotations

import html
import random
import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from app.domain.versions import queries
from app.domain.versions.replay import Step, thinned
from app.domain.versions.service import Checkpoints
from tests.support.builders import a_key, a_member, a_prompt, a_workspace, as_member, use
from tests.support.crowd import crowd

pytestmark = pytest.mark.anyio
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def shown_text(page):
    """What stands at a step: every line of it, without what went and what is only drawn."""
    frame = page.split('class="prompt static frame"')[1].split("</section>")[0]
    lines = re.findall(r'<div class="(\w+)">(.*?)&#8203;</div>', frame, re.DOTALL)
    found = []
    for kind, markup in lines:
        if kind != "removed":
            words = re.sub(r"<del>.*?</del>", "", markup, flags=re.DOTALL)
            found.append(html.unescape(re.sub(r"<[^>]+>", "", words)))
    return "\n".join(found)


class Film:
    """A prompt with a history, its texts in order, and the pages that replay it."""

    def __init__(self, client, app, database, place, made, key):
        self.client, self.app, self.database = client, app, database
        self.place, self.made, self.key = place, made, key
        self.url = f"/w/{place.slug}/prompts/{made.id}/versions"
        self.api = f"/api/v1/prompts/{made.id}"
        self.kept: list[str] = []
        self.text = ""

    async def write(self, text):
        self.text = text
        await self.client.patch(self.api, json={"text": text}, headers=self.key.headers)

    async def publish(self):
        body = {"message": "A change"}
        await self.client.post(f"{self.api}/versions", json=body, headers=self.key.headers)
        self.kept.append(self.text)

    async def pause(self):
        taken = await Checkpoints(self.database.everywhere(), self.app.state.rooms.hub).take(
            self.made.room_id, "idle"
        )
        if taken is not None:
            self.kept.append(self.text)

    async def step(self, at=None, new="draft", old="1"):
        query = {"from": old, "to": new} | ({} if at is None else {"at": str(at)})
        return (await self.client.get(f"{self.url}/replay", params=query)).text


@pytest.fixture
async def client(app):
    """In the test's own loop: it speaks to the rooms itself, whose connections are of one loop."""
    async with crowd(app) as client:
        yield client


@pytest.fixture
async def film(client, app, database):
    place = await a_workspace(database)
    use(client, place.owner)
    made = await a_prompt(database, place, "support/refunds", text="Be kind.")
    return Film(client, app, database, place, made, await a_key(database, place))


class TestSteps:
    @pytest.mark.parametrize("seed", range(3))
    async def test_every_step_is_the_text_of_then_and_the_last_one_is_live(self, film, seed):
        rng = random.Random(seed)
        words = ["kind", "brief", "right", "& <b>", "語", "👋", "the", "refund"]
        await film.write("Be kind.\n\nAnd brief.")
        await film.publish()
        for _ in range(12):
            lines = film.text.split("\n")
            at = rng.randrange(len(lines) + 1)
            new = " ".join(rng.sample(words, 3))
            await film.write("\n".join([*lines[:at], new, *lines[at + rng.randrange(2) :]]))
            await rng.choice([film.publish, film.pause])()
        await film.write(film.text + "\nNot kept yet.")
        for at, text in enumerate(film.kept):
            assert shown_text(await film.step(at)) == text
        live = (await film.client.get(film.api, headers=film.key.headers)).json()["text"]
        assert shown_text(await film.step()) == live == film.text
        assert shown_text(await film.step(999)) == live

    async def test_between_two_versions_and_in_either_order(self, film):
        for text in ("One", "Two", "Three", "Four"):
            await film.write(text)
            await film.publish()
        page = await film.step(0, old="2", new="3")
        assert 'max="1"' in page
        assert (shown_text(page), shown_text(await film.step(1, old="3", new="2"))) == (
            "Two",
            "Three",
        )
        assert "<del>Two</del>" in await film.step(1, old="2", new="3")

    async def test_one_moment_is_a_replay_of_one_step(self, film):
        await film.publish()
        page = await film.step(old="1", new="1")
        assert 'max="0"' in page
        assert "Where this replay begins" in page

    async def test_what_is_not_there_is_404_and_htmx_gets_the_step_alone(self, film):
        await film.publish()
        assert (await film.client.get(f"{film.url}/replay?from=7")).status_code == 404
        part = await film.client.get(f"{film.url}/replay?from=1&at=0", headers=HTMX)
        assert part.text.lstrip().startswith('<div class="step-head"')

    def test_very_many_steps_are_thinned_evenly_with_both_ends(self):
        moment = datetime(2026, 11, 20, tzinfo=UTC)
        steps = [Step(str(number), "", "", moment, ()) for number in range(1000)]
        found = [int(step.ref) for step in thinned(steps, 101)]
        assert (len(found), found[0], found[-1]) == (101, 0, 999)
        assert {b - a for a, b in pairwise(found)} == {9, 10}
        assert thinned(steps[:5], 101) == steps[:5]


class TestForgetting:
    async def test_an_admin_deletes_a_checkpoint_and_the_replay_goes_on_without_it(self, film):
        await film.publish()
        await film.write("The password is hunter2.")
        await film.pause()
        await film.write("Be kind again.")
        await film.publish()
        page = await film.step(1)
        assert "hunter2" in page
        action = re.search(r'action="([^"]+/forget)"', page)[1]
        use(film.client, await a_member(film.database, film.place, "reviewer"))
        assert "/forget" not in await film.step(1)
        assert (await film.client.post(action)).status_code == 403
        use(film.client, film.place.owner)
        assert (await film.client.post(action)).status_code == 303
        assert "hunter2" not in "".join([await film.step(at) for at in range(3)])
        assert (await film.client.post(action)).status_code == 404
        caller = await as_member(film.database, film.place, film.place.owner)
        async with film.database.everywhere().transaction(write=False) as tx:
            assert await queries.checkpoints(tx, caller, film.made.id, None, 9) == []

    async def test_a_version_is_for_ever(self, film):
        await film.publish()
        assert "/forget" not in await film.step(0)
