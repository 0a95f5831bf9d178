"""Owners of dependants are told what moved: of a rollout the candidate, and for how many."""

from __future__ import annotations

import html

import pytest

from tests.support.builders import use

pytestmark = pytest.mark.anyio


async def test_a_step_of_a_rollout_is_named_with_the_share(release, client, key, place):
    tone = await release("tone", "One")
    top = await release("top", "{{> tone@production}}")
    await release("tone", "Two", "later")
    url = f"/api/v1/prompts/{tone.id}/labels/production"
    base = f"/w/{place.slug}"

    async def put(version, percent=None):
        rollout = {"version": 2, "percent": percent} if percent else None
        body = {"version": version} | ({"rollout": rollout} if rollout else {})
        assert (await client.put(url, headers=key.headers, json=body)).status_code == 200

    async def pages():
        use(client, place.owner)
        inbox = html.unescape((await client.get(f"{base}/inbox")).text)
        beside = await client.get(f"{base}/prompts/{top.id}/composition/beside")
        client.cookies.clear()
        return inbox, " ".join(html.unescape(beside.text).split())

    for step, said, news in (
        ((1, 10), "gave v2 to 10 % of production; prompts of yours include it", True),
        ((1, 25.5), "raised v2 of production from 10 % to 25.5 %; prompts of yours", True),
        ((1,), "rolled production back to v1 for everybody (25.5 % had v2); prompts", False),
    ):
        await put(*step)
        inbox, beside = await pages()
        assert said in inbox
        share = f"to {step[1]:g} %" if len(step) > 1 else "and gives"
        assert (f"/prompts/{tone.id}/versions/2" in beside and share in beside) == news
    await put(2)
    inbox, beside = await pages()
    assert "released v2, which prompts of yours include" in inbox
    assert "production is on v2" in beside
