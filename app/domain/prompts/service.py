"""What people and programs can do with prompts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.db.after import after_commit
from app.domain.prompts import activity, naming, people, policy, queries, settings
from app.domain.prompts.errors import PromptNotFound, SettingUnknown
from app.domain.prompts.models import Branch, Prompt
from app.domain.prompts.old_names import OldNames
from app.domain.prompts.people import Shown
from app.domain.prompts.ports import (
    PROMPT_CHANGED,
    SETTINGS_CHANGED,
    UNASKED,
    Announcer,
    Composition,
)
from app.domain.prompts.settings import Config, HasSettings, Settings, Variables
from app.domain.rooms.service import Documents
from app.kit import clock
from app.kit.ids import new_id

MOST_MEMBERS = 50  # named on one page


@dataclass(frozen=True, slots=True)
class NewPrompt:
    """What a prompt begins with; empty name or title = made from the other."""

    name: str = ""
    title: str = ""
    description: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()
    text: str = ""
    config: Config = field(default_factory=dict)
    variables: tuple[Mapping[str, Any], ...] = ()
    template_format: str = settings.MUSTACHE


@dataclass(frozen=True, slots=True)
class Details:
    """Changes of what a prompt is called and where it lies; None = as it is."""

    name: str | None = None
    title: str | None = None
    description: str | None = None
    folder: str | None = None
    tags: tuple[str, ...] | None = None
    archived: bool | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A prompt with its main branch, whose id is the room's."""

    prompt: Prompt
    branch: Branch
    tags: list[str]
    owner: Shown | None


@dataclass(frozen=True, slots=True)
class Access:
    """Who can open the workspace's prompts."""

    members: list[dict[str, Any]]  # of {person, role}, the most powerful first
    total: int
    me: Shown
    preferences: dict[str, bool]  # the caller's: show_my_cursor, let_follow, show_others


