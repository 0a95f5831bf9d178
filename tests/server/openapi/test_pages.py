"""The reference and the error codes, as people see them."""

from __future__ import annotations

import re

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from app.server.openapi.error_codes import error_codes
from app.server.openapi.reference import groups, prose, shapes, type_of

pytestmark = pytest.mark.anyio

Client = AsyncTestClient[Litestar]


class TestPages:
    async def test_the_reference_shows_every_call(self, client: Client) -> None:
        page = (await client.get("/api/docs")).text
        schema = (await client.get("/api/openapi.json")).json()
        for path, item in schema["paths"].items():
            assert f"<code>{path}</code>" in page
            for operation in item.values():
                assert f'id="{operation["operationId"]}"' in page

    async def test_links_within_the_page_have_a_goal(self, client: Client) -> None:
        page = (await client.get("/api/docs")).text
        goals = set(re.findall(r'id="([^"]+)"', page))
        wanted = set(re.findall(r'href="#([^"]+)"', page))
        assert wanted <= goals

    async def test_every_code_has_a_place_that_problems_point_to(self, client: Client) -> None:
        page = (await client.get("/api/docs/errors")).text
        for one in error_codes():
            assert f'<tr id="{one.code}">' in page  # where problems of older releases point

    async def test_a_problem_points_to_its_page(self, client: Client) -> None:
        problem = (await client.get("/api/v1/prompts")).json()
        page = (await client.get(problem["type"])).text
        assert "<h1><code>unauthenticated</code></h1>" in page
        assert "Send an API key" in page
        assert "&#34;status&#34;: 401" in page
        assert (await client.get("/api/docs/errors/no_such_code")).status_code == 404

    def test_every_code_says_what_to_do(self) -> None:
        for one in error_codes():
            assert one.advice.endswith("."), one.code

    async def test_nothing_is_fetched_from_elsewhere(self, client: Client) -> None:
        for path in ("/api/docs", "/api/docs/errors"):
            page = (await client.get(path)).text
            sources = re.findall(r'(?:src|rel="stylesheet" href)="([^"]+)"', page)
            assert sources
            assert all(source.startswith("/static/b/") for source in sources)
            assert "<style" not in page


class TestWords:
    def test_paragraphs_code_bold_and_links(self) -> None:
        assert prose("Use `x < 1`.\n\n**Now** see [it](/y).") == (
            '<p>Use <code>x &lt; 1</code>.</p><p><strong>Now</strong> see <a href="/y">it</a>.</p>'
        )

    def test_everything_is_escaped(self) -> None:
        assert prose("<script>") == "<p>&lt;script&gt;</p>"

    @pytest.mark.parametrize(
        ("schema", "words"),
        [
            ({"type": "string"}, "string"),
            ({"type": "string", "format": "uuid"}, "id"),
            ({"type": ["string", "null"]}, "string or null"),
            ({"oneOf": [{"type": "integer"}, {"type": "null"}]}, "integer or null"),
            ({"type": "array", "items": {"type": "string"}}, "list of string"),
            ({"enum": ["a", "b"]}, "<code>a</code>, <code>b</code>"),
            (
                {"$ref": "#/components/schemas/Key"},
                '<a class="link" href="#shape-Key">Key</a>',
            ),
            ({}, "any"),
        ],
    )
    def test_a_type_in_words(self, schema: dict[str, object], words: str) -> None:
        assert type_of(schema) == words

    def test_calls_are_grouped_in_the_described_order(self) -> None:
        def operation(tag: str) -> dict[str, object]:
            return {"operationId": tag, "summary": tag, "tags": [tag], "responses": {}}

        schema = {
            "tags": [{"name": "b", "description": "B"}, {"name": "a", "description": "A"}],
            "paths": {
                "/1": {"get": operation("a")},
                "/2": {"post": operation("b") | {"requestBody": {"content": {}}}},
                "/3": {"get": operation("new")},
            },
            "components": {"schemas": {}},
        }
        found = groups(schema, "http://x")
        assert [(group.name, group.text) for group in found] == [
            ("b", "B"),
            ("a", "A"),
            ("new", ""),
        ]
        assert found[0].calls[0].example.startswith("curl -X POST http://x/2")
        assert shapes(schema) == []
