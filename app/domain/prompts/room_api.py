"""A prompt's rooms with who is in them, and what its text is like, for programs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get
from litestar.params import FromPath
from msgspec import Meta

from app.domain.prompts.conditional_api import room_url
from app.domain.prompts.deps import AppRequest, Desk, DeskDep
from app.domain.prompts.models import Branch
from app.domain.prompts.shapes import ActorView


class LiveRoomView(msgspec.Struct, frozen=True):
    """A room as it is at this moment."""

    id: UUID
    url: Annotated[
        str, Meta(examples=["wss://promptroom.example/rooms/0197a3c2-6a53-7cc1-9d8b-2f6f4f7d1e11"])
    ]
    prompt_id: UUID
    branch: Annotated[str, Meta(examples=["main"])]
    people: Annotated[
        list[ActorView], Meta(description="Who has it open now, each once, keys included.")
    ]


class LiveRoomList(msgspec.Struct, frozen=True):
    """The rooms of a prompt: one for each of its branches."""

    items: list[LiveRoomView]


class AlikePrompt(msgspec.Struct, frozen=True):
    """A prompt that says nearly the same."""

    prompt_id: UUID
    title: str
    percent: Annotated[int, Meta(description="Of what both say together.", examples=[84])]


class AlikeView(msgspec.Struct, frozen=True):
    """What a prompt's text is like."""

    similar: list[AlikePrompt]
    tags: Annotated[list[str], Meta(description="That prompts like it have.")]


class LiveRoomApi(Controller):
    path = "/api/v1"
    tags = ["rooms"]

    @get("/prompts/{prompt_id:uuid}/rooms", name="api:rooms", operation_id="listRooms")
    async def listed(
        self, request: AppRequest, desk: DeskDep, prompt_id: FromPath[UUID]
    ) -> LiveRoomList:
        """List a prompt's rooms, and who is in them now. Needs the scope `read`."""
        async with desk.database.transaction(write=False) as tx:
            branch = (await desk.prompts(tx).open(prompt_id)).branch
        return LiveRoomList([_room(request, desk, branch)])

    @get("/rooms/{room_id:uuid}", name="api:room", operation_id="getRoom")
    async def show(
        self, request: AppRequest, desk: DeskDep, room_id: FromPath[UUID]
    ) -> LiveRoomView:
        """Get a room, and who is in it now. Needs the scope `read`."""
        async with desk.database.transaction(write=False) as tx:
            branch = await desk.prompts(tx).room(room_id)
        return _room(request, desk, branch)


class AlikeApi(Controller):
    path = "/api/v1/prompts/{prompt_id:uuid}/alike"
    tags = ["prompts"]

    @get("/", name="api:alike", operation_id="listAlike")
    async def show(self, desk: DeskDep, prompt_id: FromPath[UUID]) -> AlikeView:
        """List prompts that say nearly the same, and tags that would fit. Needs `read`."""
        async with desk.database.transaction(write=False) as tx:
            opened = await desk.prompts(tx).open(prompt_id)
        text = (await desk.rooms.read(opened.branch.id)).text
        found = await desk.finder.alike(desk.caller, prompt_id, text, opened.tags)
        similar = [AlikePrompt(one.prompt_id, one.title, one.percent) for one in found.similar]
        return AlikeView(similar, list(found.tags))


def _room(request: AppRequest, desk: Desk, branch: Branch) -> LiveRoomView:
    here = desk.rooms.people([branch.id]).get(branch.id, ())
    people = [ActorView(one.id, one.name) for one in here]
    return LiveRoomView(
        branch.id, room_url(request, branch.id), branch.prompt_id, branch.name, people
    )
