"""A workspace as it looks after some weeks: something in every table, made by the services."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.access.permissions import Role
from app.db.engine import Database
from app.domain.bookmarks.service import Bookmarks
from app.domain.composition.models import Acknowledgement, Inclusion
from app.domain.exchange.models import Import, ImportPiece
from app.domain.folders.service import Folders
from app.domain.idempotency.models import KeptCall
from app.domain.inbox.audience import InboxAudience
from app.domain.inbox.policy import Wishes
from app.domain.inbox.service import Inbox
from app.domain.keys.service import Keys
from app.domain.mail.models import Mail
from app.domain.prompts.service import Details, Prompts
from app.domain.rooms import queries
from app.domain.rooms.models import JournalEntry, Quarantined
from app.domain.rooms.room.document import LiveDocument
from app.domain.threads.anchoring import Anchor, Wording
from app.domain.threads.policy import mention
from app.domain.threads.service import Threads
from app.domain.versions.labels.labels import Labels
from app.domain.versions.labels.rollouts import Wanted
from app.domain.versions.service import Checkpoints, Versions
from app.domain.workspaces.invitations import Invitations
from app.kit.bus_memory import MemoryBus
from app.kit.clock import utc_now
from app.kit.ids import new_id
from tests.support.builders import (
    MadePrompt,
    Place,
    Somebody,
    a_key,
    a_member,
    a_prompt,
    a_workspace,
    as_member,
)
from tests.support.rooms import FakeRooms

FIRST = 'You are kind.\n{{role "user"}}\n{{message}} 🧳\n'
EDITS = (
    'You are kind and brief.\n{{role "user"}}\n{{message}} 🧳\n',
    'You are kind, brief and 誠実.\n{{role "user"}}\n{{message}} 🧳\n',
    'You are kind, brief and 誠実.\n\n{{role "user"}}\n{{message}} 🧑‍🚀🧳\n',
    'You are brief and 誠実.\n\n{{role "user"}}\n{{message}} 🧑‍🚀🧳 e\u0301\n',
)
CONFIG = {"model": "gpt-5-mini", "temperature": 0.7, "stop": ["\n\n"], "max_tokens": 1024}
VARIABLES = ({"name": "message", "type": "string", "required": True, "description": "“Hi”"},)


@dataclass(frozen=True)
class Furnished:
    """Where to look afterwards."""

    place: Place
    members: tuple[Somebody, ...]
    prompts: tuple[MadePrompt, ...]
    key: str
    texts: dict[UUID, str]  # what each room's text is now


async def furnish(database: Database, prompts: int = 3) -> Furnished:
    place = await a_workspace(database, "Larkspur Travel")
    members = (
        await a_member(database, place, Role.EDITOR, "Priya Raman"),
        await a_member(database, place, Role.REVIEWER, "Tomás Oliveira"),
    )
    key = await a_key(database, place)
    await _doors(database, place)
    await _begun(database, place, key.id)
    owner = await as_member(database, place, place.owner)
    async with database.transaction() as tx:
        await Folders(tx, owner, FakeRooms()).create("Ideas/Later")
    made, texts = [], {}
    async with database.transaction() as tx:
        await Bookmarks(tx, owner).save("Ideas", "folder=Ideas", is_shared=True)
    for number in range(prompts):
        prompt = await a_prompt(
            database,
            place,
            f"support/refund-{number}",
            title=f"Refund №{number}",
            text=FIRST,
            tags=("refund", "größe"),
            config=dict(CONFIG),
            variables=VARIABLES,
        )
        made.append(prompt)
        async with database.transaction() as tx:
            await Bookmarks(tx, owner).star(prompt.id, on=True)
        texts[prompt.room_id] = await _work(database, place, prompt, [place.owner, *members])
    return Furnished(place, members, tuple(made), key.key, texts)


async def write_on(
    database: Database, room_id: UUID, texts: Sequence[str], actors: Sequence[str]
) -> LiveDocument:
    """Journal rows that make the room's text into each of `texts` in turn."""
    async with database.transaction() as tx:
        snapshot = await queries.snapshot(tx, room_id)
        assert snapshot is not None
        rows = await queries.entries_after(tx, room_id, snapshot.upto_seq)
        document = LiveDocument.from_state(snapshot.state)
        document.learn([(snapshot.state, "server"), *((row.update, row.actor) for row in rows)])
        for row in rows:
            document.apply(row.update)
        seq = rows[-1].seq if rows else snapshot.upto_seq
        for number, text in enumerate(texts):
            actor = actors[number % len(actors)]
            edit = document.rewrite(text, actor)
            if edit is not None:
                seq += 1
                tx.add(_entry(room_id, seq, actor, edit[0]))
    return document


def _entry(room_id: UUID, seq: int, actor: str, update: bytes) -> JournalEntry:
    return JournalEntry(
        document_id=room_id,
        seq=seq,
        actor=actor,
        received_at=utc_now(),
        checksum=zlib.crc32(update),
        update=update,
    )


