"""A kept prompt as rows: its versions are told again, edit by edit, into a new document."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from app.access.principal import Principal
from app.db.base import Model
from app.domain.composition.recording import inclusions
from app.domain.exchange.archive import PromptKept, RolloutKept, VersionKept, actor_of
from app.domain.exchange.errors import FileInvalid
from app.domain.prompts import policy, settings
from app.domain.prompts.models import Branch, OldName, Prompt, PromptTag
from app.domain.rooms import service as rooms
from app.domain.rooms.reading import reading_of
from app.domain.rooms.room.document import LiveDocument
from app.domain.versions.models import Label, LabelMove, Version
from app.domain.versions.policy import check_label, content_sha256
from app.domain.versions.reading import blame_now
from app.errors import AppError
from app.kit.ids import id_at, new_id
from app.kit.rollouts import BUCKETS, Rollout

_SEED = re.compile(r"[0-9A-Za-z_-]{1,32}")


@dataclass(slots=True)
class _Room:
    id: UUID
    epoch: str
    document: LiveDocument
    newest: Version | None = None


class Telling:
    """The rows of one prompt in an order in which they can be inserted. Raises `FileInvalid`."""

    def __init__(self, kept: PromptKept, caller: Principal, name: str, path: str) -> None:
        self._kept = kept
        self._caller = caller
        self._name = name
        self._path = path
        self._id = new_id()
        self._rooms = {
            one.name: _Room(new_id(), str(new_id()), LiveDocument()) for one in kept.branches
        }
        self._versions: dict[int, Version] = {}

    def rows(self, versions: Iterable[VersionKept]) -> list[Model]:
        if "main" not in self._rooms or len(self._rooms) != len(self._kept.branches):
            raise FileInvalid("A prompt has a branch main, and each branch once.", self._path, 1)
        told = [self._version(one) for one in versions]
        try:
            included = [row for one in told for row in inclusions(one)]
            return [*self._beginning(), *told, *included, *self._labels()]
        except AppError as error:
            raise FileInvalid(error.detail, self._path, 1) from error

    def _beginning(self) -> Iterator[Model]:
        kept, caller = self._kept, self._caller
        tags = policy.normal_tags(kept.tags)
        policy.check_details(
            name=self._name,
            title=kept.title,
            description=kept.description,
            folder=kept.folder,
            tags=tags,
        )
        yield Prompt(
            id=self._id,
            workspace_id=caller.workspace_id,
            name=self._name,
            title=kept.title,
            description=kept.description,
            folder=kept.folder,
            owner_id=caller.user_id,
            created_by=self._actor(kept.created_by),
            created_at=kept.created_at,
            edited_at=kept.edited_at,
            archived_at=kept.archived_at,
        )
        for branch in kept.branches:
            yield from self._branch(branch)
        for tag in tags:
            yield self._inside(PromptTag, tag=tag)
        for old in kept.old_names:
            policy.check_details(name=old.name)
            by = self._actor(old.by)
            yield self._inside(OldName, name=old.name, renamed_by=by, renamed_at=old.at)

    def _branch(self, kept: Any) -> Iterator[Model]:
        room = self._rooms[kept.name]
        text = policy.normal_text(kept.text)
        rooms.check_size(text)
        room.document.rewrite(text, self._caller.actor)
        made = rooms.rows(room.id, self._caller.workspace_id, room.document, room.epoch)
        yield made.document
        yield self._inside(
            Branch,
            id=room.id,
            name=kept.name,
            **settings.checked(kept)._asdict(),
            settings_revision=0,
        )
        yield made.snapshot
        yield from made.authors

    def _version(self, kept: VersionKept) -> Version:
        room = self._rooms.get(kept.branch)
        if room is None:
            raise FileInvalid(f"There is no branch {kept.branch}.", self._path, kept.number + 1)
        try:
            made = self._told(kept, room)
        except AppError as error:
            raise FileInvalid(error.detail, self._path, kept.number + 1) from error
        room.newest = self._versions[kept.number] = made
        return made

    def _told(self, kept: VersionKept, room: _Room) -> Version:
        text = policy.normal_text(kept.text)
        rooms.check_size(text)
        author = self._actor(kept.author)
        room.document.rewrite(text, author)
        since = room.newest.state_vector if room.newest else None
        reading = reading_of(room.id, room.epoch, 0, room.document, since)
        kept_settings = settings.checked(kept)
        version: Version = self._inside(
            Version,
            id=id_at(kept.created_at, random.getrandbits(74)),  # an id is no secret
            room_id=room.id,
            number=kept.number,
            text=text,
            **kept_settings._asdict(),
            content_sha256=content_sha256(text, kept_settings),
            epoch=room.epoch,
            state=reading.state,
            state_vector=reading.state_vector,
            author=author,
            contributors=[
                {"actor": self._actor(str(one["name"])), "units": int(one["units"])}
                for one in kept.contributors
                if {"name", "units"} <= one.keys()
            ],
            blame=blame_now(reading, room.newest).encoded(),
            message=" ".join(kept.message.split())[:500],
            restored_from=kept.restored_from,
            created_at=kept.created_at,
        )
        return version

    def _labels(self) -> Iterator[Model]:
        last = {one.label: one for one in self._kept.moves}
        for name, number in self._kept.labels.items():
            check_label(name)
            version = self._versions.get(number)
            if version is None:
                raise FileInvalid(f"{name} is on version {number}, which is not here.", self._path)
            move = last.get(name)
            yield self._inside(
                Label,
                name=name,
                version_id=version.id,
                number=number,
                moved_by=self._actor(move.by if move else ""),
                moved_at=move.at if move else version.created_at,
                rollout=self._rollout(name, number),
            )
        for move in self._kept.moves:
            check_label(move.label)
            yield self._inside(
                LabelMove,
                id=new_id(),  # rises with each, as they stand in the archive
                label=move.label,
                from_number=move.before,
                to_number=move.after,
                rollout_before=_kept(move.rollout_before),
                rollout_after=_kept(move.rollout_after),
                actor=self._actor(move.by),
                moved_at=move.at,
            )

    def _rollout(self, label: str, number: int) -> Rollout | None:
        kept = self._kept.rollouts.get(label)
        if kept is None:
            return None
        is_whole = kept.version in self._versions and kept.version != number
        if not (is_whole and 0 < kept.share < BUCKETS and _SEED.fullmatch(kept.seed)):
            raise FileInvalid(f"The rollout of {label} is not one.", self._path, 1)
        return Rollout(kept.version, kept.share, kept.seed)

    def _actor(self, name: str) -> str:
        if "\x00" in name:
            raise FileInvalid("There is a NUL character in a name.", self._path, 1)
        return actor_of(name, self._caller.actor)

    def _inside(self, model: Any, **values: Any) -> Any:
        return model(prompt_id=self._id, workspace_id=self._caller.workspace_id, **values)


def _kept(one: RolloutKept | None) -> dict[str, Any] | None:
    return msgspec.to_builtins(one) if one else None
