"""Another workspace's things do not exist (S1): every route, every id, swapped one at a time."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from app.db.engine import Database
from tests.security import book
from tests.security.book import ACCOUNT, AGENTS, API, IN_WORKSPACE, PAGES, PUBLIC
from tests.security.world import World, ask, dump, said
from tests.support.builders import a_person

pytestmark = pytest.mark.anyio

# Filters: whatever they name, the answer is a list of what is there, here none.
FILTERS = {
    ("GET", "/w/{workspace}"): {"user_id", "label", "tag", "folder"},
    ("GET", f"{book.PROMPT}/activity"): {"user_id"},
    ("GET", f"{book.REST}/activity"): {"user_id"},
    ("GET", "/api/v1/bundle"): {"label"},
    ("PUT", "/api/v1/label-protection/{protected}"): {"protected"},  # likewise
    ("GET", "/api/v1/prompts"): {"user_id", "label", "tag", "folder"},
    ("GET", "/w/{workspace}/views/new"): {"tag"},  # the form says what it would save
    ("GET", "/w/{workspace}/prompts/new"): {"folder"},  # a field of a form is filled with it
    ("PUT", f"{book.REST}/labels/{{label}}"): {"label"},  # the name of a label to be made
}
UNKNOWN = {
    "number": "77",
    "label": "label-zqnowhere",
    "name": "var_zqnowhere",
    "protected": "kept-zqnowhere",
    "path": "zqnowhere/first",
    "workspace": "workspace-zqnowhere",
    "tag": "tag-zqnowhere",
    "folder": "Folder zqnowhere",
}

SWAPS = [
    (method, path, place)
    for (method, path), call in sorted(IN_WORKSPACE.items())
    for place in sorted(call.places(path) - {"reaction", "index"})  # the same few everywhere
]


def test_the_book_knows_every_route() -> None:
    known = IN_WORKSPACE.keys() | ACCOUNT.keys() | PUBLIC.keys() | AGENTS.keys()
    assert set(book.routes_of_the_application()) == known


def test_every_route_of_a_workspace_is_swapped() -> None:
    """But those of lists and new things, which take no id and answer for the key's workspace."""
    swapped = {(method, path) for method, path, _ in SWAPS}
    rest = {key for key in API if key not in swapped}
    assert rest == {
        ("POST", "/api/v1/prompts"),
        ("POST", "/api/v1/import"),
        ("GET", "/api/v1/export"),
        ("GET", "/api/v1/changes"),
        ("GET", "/api/v1/folders"),
        ("POST", "/api/v1/folders"),
        ("GET", "/api/v1/tags"),
        ("GET", "/api/v1/members"),
        ("GET", "/api/v1/keys"),
        ("POST", "/api/v1/keys"),
        ("GET", "/api/v1/keys/self"),
        ("GET", "/api/v1/workspace"),
        ("PATCH", "/api/v1/workspace"),
        ("GET", "/api/v1/invitations"),
        ("POST", "/api/v1/invitations"),
        ("GET", "/api/v1/label-protection"),
    }
    assert len(SWAPS) >= 80


LISTS = {f"/api/v1/{what}" for what in ("prompts", "members", "keys", "folders", "tags", "export")}
LISTS |= {"/api/v1/bundle", "/api/v1/changes", "/api/v1/keys/self", "/api/v1/workspace"}
LISTS |= {"/api/v1/invitations", "/api/v1/label-protection"}


def headers_of(world: World, path: str) -> dict[str, str]:
    return world.key.headers if path.startswith("/api/") else world.owner.headers


