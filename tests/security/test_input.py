"""Odd input is the caller's mistake: some 4xx, whatever route it is sent to, never a 500 (S36)."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from litestar import Litestar

from app.db.engine import Database
from tests.security.book import ACCOUNT, API, IN_WORKSPACE, PAGES, PUBLIC, SAFE, Call, filled
from tests.security.world import World, dump

pytestmark = pytest.mark.anyio

DEEP = b"[" * 900 + b"]" * 900
JSON: dict[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "a number": b"1",
    "a list": b"[]",
    "cut off": b'{"name": "a',
    "a key without a value": b'{"name":}',
    "a NUL": b"\x00",
    "no UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"name": "x"}',
    "half a surrogate pair": b'{"name": "\\ud800", "message": "\\ud800", "title": "\\udfff"}',
    "a NUL in a text": b'{"name": "a\\u0000", "text": "\\u0000", "message": "\\u0000"}',
    "5,000 lists": b"[" * 5000,
    "100,000 objects": b'{"a":' * 100_000,
    "a deep name": b'{"name": ' + DEEP + b"}",
    "a deep config": b'{"name": "deep/a", "config": {"a": ' + DEEP + b"}}",
    "a config of 70 levels": b'{"config": {"a": ' + b"[" * 70 + b"]" * 70 + b"}}",
    "a deep default": b'{"variables": [{"name": "z", "type": "json", "default": ' + DEEP + b"}]}",
    "an endless number": b'{"name": "n/a", "config": {"a": 1e999}}',
    "5,000 digits": b'{"version": ' + b"9" * 5000 + b"}",
    "400 digits": b'{"config": {"temperature": ' + b"9" * 400 + b"}}",
    "a large default": b'{"variables": [{"name": "z", "type": "number", "default": 1'
    + b"0" * 400
    + b"}]}",
    "a number of 20 digits": b'{"version": 99999999999999999999, "message": "m"}',
    "2 to the 63rd": b'{"version": 9223372036854775808}',
    "2 to the 31st": b'{"version": 2147483648}',
    "minus one": b'{"version": -1}',
    "yes": b'{"version": true, "name": true, "message": true}',
    "a wrong type called like a dependency": b'{"message": [], "labels": false}',
    "null for everything": b'{"name": null, "title": null, "config": null, "tags": null}',
    "a name twice": b'{"name": "twice/a", "name": "twice/b", "version": 1, "version": 2}',
    "a polluted prototype": b'{"__proto__": {"name": "x"}, "constructor": 1}',
    "80 years": b'{"name": "n", "scopes": ["read"], "expires_in_days": 99999999999999999}',
    "10,000 tags": json.dumps({"name": "tags/a", "tags": ["t"] * 10_000}).encode(),
    "many keys": json.dumps({f"k{number}": 1 for number in range(20_000)}).encode(),
}
TYPES = (
    "application/json",
    "application/json; charset=utf-16",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=bogus",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "y" * 300,
    "application/msgpack",
    "application/xml",
    "text/plain",
    "nonsense",
    "",
)


def cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


ID = "01a20bb0-53fe-77e4-93af-72cb7e8fd8af"
TEXTS = [
    "",
    "%00",
    "%ff",
    "%ed%a0%80",
    "%0d%0aX-Evil:%201",
    "' OR 1=1 --",
    "%25%5f%5c",
    "\U0001f4a9\u202e",
    "a" * 3000,
    "../../etc/passwd",
    "..%2f..%2fsecret.key",
    ID,
]
NUMBERS = [
    "-1",
    "0",
    "1.5",
    "1e3",
    "٣",
    "true",
    "9" * 30,
    "9223372036854775808",
    "2147483648",
    "%00",
    "",
]
REFS = ["v99999999999", "latest", "draft", "v1", "99999999999", "variables.", "config.*", "a.b.c"]
CURSORS = [
    "%",
    "[]",
    "aaaa",
    cursor(),
    cursor(10**30),
    cursor(2**63),
    cursor(-(2**31) - 1),
    cursor(ID),
    cursor("edited", "2024-01-01T00:00:00", ID),
    cursor("edited", "0001-01-01T00:00:00+14:00", ID),
    cursor("edited", "9999-12-31T23:59:59-14:00", ID),
    cursor("edited", 0, ID),
    cursor("title", "\x00", ID),
    cursor(2**63, "a", ID),
    cursor(0, "\x00", ID),
    base64.urlsafe_b64encode(b"[" * 5000).decode(),
]
# What routes read from the query beside what the book fills in.
QUERIES: dict[str, tuple[str, ...]] = {
    "/w/{workspace}": ("cursor", "archived", "sort"),
    "/w/{workspace}/live": ("seen",),
    "/w/{workspace}/palette": ("q",),
    "/w/{workspace}/prompts/new": ("title", "start"),
    "/w/{workspace}/settings/members": ("cursor",),
    "/w/{workspace}/settings/keys": ("cursor",),
    "/w/{workspace}/prompts/{prompt_id}/versions": ("cursor", "mode", "all"),
    "/api/v1/prompts": ("cursor", "archived", "limit"),
    "/api/v1/prompts/{prompt_id}/versions": ("cursor", "limit"),
    "/api/v1/fetch/{path}": ("version",),
    "/api/v1/members": ("cursor", "limit"),
    "/api/v1/keys": ("cursor", "limit"),
}
NUMERIC = ("limit", "version", "archived", "all")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X-Y")


def headers_of(world: World, path: str) -> dict[str, str]:
    return (world.key if path.startswith("/api/") else world.owner).headers


async def test_odd_bodies(client: Any, mine: World) -> None:
    for (method, path), call in API.items():
        if call.json is None:
            continue
        url = filled(path, mine.ids)
        for name, body in JSON.items():
            for kind in TYPES if name in ("nothing", "no UTF-8") else TYPES[:1]:
                headers = mine.key.headers | {"Content-Type": kind}
                answer = await client.request(method, url, content=body, headers=headers)
                case = (name, method, path, kind, answer.text)
                assert answer.status_code < 500, case
                if answer.status_code >= 400:
                    assert answer.headers["content-type"] == "application/problem+json", case


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("nothing", "invalid"),
        ("cut off", "body_malformed"),
        ("no UTF-8", "body_malformed"),
        ("half a surrogate pair", "body_malformed"),
        ("100,000 objects", "body_malformed"),
        ("a deep config", "body_malformed"),
        ("a list", "invalid"),
    ],
)
async def test_it_says_what_is_odd(client: Any, mine: World, name: str, code: str) -> None:
    answer = await client.post("/api/v1/prompts", content=JSON[name], headers=mine.key.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("name", ["a config of 70 levels", "a deep default", "400 digits"])
async def test_settings_stay_readable(
    client: Any, database: Database, mine: World, name: str
) -> None:
    before = dump(database)
    url = f"/api/v1/prompts/{mine.ids['prompt_id']}"
    answer = await client.patch(url, content=JSON[name], headers=mine.key.headers)
    assert answer.status_code == 422
    assert dump(database) == before


def words_for(key: str) -> list[str]:
    if key in NUMERIC:
        return NUMBERS
    if key in ("from", "to", "field", "label"):
        return REFS + TEXTS[:5]
    return CURSORS if key == "cursor" else TEXTS


async def test_odd_queries(client: Any, mine: World) -> None:
    asked = 0
    for (method, path), call in IN_WORKSPACE.items():
        if method != "GET":
            continue
        for key in [*call.query, *QUERIES.get(path, ())]:
            for word in words_for(key):
                url = f"{filled(path, mine.ids)}?{key}={word}"
                answer = await client.get(url, headers=headers_of(mine, path))
                assert answer.status_code < 500, (url, answer.text)
                assert "x-evil" not in answer.headers
                asked += 1
    assert asked > 350


@pytest.mark.parametrize(
    ("method", "url", "form"),
    [
        ("GET", "/api/v1/prompts?q=%00", None),
        ("GET", "/api/v1/fetch/a%00b", None),
        ("GET", "/w/%00", None),
        ("POST", "/sign-in", {"email": "a\0@example.com", "password": "long enough a one"}),
    ],
)
async def test_nul_is_refused_by_name(
    client: Any, mine: World, method: str, url: str, form: dict[str, str] | None
) -> None:
    answer = await client.request(method, url, data=form, headers=headers_of(mine, url))
    assert answer.status_code == 422
    assert "A text holds the character NUL" in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_odd_paths(client: Any, database: Database, mine: World) -> None:
    before = dump(database)
    for (method, path), call in IN_WORKSPACE.items():
        for place in re.findall(r"\{(\w+)\}", path):
            if method not in SAFE and place not in ("prompt_id", "room_id", "number", "user_id"):
                continue  # a new label may well be called "draft-2"
            for word in [word for word in TEXTS if word] + (NUMBERS if place == "number" else []):
                url = filled(path, mine.ids | {place: word or "%20"})
                body = filled(call.json, mine.ids) if call.json is not None else None
                answer = await client.request(
                    method, url, json=body, headers=headers_of(mine, path)
                )
                assert 200 <= answer.status_code < 500, (method, url, answer.text)
    assert dump(database) == before


async def test_odd_methods(client: Any, mine: World) -> None:
    for method, path in IN_WORKSPACE | ACCOUNT | PUBLIC:
        if path == "/api/openapi.json/{path}":
            continue  # the framework's own 404
        known = {m for m, p in IN_WORKSPACE | ACCOUNT | PUBLIC if p == path}
        known |= {"HEAD"} if "GET" in known else set()
        url = filled(path, mine.ids | {"token": "t", "build": "x", "code": "gone"})
        for other in set(METHODS) - known - {"OPTIONS"}:
            answer = await client.request(other, url, headers=headers_of(mine, path))
            assert answer.status_code == 405, (other, url)
            assert method in answer.headers["allow"], (other, url)


async def test_odd_forms(client: Any, mine: World) -> None:
    bodies = (
        b"",
        b"%ff=%ff",
        b"name=%ed%a0%80&title=%ed%a0%80&message=%ed%a0%80",
        b"\xff\xfe",
        b"&&&==",
        b"name=%00&title=%00&field=config.%00&message=%00",
        b"a&" * 20_000,
        b"--x\r\nContent-Disposition: nonsense\r\n\r\n",
        b'--x\r\nContent-Disposition: form-data; name="name"; filename="../f"\r\n\r\nx\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n' + b"x" * 100,
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 1200 + b"--x--\r\n",
    )
    for (method, path), call in PAGES.items():
        if method in SAFE or path.endswith("/remove"):
            continue
        assert call.form is not None
        cases = [(TYPES[5 if b"--x" in body else 2], body) for body in bodies]
        cases += [(kind, bodies[8]) for kind in TYPES]
        for kind, body in cases:
            headers = mine.owner.headers | {"Content-Type": kind}
            answer = await client.request(
                method, filled(path, mine.ids), content=body, headers=headers
            )
            assert answer.status_code < 500, (path, kind, body[:60], answer.text)


VALUES = ["", "9" * 400, "[" * 5000, "1e999", "nan", '{"a": "\\ud800"}', "٣", "1_0", "x" * 70_000]
FIELDS = [
    *(f"config.{name}" for name in ("temperature", "max_tokens", "top_p", "stop", "tools")),
    *("config.response_schema", "config.model", "config.*", "config.ä", "config.a.b", "config."),
    *(f"variables.var_mine.{name}" for name in ("type", "default", "required", "description")),
    *("variables.var_mine.nope", "variables.var_mine", "variables..", "variables.q.default"),
    *("variables.var_mine.default.more", "", ".", "nope"),
]


async def test_odd_settings(client: Any, mine: World) -> None:
    url = filled("/w/{workspace}/prompts/{prompt_id}", mine.ids)
    headers = mine.owner.headers | {"HX-Request": "true", "HX-Request-Type": "partial"}

    async def save(name: str, value: str) -> None:
        form = {"field": name, "value": value}
        answer = await client.post(f"{url}/settings", data=form, headers=headers)
        assert answer.status_code < 500, (name, value[:20], answer.text)

    for kind in ("string", "boolean", "json", "number"):
        await save("variables.var_mine.type", kind)
        for value in VALUES:
            await save("variables.var_mine.default", value)
    for name in FIELDS:
        for value in VALUES:
            await save(name, value)
    for page in ("", "/settings", "/versions", "/publish"):
        assert (await client.get(url + page, headers=mine.owner.headers)).status_code == 200


async def test_ten_megabytes_are_too_large(client: Any, mine: World) -> None:
    large = b'{"name": "' + b"x" * 10_000_000
    calls = [key for key, call in API.items() if call.json is not None]
    forms = [key for key, call in PAGES.items() if call.form and key[0] not in SAFE]
    forms.remove(("POST", "/w/{workspace}/import"))  # takes files, 32 MiB of them
    assert len(calls) + len(forms) > 12
    for method, path in [*calls, *forms]:
        kind = "application/json" if path.startswith("/api") else TYPES[2]
        headers = headers_of(mine, path) | {"Content-Type": kind}
        answer = await client.request(
            method, filled(path, mine.ids), content=large, headers=headers
        )
        assert answer.status_code == 413, (method, path, answer.text)


def test_no_field_is_called_like_a_dependency(app: Litestar) -> None:
    """Litestar takes a wrong body for a broken dependency of that name, and answers 500."""
    schemas = app.openapi_schema.to_schema()["components"]["schemas"]
    names = {name for one in schemas.values() for name in one.get("properties", {})}
    assert "message" in names
    assert not names & app.dependencies.keys()


def test_a_call_is_described_for_each_body() -> None:
    assert all(isinstance(call, Call) for call in API.values())
