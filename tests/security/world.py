"""Workspaces with one of everything in them, and what is in the database."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

from sqlalchemy import select

from app.access.permissions import Role
from app.db.engine import Database
from app.db.postgres import connect
from app.db.wall import ACROSS
from app.domain.accounts import service as accounts
from app.domain.bookmarks.service import Bookmarks
from app.domain.versions.models import Checkpoint, LabelMove
from app.domain.workspaces.invitations import Invitations
from tests.security.book import Call, filled
from tests.support.builders import Key, Place, Somebody, a_key, a_member, a_workspace, as_member


@dataclass(frozen=True)
class World:
    """`ids` has something of this workspace for every `{word}` in the book."""

    place: Place
    key: Key
    ids: dict[str, str]
    mark: str  # in everything that people wrote here

    @property
    def owner(self) -> Somebody:
        return self.place.owner


async def a_world(client: Any, database: Database, mark: str, versions: int = 1) -> World:
    place = await a_workspace(database, f"Workspace {mark}")
    key = await a_key(database, place, "admin", name=f"key {mark}")
    made = await client.post(
        "/api/v1/prompts",
        headers=key.headers,
        json={
            "name": f"{mark}/before",
            "title": f"Title {mark}",
            "description": f"About {mark}",
            "folder": f"Folder {mark}",
            "tags": [f"tag-{mark}"],
            "text": f"Text {mark} {{{{var_{mark}}}}}",
            "variables": [{"name": f"var_{mark}", "default": mark}],
        },
    )
    assert made.status_code == 201, made.text
    prompt = made.json()
    url = f"/api/v1/prompts/{prompt['id']}"
    await client.patch(url, headers=key.headers, json={"name": f"{mark}/first"})
    for number in range(1, versions + 1):
        text = {"text": f"Text {mark} {number} {{{{var_{mark}}}}}"}
        await client.patch(url, headers=key.headers, json=text)
        message = {"message": f"Message {mark}", "labels": [f"label-{mark}"]}
        published = await client.post(f"{url}/versions", headers=key.headers, json=message)
        assert published.json()["number"] == number
    # What was not published is kept as a checkpoint when an older text comes back.
    await client.patch(url, headers=key.headers, json={"text": f"Checkpoint {mark}"})
    await client.post(f"{url}/restore", headers=key.headers, json={"version": versions})
    await client.put(f"/api/v1/label-protection/kept-{mark}", **_reviewers(key))
    ids = {
        "workspace": place.slug,
        "prompt_id": prompt["id"],
        "room_id": prompt["room"]["id"],
        "number": str(versions),
        "label": f"label-{mark}",
        "protected": f"kept-{mark}",
        "name": f"var_{mark}",
        "path": f"{mark}/first",
        "old_name": f"{mark}/before",
        "tag": f"tag-{mark}",
        "folder": f"Folder {mark}",
        "checkpoint": await _one_of(database, Checkpoint, prompt["id"]),
        "checkpoint_id": await _one_of(database, Checkpoint, prompt["id"]),
        "move": await _one_of(database, LabelMove, prompt["id"]),
        **await targets(database, place, mark),
        **await an_import(client, place, place.owner.headers),
        **await a_thread(client, prompt["id"], key.headers, f"Comment {mark}"),
        "reaction": "agree",
        "index": "0",
    }
    return World(place, key, ids, mark)


def _reviewers(key: Key) -> dict[str, Any]:
    return {"headers": key.headers, "json": {"role": "reviewer"}}


async def an_import(client: Any, place: Place, headers: dict[str, str]) -> dict[str, str]:
    """A file that was brought and waits; each person has their own."""
    form = {"text": "---\nname: brought/in\n---\nHello"}
    url = f"/w/{place.slug}/import"
    answer = await client.post(url, headers=headers, data=form, follow_redirects=False)
    return {"import_id": answer.headers["location"].rsplit("/", 1)[-1]}


async def a_thread(
    client: Any, prompt_id: str, headers: dict[str, str], body: str = "Mine"
) -> dict[str, str]:
    """On the whole prompt, with a comment and a reaction, all of them the key's."""
    url = f"/api/v1/prompts/{prompt_id}/threads"
    made = (await client.post(url, headers=headers, json={"body": body})).json()
    comment_id = made["comments"][0]["id"]
    await client.put(f"/api/v1/comments/{comment_id}/reactions/agree", headers=headers)
    return {"thread_id": made["id"], "comment_id": comment_id}


