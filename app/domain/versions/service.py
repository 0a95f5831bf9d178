"""Publishing, restoring and automatic checkpoints.

All three read or edit the live room, which writes through a connection of its own. So they take
the database, and hold no write transaction while they wait for the room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.db.after import after_commit
from app.db.engine import Database
from app.domain.prompts import people
from app.domain.prompts.jinja import Jinja
from app.domain.prompts.models import Branch
from app.domain.prompts.people import Shown
from app.domain.prompts.ports import Reading, Rooms
from app.domain.prompts.service import Prompts
from app.domain.prompts.settings import JINJA, settings_of
from app.domain.versions import policy, queries
from app.domain.versions.blame import decoded
from app.domain.versions.errors import PublishBusy, VersionNotFound
from app.domain.versions.history import actors_of, label_names
from app.domain.versions.labels.labels import Labels
from app.domain.versions.models import Checkpoint, Version
from app.domain.versions.ports import NO_READERS, UNWATCHED, Composition, Readers
from app.domain.versions.reading import blame_of, read_since
from app.errors import InvalidFields
from app.kit import clock
from app.kit.ids import new_id

PUBLISHED = "version.published"  # {"number", "message"}
RESTORED = "version.restored"  # {"number": which one came back, "published": its new number}
_TRIES = 10  # each one fails only because another publication succeeded


@dataclass(frozen=True, slots=True)
class Published:
    """`is_new` is false when text and settings equal those of the version."""

    version: Version
    is_new: bool
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a new version would hold."""

    message: str
    restored_from: int | None = None
    brought_back: dict[str, int] = field(default_factory=dict)  # units, by their first author


class Versions:
    """What the caller makes of the live text."""

    def __init__(
        self,
        database: Database,
        caller: Principal,
        rooms: Rooms,
        readers: Readers = NO_READERS,
        jinja: Jinja | None = None,
        composition: Composition = UNWATCHED,
    ) -> None:
        """`jinja` reads what is published; without it, rendering finds the mistakes."""
        self._database = database.within(caller)
        self._caller = caller
        self._rooms = rooms
        self._readers = readers
        self._jinja = jinja
        self._composition = composition

    async def publish(self, prompt_id: UUID, message: str, labels: Sequence[str] = ()) -> Published:
        """Make a version of what is there, and put `labels` on it.

        When nothing changed since the newest version there is no new one, and the labels go to
        that. Raises `PromptNotFound`, `LabelRefused`, `InvalidFields`, what `Jinja.names` does
        about a Jinja text, and a `Conflict` when programs could not be given it.
        """
        self._caller.require(Permission.VERSIONS_PUBLISH)
        if labels:
            self._caller.require(Permission.LABELS_MOVE)
        for label in labels:
            policy.check_label(label)
        draft = _Draft(_checked_message(message))
        return await self._published(prompt_id, draft, list(dict.fromkeys(labels)))

    async def restore(self, prompt_id: UUID, number: int) -> Published:
        """Edit the live text back into version `number` and publish that.

        Everyone in the room sees it arrive as an edit; unpublished edits are kept as a
        checkpoint. Raises `PromptNotFound`, `VersionNotFound`, `TextTooLarge`, `StorageFailed`,
        and a `Conflict` when programs could not be given it.
        """
        self._caller.require(Permission.VERSIONS_PUBLISH)
        self._caller.require(Permission.PROMPTS_WRITE)
        async with self._database.transaction(write=False) as tx:
            room_id = (await self._prompts(tx).open(prompt_id)).branch.id
            version = await queries.numbered(tx, self._caller, prompt_id, number)
            if version is None:
                raise VersionNotFound(f"This prompt has no version {number}.")
            # Before the live text is touched: publishing would refuse it only afterwards.
            await self._composition.possible(tx, version)
        await Checkpoints(self._database, self._rooms).take(room_id, "restore")
        # Words that come back are still their author's; who brought them back is the version's.
        writers = decoded(version.blame).writers()
        edit = await self._rooms.rewrite(room_id, version.text, self._caller.actor, writers)
        async with self._database.transaction() as tx:
            await self._prompts(tx).replace_settings(prompt_id, version)
        draft = _Draft(f"Restore v{number}", number, edit.contributors)
        published = await self._published(prompt_id, draft, [])
        data = {"number": number, "published": published.version.number}
        self._rooms.announce(room_id, RESTORED, data, self._caller)
        return published

    async def forget(self, prompt_id: UUID, checkpoint_id: UUID) -> None:
        """Delete a checkpoint for good, as when it holds a secret. Versions cannot be.

        Raises `PromptNotFound`, `VersionNotFound`.
        """
        self._caller.require(Permission.WORKSPACE_MANAGE)
        async with self._database.transaction() as tx:
            await self._prompts(tx).open(prompt_id)
            if not await queries.forget_checkpoint(tx, self._caller, prompt_id, checkpoint_id):
                raise VersionNotFound("There is no such checkpoint.")

    async def shown(self, version: Version) -> tuple[list[str], dict[str, Shown]]:
        """The labels on a version, and its authors' names."""
        async with self._database.transaction(write=False) as tx:
            labels = await label_names(tx, self._caller, version.prompt_id)
            who = await people.named(tx, self._caller, actors_of([version]))
        return labels[version.number], who

    async def _published(self, prompt_id: UUID, draft: _Draft, labels: list[str]) -> Published:
        for _ in range(_TRIES):
            async with self._database.transaction(write=False) as tx:
                branch = (await self._prompts(tx).open(prompt_id)).branch
                room_id, template_format = branch.id, branch.template_format
                before = await queries.newest(tx, self._caller, prompt_id)
            reading = await read_since(self._rooms, room_id, before)
            if template_format == JINJA and self._jinja and draft.restored_from is None:
                await self._jinja.names(self._caller.workspace_id, reading.text)
            written = await blame_of(reading, before)
            async with self._database.transaction() as tx:
                _, branch = await self._prompts(tx).locked(prompt_id)
                now = await queries.newest(tx, self._caller, prompt_id)
                if (now and now.id) != (before and before.id):
                    continue  # the reading may be older than that version: look again
                version, is_new = self._version(branch, reading, draft, now)
                if is_new:
                    version.blame = written.encoded()
                    tx.add(version)
                    await tx.flush()
                    await self._composition.published(tx, version)
                    await self._readers.published(tx, version)
                    self._tell(tx, version)
                putting = Labels(tx, self._caller, self._rooms, self._composition)
                moved = await putting.put(branch, version, labels)
                return Published(version, is_new, tuple(moved))
        raise PublishBusy("Try again in a moment.")

    def _version(
        self, branch: Branch, reading: Reading, draft: _Draft, newest: Version | None
    ) -> tuple[Version, bool]:
        """A new version, or the newest one when there is nothing new."""
        sha256 = policy.content_sha256(reading.text, settings_of(branch))
        if newest is not None and newest.content_sha256 == sha256:
            return newest, False
        version = Version(
            id=new_id(),
            workspace_id=branch.workspace_id,
            prompt_id=branch.prompt_id,
            room_id=branch.id,
            number=newest.number + 1 if newest else 1,
            text=reading.text,
            config=branch.config,
            variables=branch.variables,
            template_format=branch.template_format,
            content_sha256=sha256,
            epoch=reading.epoch,
            state=reading.state,
            state_vector=reading.state_vector,
            author=self._caller.actor,
            contributors=policy.contributors(
                policy.restored(reading.contributors, draft.brought_back, self._caller.actor)
            ),
            message=draft.message,
            restored_from=draft.restored_from,
            created_at=clock.utc_now(),
        )
        return version, True

    def _tell(self, tx: AsyncSession, version: Version) -> None:
        data = {"number": version.number, "message": version.message}
        after_commit(
            tx, lambda: self._rooms.announce(version.room_id, PUBLISHED, data, self._caller)
        )

    def _prompts(self, tx: AsyncSession) -> Prompts:
        return Prompts(tx, self._caller, self._rooms)