async def test_an_id_of_another_workspace_is_like_one_that_never_was(
    client: Any, database: Database, mine: World, foreign: World
) -> None:
    before = dump(database)
    for method, path, place in SWAPS:
        case = f"{method} {path} with a foreign {place}"
        call = IN_WORKSPACE[method, path]
        headers = headers_of(mine, path)
        with_foreign = {**mine.ids, place: foreign.ids[place]}
        answer = await ask(client, method, path, call, with_foreign, headers)
        no_such = {**mine.ids, place: UNKNOWN.get(place) or str(uuid4())}
        nobody = await ask(client, method, path, call, no_such, headers)
        expected = 200 if place in FILTERS.get((method, path), ()) else 404
        assert answer.status_code == nobody.status_code == expected, (case, answer.text)
        assert said(answer, with_foreign) == said(nobody, no_such), case
        if method == "GET":
            head = await ask(client, "HEAD", path, call, with_foreign, headers)
            assert (head.status_code, head.content) == (expected, b""), case
        if method == "PUT" and place == "label":  # made on both, where it belongs
            for ids in (with_foreign, no_such):
                url = f"/api/v1/prompts/{ids['prompt_id']}/labels/{ids['label']}"
                assert (await client.delete(url, headers=headers)).status_code == 204
        if method == "PUT" and place == "protected":  # a name; it is protected in one's own
            for ids in (with_foreign, no_such):
                url = f"/api/v1/label-protection/{ids['protected']}"
                assert (await client.delete(url, headers=headers)).status_code == 204
    after = dump(database)
    after["label_moves"] = before["label_moves"]  # what the PUTs above left
    assert after == before


@pytest.mark.parametrize("whole", ["everything foreign", "of nobody's workspace"])
async def test_a_foreign_workspace_is_like_none(
    client: Any, database: Database, mine: World, foreign: World, whole: str
) -> None:
    """Its address with its own ids: for a member of another workspace and for one of none."""
    before = dump(database)
    stranger = await a_person(database, "Sam Stranger")
    before["users"], before["sessions"] = dump(database)["users"], dump(database)["sessions"]
    ids = dict(foreign.ids)
    if whole != "everything foreign":
        ids["workspace"] = "workspace-zqnowhere"
    for (method, path), call in PAGES.items():
        for who in (mine.owner, stranger):
            answer = await ask(client, method, path, call, ids, who.headers)
            assert answer.status_code == 404, (method, path, answer.status_code)
            for word in (
                "Title zq",
                "Text zq",
                "Person zq",
                "Workspace zq",
                "Message zq",
                "Comment zq",
            ):
                assert word not in answer.text, (method, path)
    assert dump(database) == before


async def test_a_key_gets_at_nothing_foreign(
    client: Any, database: Database, mine: World, foreign: World
) -> None:
    """Every id foreign at once. Lists answer, with nothing that is not the key's own."""
    before = dump(database)
    for (method, path), call in API.items():
        if "{protected}" in path:
            continue  # a name, which one's own workspace may have, too
        if method in book.SAFE or call.places(path):
            answer = await ask(client, method, path, call, foreign.ids, mine.key.headers)
            is_list = path in LISTS
            assert answer.status_code == (200 if is_list else 404), (method, path, answer.text)
            assert "itle zqforeign" not in answer.text
            assert "Person zqforeign" not in answer.text
    assert dump(database) == before


async def test_pages_do_not_take_keys_and_the_api_takes_no_cookies(
    client: Any, database: Database, mine: World
) -> None:
    before = dump(database)
    for (method, path), call in IN_WORKSPACE.items():
        is_api = path.startswith("/api/")
        headers = mine.owner.headers if is_api else mine.key.headers
        for given in (headers, {}, {"Authorization": "Bearer nonsense"}, {"Cookie": "session=x"}):
            answer = await ask(client, method, path, call, mine.ids, given)
            assert answer.status_code == (401 if is_api else 303), (method, path, given)
            if not is_api:
                assert answer.headers["location"].startswith("/sign-in"), path
    assert dump(database) == before


async def test_my_own_lists_hold_nothing_foreign(client: Any, mine: World, foreign: World) -> None:
    for (method, path), call in IN_WORKSPACE.items():
        if method == "GET":
            asked = book.Call(call.permission)  # without filters: as much as there is
            if "{name}" in str(call.query):
                asked = call
            answer = await ask(client, method, path, asked, mine.ids, headers_of(mine, path))
            assert answer.status_code in (200, 404), (path, answer.text)
            assert "zqforeign" not in answer.text, path


async def test_somebody_elses_session_does_not_exist(
    client: Any, database: Database, mine: World, foreign: World
) -> None:
    before = dump(database)
    for session_id in (foreign.ids["session_id"], mine.ids["session_id"], str(uuid4())):
        answer = await client.post(
            f"/account/sessions/{session_id}/revoke", headers=mine.owner.headers
        )
        assert answer.status_code == 404
    assert dump(database) == before