async def targets(database: Database, place: Place, mark: str) -> dict[str, str]:
    """A member, their session, an invitation and a key, made to be taken away."""
    member = await a_member(database, place, Role.VIEWER, f"Person {mark}")
    owner = await as_member(database, place, place.owner)
    async with database.transaction() as tx:
        invitation, _ = await Invitations(tx, owner).create("", Role.VIEWER)
        view = await Bookmarks(tx, owner).save(f"View {mark}", f"q={mark}", is_shared=True)
    async with database.transaction(write=False) as tx:
        found = await accounts.recognise(tx, member.secret)
    assert found is not None
    key = await a_key(database, place, "read", name=f"spare {mark}")
    return {
        "user_id": str(member.id),
        "session_id": str(found[0].session_id),
        "invitation_id": str(invitation.id),
        "key_id": str(key.id),
        "view_id": str(view.id),
    }


async def ask(
    client: Any,
    method: str,
    path: str,
    call: Call,
    ids: dict[str, str],
    headers: dict[str, str],
    **more: Any,
) -> Any:
    """Make the call with `ids`; a page gets its form, the API its JSON."""
    body: dict[str, Any] = {}
    if call.json is not None:
        body["json"] = filled(call.json, ids)
    elif call.content is not None:
        body["content"] = call.content
    elif call.form is not None:
        body["data"] = {name: str(one) for name, one in filled(call.form, ids).items()}
    query = filled(call.query, ids)
    return await client.request(
        method, filled(path, ids), params=query or None, headers=headers, **body, **more
    )


def said(answer: Any, ids: dict[str, str]) -> str:
    """An answer's body without what differs between two answers that mean the same."""
    text: str = answer.text.replace(answer.headers["x-request-id"], "<request>")
    text = re.sub(r"nonce-[\w-]+|\"nonce\":\"[\w-]+\"", "<nonce>", text)
    for name, value in ids.items():
        if value.isdecimal():  # stands in drawings and dates, too
            text = text.replace(f"version {value}", f"version <{name}>")
            continue
        for spelling in {value, quote(value), quote_plus(value)}:
            text = re.sub(rf"\b{re.escape(spelling)}\b", f"<{name}>", text)
    return re.sub(r"\d+ ms|\d\d:\d\d:\d\d\.\d+Z", "<time>", text)


# Noted with requests, and of rooms' edits some seconds after them.
_MOVES = {
    "sessions": ["seen_at", "expires_at"],
    "api_keys": ["used_at"],
    "prompts": ["edited_at"],
}


# Tables of the index are made of the others, whenever it comes to it.
_MADE = ("search_", "sqlite_", "changes", "inclusions")  # of the other tables, or by SQLite


def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, without the notes of who was seen when."""
    if database.is_sqlite:
        return _dump_of_sqlite(database.url.database or "")
    # In a loop of its own, since the caller's is running.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _dump_of_postgres(database.dsn)).result()


def _dump_of_sqlite(path: str) -> dict[str, list[tuple[Any, ...]]]:
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        names = (name for (name,) in tables.fetchall() if not name.startswith(_MADE))
        return {name: _rows(connection, name) for name in names}


def _rows(connection: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    info = connection.execute(f"PRAGMA table_info({table})")
    columns = [row[1] for row in info if row[1] not in _MOVES.get(table, ())]
    listed = ", ".join(f'"{name}"' for name in columns)
    return sorted(connection.execute(f'SELECT {listed} FROM "{table}"'), key=repr)


async def _dump_of_postgres(dsn: str) -> dict[str, list[tuple[Any, ...]]]:
    connection = await connect(dsn, ACROSS)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname='public'")
        found = {}
        for (table,) in tables:
            if table.startswith(_MADE):
                continue
            rows = await connection.fetch(f'SELECT * FROM "{table}"')
            left_out = _MOVES.get(table, ())
            kept = (tuple(v for k, v in row.items() if k not in left_out) for row in rows)
            found[table] = sorted(kept, key=repr)
        return found
    finally:
        await connection.close()


def bytes_on_disk(folder: Path) -> bytes:
    """The database's files, the log of changes included."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("promptroom.db*")))


async def _one_of(database: Database, model: Any, prompt_id: str) -> str:
    """The id of the prompt's newest one."""
    statement = select(model.id).where(model.prompt_id == UUID(prompt_id)).order_by(model.id.desc())
    async with database.everywhere().transaction(write=False) as tx:
        return str((await tx.execute(statement.limit(1))).scalar_one())
