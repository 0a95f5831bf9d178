"""Failures as problem documents, pages and fragments."""

from __future__ import annotations

from typing import Any

import pytest
from litestar import get, post
from litestar.exceptions import InternalServerException
from litestar.params import FromPath
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from app.errors import Conflict, InvalidFields, NotFound, RateLimited, Unauthenticated
from tests.web.support import serve

pytestmark = pytest.mark.anyio

FAILURES: dict[str, Exception] = {
    "missing": NotFound("Look elsewhere."),
    "taken": Conflict("Choose another.", name="x"),
    "fields": InvalidFields({"name": "Enter a name.", "role": "Choose a role."}),
    "stranger": Unauthenticated(),
    "often": RateLimited("Wait.", retry_after=17),
    "bug": ZeroDivisionError("secret detail"),
    "litestar": InternalServerException("secret detail"),
    "disk": OperationalError("INSERT secret", {}, Exception("disk full")),
    "busy": NoConnectionFree("secret pool"),
    "constraint": IntegrityError("INSERT secret", {}, Exception("unique")),
}


@get(["/api/v1/{name:str}", "/page/{name:str}"])
async def fail(name: FromPath[str]) -> None:
    raise FAILURES[name]


@post("/page/{name:str}")
async def fail_form(name: FromPath[str]) -> None:
    raise FAILURES[name]


async def ask(path: str, method: str = "GET", **headers: str) -> Any:
    async with serve(fail, fail_form) as client:
        return await client.request(
            method, path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )


class TestAProgram:
    @pytest.mark.parametrize(
        ("name", "status", "code"),
        [
            ("missing", 404, "not_found"),
            ("taken", 409, "conflict"),
            ("fields", 422, "fields_invalid"),
            ("stranger", 401, "unauthenticated"),
            ("often", 429, "rate_limited"),
            ("bug", 500, "internal"),
            ("litestar", 500, "internal"),
            ("disk", 503, "storage_failed"),
            ("busy", 503, "storage_failed"),
            ("constraint", 500, "internal"),
        ],
    )
    async def test_gets_a_problem_document(self, name: str, status: int, code: str) -> None:
        answer = await ask(f"/api/v1/{name}")
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        problem = answer.json()
        assert (problem["status"], problem["code"]) == (status, code)
        assert problem["type"].endswith(f"/{code}")
        assert problem["detail"]
        assert "secret" not in answer.text

    async def test_is_told_which_fields(self) -> None:
        problem = (await ask("/api/v1/fields")).json()
        assert problem["errors"] == [
            {"key": "name", "message": "Enter a name."},
            {"key": "role", "message": "Choose a role."},
        ]

    async def test_is_told_what_it_clashed_with(self) -> None:
        assert (await ask("/api/v1/taken")).json()["name"] == "x"

    async def test_is_told_how_to_sign_in_and_how_long_to_wait(self) -> None:
        assert (await ask("/api/v1/stranger")).headers["www-authenticate"].startswith("Bearer")
        assert (await ask("/api/v1/often")).headers["retry-after"] == "17"
        assert (await ask("/api/v1/disk")).headers["retry-after"] == "2"
        assert (await ask("/page/busy")).headers["retry-after"] == "2"

    async def test_an_unknown_path_is_a_problem_too(self) -> None:
        answer = await ask("/api/v2/nothing/here")
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"


class TestAPerson:
    async def test_gets_a_page(self) -> None:
        answer = await ask("/page/missing")
        assert answer.status_code == 404
        assert answer.text.startswith("<html>404 Nothing is at this address Look elsewhere.")

    async def test_gets_a_fragment_from_htmx(self) -> None:
        answer = await ask("/page/missing", HX_Request="true", HX_Request_Type="partial")
        assert answer.text == "<p>404 Nothing is at this address Look elsewhere.</p>"

    async def test_is_led_to_sign_in_and_back(self) -> None:
        answer = await ask("/page/stranger?q=a%20b")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/page/stranger%3Fq%3Da%2520b"

    async def test_is_not_led_back_into_a_form(self) -> None:
        assert (await ask("/page/stranger", "POST")).headers["location"] == "/sign-in"

    async def test_htmx_is_led_in_a_header(self) -> None:
        answer = await ask("/page/stranger", HX_Request="true")
        assert answer.status_code == 401
        assert answer.headers["hx-redirect"] == "/sign-in?next=/page/stranger"

    async def test_no_cause_is_shown(self) -> None:
        for name in ("bug", "litestar", "disk", "busy", "constraint"):
            assert "secret" not in (await ask(f"/page/{name}")).text
