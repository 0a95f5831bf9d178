"""Every unsafe route with every role and every scope, each on things of its own."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from app.access.permissions import GRANTS, SCOPE_GRANTS, Permission, Role, Scope
from app.db.engine import Database
from tests.security.book import API, PAGES, PROMPT, SAFE, THREAD_PAGE
from tests.security.world import World, a_thread, an_import, ask, dump, targets
from tests.support.builders import a_key, a_member

pytestmark = pytest.mark.anyio

UNSAFE_PAGES = [key for key in PAGES if key[0] not in SAFE]
UNSAFE_API = [key for key in API if key[0] not in SAFE]

# Allowed, and nothing to do: published already, not archived, already so.
UNCHANGED = {f"{PROMPT}/{what}" for what in ("publish", "unarchive", "versions/{number}/restore")}
UNCHANGED |= {f"{THREAD_PAGE}/{what}" for what in ("reopen", "read")}  # open, and one's own
UNCHANGED |= {f"/w/{{workspace}}/inbox/{what}" for what in ("mark", "mark-all")}  # nothing new
UNCHANGED |= {f"/w/{{workspace}}/{what}" for what in ("export", "export/file")}  # read only
UNCHANGED.add(f"{PROMPT}/composition/outdated")  # nobody includes it by an old name


async def prepared(client: Any, database: Database, world: World) -> dict[str, str]:
    """Everything a call may change or take away, there again, whatever the last one did."""
    ids = world.ids | await targets(database, world.place, world.mark)
    url, headers = f"/api/v1/prompts/{ids['prompt_id']}", world.key.headers
    variables = [{"name": ids["name"]}]
    await client.patch(url, headers=headers, json={"variables": variables, "archived": False})
    await client.patch(url, headers=headers, json={"folder": ids["folder"], "tags": [ids["tag"]]})
    for name in (ids["old_name"], ids["path"]):  # so that it has its old name again
        await client.patch(url, headers=headers, json={"name": name})
    label = f"{url}/labels/{ids['label']}"
    await client.put(label, headers=headers, json={"version": int(ids["number"])})
    protection = f"/api/v1/label-protection/{ids['protected']}"
    await client.put(protection, headers=headers, json={"role": "reviewer"})
    ids["move"] = (await client.get(label, headers=headers)).json()["items"][0]["id"]
    return ids


def test_most_routes_change_something() -> None:
    assert len(UNSAFE_PAGES) >= 18
    assert len(UNSAFE_API) >= 9


async def a_thread_of_a_person(
    client: Any, world: World, headers: dict[str, str]
) -> dict[str, str]:
    """What others wrote nobody edits."""
    comment_id = str(uuid4())
    url = f"/w/{world.place.slug}/prompts/{world.ids['prompt_id']}/threads"
    form = {"body": "Mine", "id": comment_id}
    answer = await client.post(url, headers=headers, data=form, follow_redirects=False)
    thread_id = answer.headers["location"].partition("#thread-")[2]
    return {"thread_id": thread_id, "comment_id": comment_id}


@pytest.mark.parametrize("role", list(Role))
async def test_people(client: Any, database: Database, mine: World, role: Role) -> None:
    for method, path in UNSAFE_PAGES:
        call = PAGES[method, path]
        ids = await prepared(client, database, mine)
        caller = await a_member(database, mine.place, role)
        if Permission.COMMENTS_WRITE in GRANTS[role] and "{comment_id}" in path:
            ids |= await a_thread_of_a_person(client, mine, caller.headers)
        if call.permission in GRANTS[role] and "{import_id}" in path:
            ids |= await an_import(client, mine.place, caller.headers)
        before = dump(database)
        answer = await ask(client, method, path, call, ids, caller.headers)
        if call.permission in GRANTS[role]:
            assert answer.status_code in (200, 201, 303), (method, path, answer.text)
            assert dump(database) != before or path in UNCHANGED, path
        else:
            assert answer.status_code == 403, (method, path)
            assert dump(database) == before, (method, path)


@pytest.mark.parametrize("scope", list(Scope))
async def test_keys(client: Any, database: Database, mine: World, scope: Scope) -> None:
    for method, path in UNSAFE_API:
        call = API[method, path]
        ids = await prepared(client, database, mine)
        caller = await a_key(database, mine.place, scope.value)
        if Permission.COMMENTS_WRITE in SCOPE_GRANTS[scope]:  # what others wrote is theirs
            ids |= await a_thread(client, ids["prompt_id"], caller.headers)
        before = dump(database)
        answer = await ask(client, method, path, call, ids, caller.headers)
        if call.permission in SCOPE_GRANTS[scope]:
            assert answer.status_code in (200, 201, 204), (method, path, answer.text)
        else:
            assert answer.status_code == 403, (method, path)
            assert answer.json()["code"] == "forbidden"
            assert dump(database) == before, (method, path)


async def test_an_admin_makes_no_owner(client: Any, database: Database, mine: World) -> None:
    """Nor anything else that would outlive a lower role: not by form, invitation or key."""
    admin = await a_member(database, mine.place, Role.ADMIN)
    members = f"/w/{mine.place.slug}/settings/members"
    before = dump(database)
    for path, form in (
        (f"{members}/{mine.ids['user_id']}/role", {"role": "owner"}),
        (f"{members}/{admin.id}/role", {"role": "owner"}),
        (f"{members}/{mine.owner.id}/role", {"role": "viewer"}),
        (f"{members}/{mine.owner.id}/remove", {}),
        (f"{members}/invitations", {"email": "", "role": "owner"}),
    ):
        answer = await client.post(path, headers=admin.headers, data=form)
        assert answer.status_code == 403, path
    assert dump(database) == before
