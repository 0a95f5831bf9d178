"""A story as rows: the documents are written edit by edit, as the live engine would have."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

from app.db.base import Model
from app.domain.composition.recording import inclusions
from app.domain.demo import talk
from app.domain.demo.material import Desk, material
from app.domain.demo.news import News
from app.domain.demo.place import Place
from app.domain.demo.story import Event, Move, Story
from app.domain.prompts import activity, settings, template
from app.domain.prompts import policy as prompts
from app.domain.prompts.models import Activity, Branch, OldName, Prompt, PromptTag
from app.domain.rooms import service as rooms
from app.domain.rooms.reading import Reading, reading_of
from app.domain.rooms.room.crediting import Writers
from app.domain.rooms.room.document import LiveDocument
from app.domain.versions import policy
from app.domain.versions.blame import decoded
from app.domain.versions.labels.rollouts import Place as Standing
from app.domain.versions.models import Checkpoint, Label, LabelMove, Version
from app.domain.versions.reading import blame_now
from app.kit.ids import id_at
from app.sandbox import rendering

Rows = list[Model]


class Telling:
    """Turns one story into rows. The ids rise with the story's time, as those made live do."""

    def __init__(self, place: Place, story: Story, rng: Random) -> None:
        self._place = place
        self._story = story
        self._rng = rng
        born = story.events[0].at
        self._prompt_id, self._room_id = self._id(born), self._id(born)
        self._epoch = str(self._id(born))
        self._document = LiveDocument(client=rng.getrandbits(32))
        self._variables = _variables(story)
        self._versions: list[Version] = []
        self._last_checkpoint = ""

    def rows(self) -> Rows:
        """In an order in which they may be inserted."""
        kept = [row for event in self._story.events for row in self._happen(event)]
        made = rooms.rows(self._room_id, self._place.workspace_id, self._document, self._epoch)
        made.document.created_at = self._story.events[0].at
        made.snapshot.taken_at = self._story.events[-1].at
        tags = prompts.normal_tags(self._story.tags)
        return [
            made.document,
            made.snapshot,
            *made.authors,
            self._prompt(),
            self._branch(),
            *(self._inside(PromptTag, tag=tag) for tag in tags),
            *kept,
            *self._labels(),
            *self._old_names(),
            *(talked := self._threads()),
            *self._activities(),
            *News(self._place, self._story, self._prompt_id, self._rng).rows(
                self._versions, talked
            ),
        ]

    def _activities(self) -> Rows:
        """Renaming and archiving; versions and labels are their own record."""
        story, done = self._story, list[tuple[str, datetime, dict[str, Any]]]()
        if story.renamed_at is not None:
            names = {"before": story.old_name, "after": story.name}
            done.append((activity.RENAMED, story.renamed_at, names))
        if story.archived_at is not None:
            done.append((activity.ARCHIVED, story.archived_at, {}))
        by = self._place.actor(story.owner)
        return [
            self._inside(Activity, id=self._id(at), kind=kind, actor=by, at=at, detail=detail)
            for kind, at, detail in done
        ]

    def _threads(self) -> Rows:
        # Numbers of its own: what is said changes nothing about the rest of the demo.
        rng = Random(f"{self._story.name} {self._rng.getrandbits(32)}")  # noqa: S311
        told = talk.chats(self._story, material().talks, self._place.people, rng, self._place.now)
        ids = {
            "workspace_id": self._place.workspace_id,
            "prompt_id": self._prompt_id,
            "room_id": self._room_id,
        }
        return talk.Talking(ids, self._place.people, rng).rows(told)

    def _old_names(self) -> Rows:
        story = self._story
        if story.renamed_at is None:
            return []
        by = self._place.actor(story.owner)
        return [
            self._inside(OldName, name=story.old_name, renamed_by=by, renamed_at=story.renamed_at)
        ]

    def _happen(self, event: Event) -> Rows:
        if event.kind in ("edit", "restore"):
            writers = self._writers(event.restored_from)
            self._document.rewrite_for(event.draft.text, self._place.actor(event.by), writers)
        if event.kind == "edit":
            return []
        if event.kind == "checkpoint":
            return self._checkpoint(event)
        version = self._version(event)
        return [version, *inclusions(version)]

    def _writers(self, number: int | None) -> Writers:
        """Words that are restored stay their author's."""
        return decoded(self._versions[number - 1].blame).writers() if number else ()

    def _reading(self) -> Reading:
        """With what was written since the newest version."""
        since = self._versions[-1].state_vector if self._versions else None
        return reading_of(self._room_id, self._epoch, 0, self._document, since)

    def _version(self, event: Event) -> Version:
        reading = self._reading()
        version: Version = self._kept(
            Version,
            event,
            reading,
            number=len(self._versions) + 1,
            epoch=reading.epoch,
            state=reading.state,
            author=self._place.actor(event.by),
            message=event.message,
            restored_from=event.restored_from,
        )
        self._versions.append(version)
        return version

    def _checkpoint(self, event: Event) -> Rows:
        """None when it would say nothing new."""
        made = self._kept(Checkpoint, event, self._reading(), reason=event.message)
        newest = self._versions[-1].content_sha256 if self._versions else ""
        if made.content_sha256 in (newest, self._last_checkpoint):
            return []
        self._last_checkpoint = made.content_sha256
        return [made]

    def _kept(self, model: Any, event: Event, reading: Reading, **more: Any) -> Any:
        """What versions and checkpoints have in common."""
        story = self._story
        set_to = settings.Settings(event.draft.config, self._variables, story.template_format)
        newest = self._versions[-1] if self._versions else None
        return self._inside(
            model,
            id=self._id(event.at),
            room_id=self._room_id,
            text=reading.text,
            **set_to._asdict(),
            content_sha256=policy.content_sha256(reading.text, set_to),
            contributors=policy.contributors(reading.contributors),
            blame=blame_now(reading, newest).encoded(),
            state_vector=reading.state_vector,
            created_at=event.at,
            **more,
        )

    def _prompt(self) -> Prompt:
        story = self._story
        return Prompt(
            id=self._prompt_id,
            workspace_id=self._place.workspace_id,
            name=story.name,
            title=story.title,
            description=story.about,
            folder=story.folder,
            owner_id=self._place.people[story.owner],
            created_by=self._place.actor(story.owner),
            created_at=story.events[0].at,
            edited_at=story.edited_at,
            archived_at=story.archived_at,
        )

    def _branch(self) -> Branch:
        before = [event.draft.config for event in self._story.events]
        return self._inside(  # type: ignore[no-any-return]  # it is of the model that is named
            Branch,
            id=self._room_id,
            name="main",
            config=before[-1],
            variables=self._variables,
            template_format=self._story.template_format,
            settings_revision=sum(a != b for a, b in pairwise(before)),
        )

    def _labels(self) -> Rows:
        labels: dict[str, Label] = {}
        moves: Rows = []
        for move in self._story.moves:
            had = labels.get(move.label)
            before: Standing = (had.number, had.rollout) if had else (None, None)
            if before == (move.number, move.rollout):
                continue
            by = self._place.actor(move.by)
            labels[move.label] = self._inside(
                Label,
                name=move.label,
                version_id=self._versions[move.number - 1].id,
                number=move.number,
                moved_by=by,
                moved_at=move.at,
                rollout=move.rollout,
            )
            moves.append(self._move(move, before, by))
        return [*labels.values(), *moves]

    def _move(self, move: Move, before: Standing, actor: str) -> LabelMove:
        return self._inside(  # type: ignore[no-any-return]  # as above
            LabelMove,
            id=self._id(move.at),
            label=move.label,
            from_number=before[0],
            to_number=move.number,
            rollout_before=before[1].kept() if before[1] else None,
            rollout_after=move.rollout.kept() if move.rollout else None,
            actor=actor,
            moved_at=move.at,
        )

    def _inside(self, model: Any, **values: Any) -> Any:
        """A row of this prompt."""
        return model(prompt_id=self._prompt_id, workspace_id=self._place.workspace_id, **values)

    def _id(self, at: datetime) -> UUID:
        return id_at(at, self._rng.getrandbits(74))


def _variables(story: Story) -> list[Any]:
    """Declared once for all of its versions, in the order in which the first text uses them."""
    texts = [event.draft.text for event in story.events]
    used = rendering.check if story.template_format == settings.JINJA else template.variables_in
    names = dict.fromkeys(name for text in texts for name in used(text))
    return settings.checked_variables([_declared(story.desk, name) for name in names])


def _declared(desk: Desk, name: str) -> dict[str, Any]:
    if name not in desk.variables:
        return {"name": name}
    known = desk.variables[name]
    given = {"name": name, "type": known.type, "description": known.description}
    return given if known.default is None else {**given, "default": known.default}