class Prompts:
    """The prompts of the caller's workspace. News travel once the transaction is committed."""

    def __init__(
        self,
        tx: AsyncSession,
        caller: Principal,
        announcer: Announcer,
        composition: Composition = UNASKED,
    ) -> None:
        self._tx = tx
        self._caller = caller
        self._announcer = announcer
        self._old_names = OldNames(tx, caller, composition)

    async def open(self, prompt_id: UUID) -> Opened:
        """Raises `PromptNotFound`, also for another workspace's."""
        self._caller.require(Permission.PROMPTS_READ)
        prompt, branch = await self._found(prompt_id)
        tags = (await queries.tags_of(self._tx, self._caller, [prompt.id]))[prompt.id]
        owners = await queries.users(self._tx, [prompt.owner_id]) if prompt.owner_id else []
        return Opened(prompt, branch, tags, people.shown(owners[0]) if owners else None)

    async def room(self, room_id: UUID) -> Branch:
        """The branch whose room this is. Raises `PromptNotFound`."""
        self._caller.require(Permission.PROMPTS_READ)
        branch = await queries.room_of(self._tx, self._caller, room_id)
        if branch is None:
            raise PromptNotFound("No room is at this address.")
        return branch

    async def access(self, user_id: UUID) -> Access:
        """Members by role, and what the person `user_id` prefers to show of themselves."""
        self._caller.require(Permission.MEMBERS_READ)
        rows, total = await queries.members(self._tx, self._caller, MOST_MEMBERS)
        members = [{"person": people.shown(user), "role": role} for user, role in rows]
        [me] = await queries.users(self._tx, [user_id])
        preferences = {
            name: getattr(me, name) for name in ("show_my_cursor", "let_follow", "show_others")
        }
        return Access(members, total, people.shown(me), preferences)

    async def locked(self, prompt_id: UUID) -> tuple[Prompt, Branch]:
        """The rows, held until the transaction ends: one publication at a time."""
        return await self._found(prompt_id, lock=True)

    async def create(self, new: NewPrompt) -> Opened:
        """A prompt, its document and its main branch.

        Raises `PromptInvalid`, `TextInvalid`, `NameTaken`, `OldNameIncluded`, `TextTooLarge`.
        """
        self._caller.require(Permission.PROMPTS_WRITE)
        title = new.title or policy.title_from(new.name)
        tags = policy.normal_tags(new.tags)
        new = replace(new, folder=policy.normal_folder(new.folder))
        policy.check_details(title=title, description=new.description, folder=new.folder, tags=tags)
        begun = settings.checked(new)
        if new.name:
            policy.check_details(name=new.name)
            await naming.require_free(self._tx, self._caller, new.name)
        prompt = self._prompt(new.name, title, new)
        branch = await self._with_document(prompt, policy.normal_text(new.text))
        branch.config, branch.variables, branch.template_format = begun
        self._tx.add(branch)
        await self._tx.flush()
        await queries.replace_tags(self._tx, self._caller, prompt.id, tags)
        return await self.open(prompt.id)

    async def change(self, prompt_id: UUID, details: Details) -> list[str]:
        """Change what is given; the answer names the fields that differ now.

        Raises `PromptNotFound`, `PromptInvalid`, `NameTaken`, `OldNameIncluded`.
        """
        given = {
            f.name: value
            for f in fields(details)
            if (value := getattr(details, f.name)) is not None
        }
        self._require_for(given)
        if "tags" in given:
            given["tags"] = policy.normal_tags(given["tags"])
        if "folder" in given:
            given["folder"] = policy.normal_folder(given["folder"])
        policy.check_details(**{k: v for k, v in given.items() if k != "archived"})
        prompt, branch = await self._found(prompt_id, lock=True)
        before = {name: getattr(prompt, name) for name in ("name", "title", "folder")}
        changed = await self._apply(prompt, given)
        if changed:
            after = {name: given[name] for name in changed}
            activity.note_changes(self._tx, self._caller, prompt.id, before, after)
            prompt.edited_at = clock.utc_now()
            await naming.claim_name(self._tx, prompt.name)
            if "name" in changed:
                await self._old_names.keep(prompt, before["name"])
            self._tell(branch.id, PROMPT_CHANGED, changed)
        return changed

    async def claim_text(self, prompt_id: UUID) -> None:
        """Before a text goes to the room: whoever has read the present one is late from now on."""
        self._caller.require(Permission.PROMPTS_WRITE)
        _, branch = await self._found(prompt_id, lock=True)
        branch.settings_revision += 1

    async def set_config(self, prompt_id: UUID, changes: Mapping[str, Any]) -> list[str]:
        """Set or (None) take out some config keys; others may change other keys meanwhile."""
        return await self._settle(
            prompt_id,
            lambda now: now._replace(config=settings.with_config(now.config, changes)),
        )

    async def set_variable(
        self, prompt_id: UUID, name: str, attribute: str, value: Any
    ) -> list[str]:
        """Change one attribute of one declared variable."""
        return await self._settle(
            prompt_id,
            lambda now: now._replace(
                variables=settings.with_attribute(now.variables, name, attribute, value)
            ),
        )

    async def add_variable(self, prompt_id: UUID, given: Mapping[str, Any]) -> list[str]:
        return await self._settle(
            prompt_id,
            lambda now: now._replace(variables=settings.with_variable(now.variables, given)),
        )

    async def remove_variable(self, prompt_id: UUID, name: str) -> list[str]:
        return await self._settle(
            prompt_id,
            lambda now: now._replace(variables=settings.without_variable(now.variables, name)),
        )

    async def set_setting(self, prompt_id: UUID, field_name: str, value: Any) -> list[str]:
        """Change one field by its address. Raises `SettingUnknown`."""
        if field_name == "template_format":
            return await self.set_template_format(prompt_id, value)
        kind, _, rest = field_name.partition(".")
        if kind == "config" and rest:
            return await self.set_config(prompt_id, {rest: value})
        name, _, attribute = rest.rpartition(".")
        if kind == "variables" and name:
            return await self.set_variable(prompt_id, name, attribute, value)
        raise SettingUnknown(f"{field_name} is no setting of a prompt.")

    async def set_template_format(self, prompt_id: UUID, value: Any) -> list[str]:
        """In which language the text is read from now on. Raises `PromptInvalid`."""
        checked = settings.checked_template_format(value)
        return await self._settle(prompt_id, lambda now: now._replace(template_format=checked))

    async def replace_variables(self, prompt_id: UUID, variables: Variables) -> list[str]:
        """Put these in the place of the present ones."""
        checked = settings.checked_variables(variables)
        return await self._settle(prompt_id, lambda now: now._replace(variables=checked))

    async def replace_settings(self, prompt_id: UUID, wanted: HasSettings) -> list[str]:
        """Put these in the place of the present ones."""
        made = settings.checked(wanted)
        return await self._settle(prompt_id, lambda _: made)

    async def _settle(self, prompt_id: UUID, change: Callable[[Settings], Settings]) -> list[str]:
        """One small write under the row's lock, so that two people's fields are both kept."""
        self._caller.require(Permission.PROMPTS_WRITE)
        prompt, branch = await self._found(prompt_id, lock=True)
        before = settings.settings_of(branch)
        after = change(before)
        changed = settings.changed_fields(before, after)
        if changed:
            branch.config, branch.variables, branch.template_format = after
            branch.settings_revision += 1
            prompt.edited_at = clock.utc_now()
            await self._tx.flush()
            self._tell(branch.id, SETTINGS_CHANGED, changed)
        return changed

    async def _found(self, prompt_id: UUID, *, lock: bool = False) -> tuple[Prompt, Branch]:
        found = await queries.by_id(self._tx, self._caller, prompt_id, lock=lock)
        if found is None:
            raise PromptNotFound("Check the address. It may belong to another workspace.")
        return found

    def _require_for(self, given: Mapping[str, Any]) -> None:
        self._caller.require(Permission.PROMPTS_READ)
        if "archived" in given:
            self._caller.require(Permission.PROMPTS_ARCHIVE)
        if given.keys() - {"archived"}:
            self._caller.require(Permission.PROMPTS_WRITE)

    async def _apply(self, prompt: Prompt, given: Mapping[str, Any]) -> list[str]:
        changed = [
            name
            for name in ("name", "title", "description", "folder")
            if name in given and getattr(prompt, name) != given[name]
        ]
        if "name" in changed:
            await naming.require_free(self._tx, self._caller, given["name"])
        for name in changed:
            setattr(prompt, name, given[name])
        if "tags" in given:
            now = (await queries.tags_of(self._tx, self._caller, [prompt.id]))[prompt.id]
            if now != given["tags"]:
                await queries.replace_tags(self._tx, self._caller, prompt.id, given["tags"])
                changed.append("tags")
        if "archived" in given and given["archived"] != (prompt.archived_at is not None):
            prompt.archived_at = clock.utc_now() if given["archived"] else None
            changed.append("archived")
        return changed

    def _prompt(self, name: str, title: str, new: NewPrompt) -> Prompt:
        now = clock.utc_now()
        return Prompt(
            id=new_id(),
            workspace_id=self._caller.workspace_id,
            name=name,
            title=title,
            description=new.description,
            folder=new.folder,
            owner_id=self._caller.user_id,
            created_by=self._caller.actor,
            created_at=now,
            edited_at=now,
            archived_at=None,
        )

    async def _with_document(self, prompt: Prompt, text: str) -> Branch:
        room_id = new_id()
        await Documents(self._tx).create(
            room_id, self._caller.workspace_id, text, self._caller.actor
        )
        if prompt.name:
            self._tx.add(prompt)
            await naming.claim_name(self._tx, prompt.name)
        else:
            await naming.add_under_free_name(self._tx, self._caller, prompt)
        await self._old_names.give_up(prompt)
        return Branch(
            id=room_id,
            workspace_id=self._caller.workspace_id,
            prompt_id=prompt.id,
            name=queries.MAIN,
        )

    def _tell(self, room_id: UUID, kind: str, changed: list[str]) -> None:
        after_commit(
            self._tx,
            lambda: self._announcer.announce(room_id, kind, {"fields": changed}, self._caller),
        )