class Checkpoints:
    """Snapshots the server takes by itself; one that would say nothing new is not kept."""

    def __init__(self, database: Database, rooms: Rooms) -> None:
        self._database = database
        self._rooms = rooms

    async def take(self, room_id: UUID, reason: str) -> Checkpoint | None:
        """A checkpoint, unless the newest version or checkpoint holds the same."""
        async with self._database.transaction(write=False) as tx:
            branch = await queries.room(tx, room_id)
            newest = await queries.newest(tx, branch, branch.prompt_id) if branch else None
        if branch is None:
            return None  # a room that is no prompt's, or was deleted
        reading = await read_since(self._rooms, room_id, newest)
        written = await blame_of(reading, newest)
        async with self._database.transaction() as tx:
            branch = await queries.room(tx, room_id)
            if branch is None:
                return None
            made = _checkpoint(branch, reading, reason)
            newest = await queries.newest(tx, branch, branch.prompt_id)
            last = await queries.last_checkpoint_sha256(tx, branch, branch.prompt_id)
            if made.content_sha256 in (last, newest and newest.content_sha256):
                return None
            made.blame = written.encoded()
            tx.add(made)
        return made


def _checkpoint(branch: Branch, reading: Reading, reason: str) -> Checkpoint:
    return Checkpoint(
        id=new_id(),
        workspace_id=branch.workspace_id,
        prompt_id=branch.prompt_id,
        room_id=branch.id,
        text=reading.text,
        config=branch.config,
        variables=branch.variables,
        template_format=branch.template_format,
        content_sha256=policy.content_sha256(reading.text, settings_of(branch)),
        contributors=policy.contributors(reading.contributors),
        state_vector=reading.state_vector,
        reason=reason,
        created_at=clock.utc_now(),
    )


def _checked_message(message: str) -> str:
    message = " ".join(message.split())
    if not message:
        raise InvalidFields({"message": "Say in a sentence what changed."})
    if "\0" in message:
        raise InvalidFields({"message": "Leave out NUL characters."})
    if len(message) > policy.MESSAGE_LONGEST:
        raise InvalidFields({"message": f"Use at most {policy.MESSAGE_LONGEST} characters."})
    return message
