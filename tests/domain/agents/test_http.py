"""`/mcp` itself: keys, counting, sessions, streams that end, and clients that mean no good."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from app.domain.agents import listening, transport
from app.domain.agents.sessions import Sessions
from app.domain.keys.service import Keys
from tests.domain.agents.conftest import META, VERSION, Agent
from tests.domain.agents.streaming import streaming
from tests.support.builders import a_key, as_member
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

OLD = "2025-11-25"
CHANGED = "notifications/prompts/list_changed"
READY = "notifications/subscriptions/acknowledged"
BOTH = {"Accept": "application/json, text/event-stream"}


async def old(agent, method, session="", **params):
    """A message of the older handshake."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    named = {"Mcp-Session-Id": session, "MCP-Protocol-Version": OLD} if session else {}
    headers = {**BOTH, **named, **agent.key.headers}
    return await agent.client.post("/mcp", headers=headers, json=message)


async def session_of(agent):
    about = {
        "protocolVersion": OLD,
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    return await old(agent, "initialize", **about)


@asynccontextmanager
async def listening_to(agent):
    """The newer protocol's stream."""
    params = {"_meta": META, "notifications": {"promptsListChanged": True}}
    message = {"jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen", "params": params}
    headers = {
        **BOTH,
        **agent.key.headers,
        "Host": "promptroom.test",
        "Content-Type": "application/json",
        "MCP-Protocol-Version": VERSION,
        "Mcp-Method": "subscriptions/listen",
    }
    async with streaming(agent.client, "POST", headers, json.dumps(message).encode()) as stream:
        yield stream


@asynccontextmanager
async def old_stream(agent, session, last=""):
    headers = {"Host": "promptroom.test", "Mcp-Session-Id": session, **agent.key.headers}
    if last:
        headers["Last-Event-ID"] = last
    async with streaming(agent.client, "GET", headers) as stream:
        yield stream


class TestWhoMayCall:
    async def test_a_key_and_nothing_else(self, client, database, place, agent):
        for headers in ({}, {"Authorization": "Bearer nonsense"}, place.owner.headers):
            refused = await client.post("/mcp", headers=headers, json={})
            assert (refused.status_code, refused.json()["status"]) == (401, 401)
            assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        owner = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            await Keys(tx, owner).revoke(agent.key.id)
        assert (await agent.send("prompts/list")).status_code == 401

    async def test_a_page_of_another_site_is_turned_away(self, agent):
        agent.headers = {"Origin": "http://evil.example"}
        refused = await agent.send("prompts/list")
        assert (refused.status_code, refused.json()["code"]) == (403, "mcp_origin_refused")
        agent.headers = {"Origin": "http://promptroom.test"}
        assert (await agent.send("prompts/list")).status_code == 200

    async def test_calls_are_counted_with_those_of_rest(self, app, agent, client):
        first, second = await agent.send("prompts/list"), await agent.send("tools/list")
        left = [
            int(one.headers["RateLimit"].split("r=")[1].split(";")[0]) for one in (first, second)
        ]
        assert left[0] - left[1] == 1
        calls = app.state.counter.calls
        while calls.take(str(agent.key.id)) > 0:
            pass
        refused = await agent.send("prompts/list")
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert 0 < int(refused.headers["Retry-After"]) <= 60


class TestTheOlderHandshake:
    async def test_it_is_answered_and_gives_a_session_that_no_worker_holds(
        self, agent, prompt, app, settings
    ):
        await prompt("a", "Hello")
        begun = await session_of(agent)
        assert begun.json()["result"]["protocolVersion"] == OLD
        assert begun.json()["result"]["capabilities"]["prompts"] == {"listChanged": True}
        session = begun.headers["Mcp-Session-Id"]
        # Another worker's, with the same secret, and one of another server.
        Sessions(settings.secret_key).check(session, type("P", (), {"credential_id": agent.key.id}))
        listed = await old(agent, "prompts/list", session)
        assert [one["name"] for one in listed.json()["result"]["prompts"]] == ["a"]

    async def test_it_is_one_keys_alone_and_ends(self, agent, database, place, monkeypatch):
        session = (await session_of(agent)).headers["Mcp-Session-Id"]
        other = Agent(agent.client, await a_key(database, place))
        monkeypatch.setattr("app.domain.agents.sessions.SECONDS", 3600)
        for who, sent in ((other, session), (agent, "forged"), (agent, session + "x")):
            refused = await old(who, "prompts/list", sent)
            assert (refused.status_code, refused.json()["code"]) == (404, "mcp_session_not_found")
        monkeypatch.setattr("app.domain.agents.sessions.SECONDS", -1)
        assert (await old(agent, "prompts/list", session)).status_code == 404

    async def test_its_stream_tells_and_says_what_was_missed(self, app, agent, prompt):
        session = (await session_of(agent)).headers["Mcp-Session-Id"]
        await prompt("a", "Hello")
        async with old_stream(agent, session) as stream:
            await until(lambda: b": ready" in stream.body)
            await prompt("b", "Hello")
            await until(lambda: CHANGED in stream.methods())
            last = stream.body.decode().split("id: ")[1].split("\n")[0]
        await prompt("c", "Hello")
        async with old_stream(agent, session, last) as stream:
            await until(lambda: stream.methods() == [CHANGED])
        assert b"no-store" in stream.headers[b"cache-control"]

    async def test_without_a_session_there_is_no_stream(self, agent):
        refused = await agent.client.get("/mcp", headers=agent.key.headers)
        assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")


class TestListening:
    async def test_only_ones_own_workspace_is_told_of(self, app, agent, stranger, prompt):
        async with listening_to(agent) as mine, listening_to(stranger) as other:
            await mine.until(READY)
            await other.until(READY)
            await prompt("a", "Hello")
            await until(lambda: CHANGED in mine.methods())
            assert other.methods() == [READY]

    async def test_it_ends_with_its_key(self, app, agent, prompt):
        async with listening_to(agent) as stream:
            await stream.until(READY)
            with agent.client.portal() as portal:
                ring = app.state.counter.ring
                portal.call(ring.access_changed, None, f"key:{agent.key.id}")
            await until(lambda: stream.is_over, 1)
            assert stream.methods()[-1] == "result"

    async def test_it_ends_with_its_key_however_long_ago_that_called(
        self, app, agent, database, place
    ):
        """Nobody has told us, and the key is in memory no more."""
        async with listening_to(agent) as stream:
            await stream.until(READY)
            ring = app.state.counter.ring
            ring._held.clear()
            owner = await as_member(database, place, place.owner)
            async with database.transaction() as tx:
                await Keys(tx, owner).revoke(agent.key.id)
            with agent.client.portal() as portal:
                portal.call(ring.look)
            await until(lambda: stream.is_over, 1)

    async def test_it_ends_with_the_server(self, app, agent):
        async with listening_to(agent) as stream:
            await stream.until(READY)
            with agent.client.portal() as portal:
                portal.call(app.state.news.part)
            await until(lambda: stream.is_over, 1)

    async def test_there_are_only_so_many_of_a_key(self, app, agent, monkeypatch):
        monkeypatch.setattr(listening, "MOST_OF_A_KEY", 1)
        async with listening_to(agent) as first:
            await first.until(READY)
            async with listening_to(agent) as second:
                await until(lambda: second.is_over)
                assert json.loads(second.body)["error"]["data"]["code"] == "too_many_readers"
        await until(lambda: app.state.news.readers_of(agent.key.id) == 0)

    async def test_who_does_not_read_is_dropped(self, app, agent, prompt, monkeypatch):
        monkeypatch.setattr(transport, "SEND_SECONDS", 0.05)
        async with listening_to(agent) as stream:
            await stream.until(READY)
            stream.is_stuck = True
            await prompt("a", "Hello")
            await until(lambda: stream.is_cut)
            assert app.state.news.readers_of(agent.key.id) == 0


class TestHostileBodies:
    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"[" * 100_000, 422),
            (b'{"a":' * 200 + b"1" + b"}" * 200, 422),
            (b"{", 422),
            (b'{"jsonrpc":"2.0","id":1,"method":"\\u0000"}', 422),
            (b'{"jsonrpc":"2.0","id":1,"method":"x","params":"\\ud800"}', 422),
            (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 400),
            (b"1", 400),
            (b"x" * (5 << 20), 413),
        ],
    )
    async def test_they_are_refused(self, agent, body, status):
        headers = {**BOTH, **agent.key.headers, "MCP-Protocol-Version": VERSION}
        headers["Content-Type"] = "application/json"
        refused = await agent.client.post("/mcp", headers=headers, content=body)
        assert refused.status_code == status, refused.text

    async def test_a_bug_is_told_without_its_words(self, agent, monkeypatch):
        async def broken(*_):
            raise RuntimeError(f"secret {uuid4()}")

        monkeypatch.setattr("app.domain.agents.catalogue.queries.described", broken)
        found = await agent.error("prompts/list")
        assert (found["code"], found["data"]["code"]) == (-32603, "internal")
        assert "secret" not in json.dumps(found)