async def _work(
    database: Database, place: Place, prompt: MadePrompt, people: Sequence[Somebody]
) -> str:
    """Edits by several people, versions with labels, a checkpoint, something quarantined."""
    caller = await as_member(database, place, place.owner)
    rooms = FakeRooms()
    async with database.transaction() as tx:
        for name in (f"{prompt.name}-for-a-day", prompt.name):
            await Prompts(tx, caller, rooms).change(prompt.id, Details(name=name))
    actors = [person.actor for person in people]
    await _readers(database, place, prompt, *people[1:])
    told = InboxAudience(MemoryBus())
    for number, text in enumerate(EDITS[:2], 1):
        rooms.documents[prompt.room_id] = await write_on(database, prompt.room_id, [text], actors)
        rooms.epochs[prompt.room_id] = await _epoch(database, prompt.room_id)
        labels = ["production", "staging"][:number]
        await Versions(database, caller, rooms, told).publish(prompt.id, f"Edit {number}", labels)
    async with database.transaction() as tx:
        labelling = Labels(tx, caller, rooms)
        await labelling.remove(prompt.id, "staging")
        await labelling.move(prompt.id, "eu", 1)
        await labelling.split(prompt.id, "production", Wanted(1, 10))
    await _talk(database, place, prompt, people)
    document = await write_on(database, prompt.room_id, EDITS[2:], actors)
    rooms.documents[prompt.room_id] = document
    await Checkpoints(database, rooms).take(prompt.room_id, "idle")
    async with database.transaction() as tx:
        tx.add(_poison(prompt.room_id))
        of = {"workspace_id": place.id, "prompt_id": prompt.id}
        tx.add(Inclusion(**of, number=1, name="größe/regeln", label="production"))
        tx.add(Acknowledgement(**of, at=utc_now(), actor=caller.actor))
    return document.text


async def _talk(
    database: Database, place: Place, prompt: MadePrompt, people: Sequence[Somebody]
) -> None:
    """A thread on words, resolved, and one on the whole prompt with a deleted comment."""
    first, second = [await as_member(database, place, person) for person in people[:2]]
    anchor = Wording(EDITS[1]).anchor(8, 22)
    assert anchor is not None
    anchor = replace(anchor, positions=(b"\x00\x01", b"\x00\x02"), epoch="epoch")
    async with database.transaction() as tx:
        told = InboxAudience(MemoryBus())
        mine, theirs = [Threads(tx, caller, FakeRooms(), told) for caller in (first, second)]
        named = mention(people[1].id, people[1].name)
        thread = await mine.start(prompt.id, anchor, f"Warum »誠実«, {named}? 🧳")
        await theirs.reply(thread.thread_id, "Weil *ja*.")
        await theirs.react(thread.comment_id, "thanks")
        await mine.edit(thread.comment_id, f"Warum, {named}?")
        await theirs.resolve(thread.thread_id)
        whole = await theirs.start(prompt.id, Anchor(), "Gut so")
        gone = await theirs.reply(whole.thread_id, "Nein")
        await theirs.delete(gone.comment_id)
        await mine.mark_read(whole.thread_id)


async def _readers(
    database: Database, place: Place, prompt: MadePrompt, quiet: Somebody, reader: Somebody
) -> None:
    """One who follows it and was written to, and one who has muted it."""
    caller = await as_member(database, place, reader)
    async with database.transaction() as tx:
        inbox = Inbox(tx, caller, MemoryBus())
        await inbox.follow(prompt.id, is_following=True)
        await inbox.wish(Wishes({"reply": "off"}, mail_after_minutes=30))
        tx.add(_mail(place, reader))
    caller = await as_member(database, place, quiet)
    async with database.transaction() as tx:
        await Inbox(tx, caller, MemoryBus()).mute(prompt.id, prompt.id, is_muted=True)


def _mail(place: Place, reader: Somebody) -> Mail:
    now = utc_now()
    return Mail(
        id=new_id(),
        workspace_id=place.id,
        user_id=reader.id,
        state="sent",
        made_at=now,
        try_at=now,
        tries=1,
    )


async def _epoch(database: Database, room_id: UUID) -> str:
    async with database.transaction(write=False) as tx:
        document = await queries.document(tx, room_id)
    assert document is not None
    return document.epoch


def _poison(room_id: UUID) -> Quarantined:
    return Quarantined(
        id=new_id(),
        document_id=room_id,
        actor="user:eve",
        reason="crash",
        ranges=[[2**32 - 1, 0, 7]],
        update=b"\x00\xff" * 20,
        happened_at=utc_now(),
    )


async def _doors(database: Database, place: Place) -> None:
    """An open invitation, and a key that works no more."""
    caller = await as_member(database, place, place.owner)
    revoked = await a_key(database, place, name="old")
    async with database.transaction() as tx:
        await Invitations(tx, caller).create("leila@example.com", Role.VIEWER)
        await Keys(tx, caller).revoke(revoked.id)


async def _begun(database: Database, place: Place, key_id: UUID) -> None:
    """A file that was brought and not yet imported, and a call that may be made again."""
    import_id, now = new_id(), utc_now()
    file = b"{}"
    async with database.transaction() as tx:
        tx.add(
            Import(
                id=import_id,
                workspace_id=place.id,
                user_id=place.owner.id,
                created_at=now,
                state="ready",
                files=[{"name": "größe.json", "size": len(file), "format": "", "is_out": False}],
                conflict="skip",
                choices={},
                preview={},
                result={},
                done=0,
                total=0,
            )
        )
        await tx.flush()
        tx.add(ImportPiece(import_id=import_id, number=0, workspace_id=place.id, file=0, data=file))
        tx.add(
            KeptCall(
                key_id=key_id,
                name_sha256="0" * 64,
                workspace_id=place.id,
                call_sha256="1" * 64,
                turn=new_id(),
                until=now,
                answer_status=201,
                answer_headers={"Location": "/api/v1/prompts/größe"},
                answer_body=b"\x00\xff",
                created_at=now,
            )
        )
