"""A deprecated call says so in its answers and in the description."""

from __future__ import annotations

from datetime import date

import pytest
from litestar import Litestar, get
from litestar.testing import TestClient

from app.server.openapi.description import described, openapi_config
from app.web.deprecation import deprecated

SOON = {"since": date(2027, 1, 1), "sunset": date(2028, 3, 1)}


@get("/old", **deprecated(**SOON, successor="/api/v2/new"), operation_id="getOld")
async def old() -> dict[str, int]:
    return {"answer": 42}


@get("/new", operation_id="getNew")
async def new() -> dict[str, int]:
    return {"answer": 42}


def test_headers_and_description_agree() -> None:
    app = Litestar([described([old, new])], openapi_config=openapi_config())
    with TestClient(app) as client:
        answer, current = client.get("/old"), client.get("/new")
    assert answer.headers["deprecation"] == "@1798761600"
    assert answer.headers["sunset"] == "Wed, 01 Mar 2028 00:00:00 GMT"
    assert '</api/v2/new>; rel="successor-version"' in answer.headers["link"]
    assert not {"deprecation", "sunset", "link"} & set(current.headers)
    paths = app.openapi_schema.to_schema()["paths"]
    assert paths["/old"]["get"]["deprecated"] is True
    assert not paths["/new"]["get"].get("deprecated")


def test_nothing_is_taken_away_within_a_year() -> None:
    with pytest.raises(ValueError, match="365 days"):
        deprecated(since=date(2027, 1, 1), sunset=date(2027, 6, 1))
