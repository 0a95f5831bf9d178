"""The API's description: complete, honest about failures, and about nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from app.server.openapi.description import complete

pytestmark = pytest.mark.anyio

Client = AsyncTestClient[Litestar]


@pytest.fixture
async def schema(client: Client) -> dict[str, Any]:
    answer = await client.get("/api/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in schema["paths"].items()
        for method, operation in item.items()
    ]


async def test_it_describes_the_api_and_nothing_else(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")
    assert schema["paths"]
    assert all(path.startswith("/api/v1/") for path in schema["paths"])


async def test_every_call_of_the_api_is_described(schema: dict[str, Any], app: Litestar) -> None:
    routed = {route.path_format for route in app.routes if route.path.startswith("/api/v1/")}
    assert routed == set(schema["paths"])


async def test_every_call_wants_a_key(schema: dict[str, Any]) -> None:
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for path, method, operation in operations(schema):
        assert operation["security"] == [{"bearer": []}], (path, method)


async def test_every_call_has_a_name_a_group_and_words(schema: dict[str, Any]) -> None:
    known = {tag["name"] for tag in schema["tags"]}
    names = []
    for path, method, operation in operations(schema):
        assert len(operation["summary"]) > 10, (path, method)
        assert not operation["summary"].endswith(".")
        assert set(operation["tags"]) <= known, (path, method)
        names.append(operation["operationId"])
    assert len(names) == len(set(names))


async def test_failures_are_problem_documents(schema: dict[str, Any]) -> None:
    for path, method, operation in operations(schema):
        failures = {s: r for s, r in operation["responses"].items() if s >= "400"}
        assert failures.keys() >= {"401", "403", "429", "503"}, (path, method)
        for response in failures.values():
            assert list(response["content"]) == ["application/problem+json"]


async def test_every_parameter_says_what_it_is(schema: dict[str, Any]) -> None:
    for path, method, operation in operations(schema):
        for one in operation.get("parameters", []):
            assert one.get("description"), (path, method, one["name"])
            assert "null" not in str(one["schema"]), (path, method, one["name"])


async def test_what_a_call_takes_is_closed(schema: dict[str, Any]) -> None:
    shapes = schema["components"]["schemas"]
    for path, method, operation in operations(schema):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            if name := media["schema"].get("$ref", "").rpartition("/")[2]:
                assert shapes[name]["additionalProperties"] is False, (path, method)


async def test_every_call_that_takes_an_id_is_linked_to(schema: dict[str, Any]) -> None:
    """Else a program has to know where ids come from, and stateful tests never get there."""
    linked = {
        link["operationId"]
        for _, _, operation in operations(schema)
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    }
    for path, method, operation in operations(schema):
        assert operation["operationId"] in linked or "{" not in path, (path, method)


async def test_every_reference_leads_somewhere(schema: dict[str, Any]) -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [r for value in node.values() for r in references(value)]
        return [r for one in node for r in references(one)] if isinstance(node, list) else []

    for reference in references(schema):
        kind, name = reference.removeprefix("#/components/").split("/")
        assert name in schema["components"][kind], reference


async def test_completing_leaves_the_original_alone() -> None:
    operation = {"description": "Say `hello`. Then more.\n\nAnd more.", "responses": {"200": {}}}
    original = {"paths": {"/x": {"get": operation}}, "components": {}}
    done = complete(original)["paths"]["/x"]["get"]
    assert "401" not in operation["responses"]
    assert done["summary"] == "Say hello"
    assert done["description"] == "Then more.\n\nAnd more."


async def test_an_unknown_api_address_is_a_problem_document(client: Client) -> None:
    answer = await client.get("/api/v1/nothing/here")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"].endswith("/api/docs/errors/not_found")
