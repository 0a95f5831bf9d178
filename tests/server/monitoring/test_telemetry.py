"""Request ids and the access log: enough to help somebody, nothing that is theirs."""

from __future__ import annotations

import re

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient
from structlog.testing import capture_logs

from app.db.engine import Database
from tests.support.builders import a_workspace

pytestmark = pytest.mark.anyio

Client = AsyncTestClient[Litestar]
MADE = re.compile(r"[0-9a-f]{16}")


class TestRequestIds:
    async def test_each_request_gets_one(self, client: Client) -> None:
        first = (await client.get("/health/live")).headers["X-Request-ID"]
        second = (await client.get("/health/live")).headers["X-Request-ID"]
        assert MADE.fullmatch(first)
        assert first != second

    async def test_a_callers_own_is_kept(self, client: Client) -> None:
        headers = {"X-Request-ID": "trace-4711.a_b"}
        answer = await client.get("/health/live", headers=headers)
        assert answer.headers["X-Request-ID"] == "trace-4711.a_b"

    @pytest.mark.parametrize(
        "given", ["short", "x" * 65, "two words", "a\tb-cdefgh", 'quote"quote"', "Ümlaut-ümlaut"]
    )
    async def test_one_that_could_forge_log_lines_is_replaced(
        self, client: Client, given: str
    ) -> None:
        headers = {b"X-Request-ID": given.encode("latin-1")}
        answer = await client.get("/health/live", headers=headers)
        assert MADE.fullmatch(answer.headers["X-Request-ID"])

    async def test_problem_documents_carry_it(self, client: Client) -> None:
        answer = await client.get("/api/v1/nothing", headers={"X-Request-ID": "trace-4711"})
        assert answer.json()["request_id"] == "trace-4711"

    async def test_what_no_route_answers_has_one_and_the_headers_of_all(
        self, client: Client
    ) -> None:
        missing = await client.get("/nothing/here")
        wrong_method = await client.delete("/health/live", headers={"Sec-Fetch-Site": "none"})
        assert (missing.status_code, wrong_method.status_code) == (404, 405)
        for answer in (missing, wrong_method):
            assert MADE.fullmatch(answer.headers["X-Request-ID"])
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


class TestTheAccessLine:
    async def test_it_is_one_line_with_what_helps(self, client: Client) -> None:
        with capture_logs() as lines:
            await client.get("/sign-in?next=%2Fw%2Fsecret-plan")
        (line,) = [one for one in lines if one["event"] == "request"]
        assert line["method"] == "GET"
        assert line["route"] == "/sign-in"
        assert line["status"] in (200, 303)
        assert 0 < line["ms"] < 10_000
        assert "secret-plan" not in str(line)

    async def test_it_names_the_actor(self, client: Client, database: Database) -> None:
        place = await a_workspace(database)
        with capture_logs() as lines:
            await client.get("/account/profile", headers=place.owner.headers)
        assert [one["actor"] for one in lines if one["event"] == "request"] == [place.owner.actor]

    async def test_routine_requests_stay_at_debug(self, client: Client) -> None:
        with capture_logs() as lines:
            await client.get("/health/live")
            await client.get("/nothing")
        levels = {one["route"]: one["log_level"] for one in lines if one["event"] == "request"}
        assert levels == {"/health/live": "debug", "(none)": "info"}

    async def test_a_form_leaves_nothing_behind(self, client: Client) -> None:
        secret = "correct-horse-battery"
        form = {"email": "ada@example.com", "password": secret}
        with capture_logs() as lines:
            await client.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        assert [one for one in lines if one["event"] == "request"]
        assert secret not in str(lines)
        assert "ada@example.com" not in str(lines)

    async def test_an_invented_method_makes_no_new_series(self, client: Client) -> None:
        with capture_logs() as lines:
            await client.request("BREW", "/nothing", headers={"Sec-Fetch-Site": "none"})
        assert [one["method"] for one in lines if one["event"] == "request"] == ["other"]
