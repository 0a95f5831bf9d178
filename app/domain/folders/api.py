"""Folders, for programs."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, JSONBody

from app.domain.folders import policy
from app.domain.folders.deps import FoldersDep
from app.domain.folders.schemas import FolderInput, FolderList, FolderMoved, FolderView, view
from app.domain.folders.service import MOST_AT_ONCE, Folders
from app.web.conditional import (
    NOT_MODIFIED,
    Conditions,
    ConditionsDep,
    KnownDep,
    answered,
    tag_of,
)
from app.web.paging import limit_up_to, link_header

AppRequest = Request[Any, Any, State]


class FolderApi(Controller):
    path = "/api/v1/folders"
    tags = ["folders"]

    @get("/", name="api:folders", operation_id="listFolders")
    async def listed(
        self,
        request: AppRequest,
        shelving: FoldersDep,
        limit: FromQuery[int | None] = None,
        cursor: FromQuery[str | None] = None,
    ) -> Response[FolderList]:
        """List the folders: those that prompts lie in, and those that were made.

        Follow `next_cursor`, or the Link header. Needs the scope `read`.
        """
        found = await shelving.page(limit_up_to(MOST_AT_ONCE, limit), cursor)
        content = FolderList([view(node) for node in found.items], found.next_cursor)
        return Response(content, headers=link_header(request, found))

    @get(
        "/{folder:path}",
        name="api:folder",
        operation_id="getFolder",
        responses={304: NOT_MODIFIED},
    )
    async def show(
        self, shelving: FoldersDep, known: KnownDep, folder: FromPath[str]
    ) -> Response[FolderView]:
        """Get one folder. Needs the scope `read`."""
        content = view(await shelving.one(folder.strip("/")))
        return answered(content, tag_of(content), known)

    @post("/", name="api:create-folder", operation_id="createFolder")
    async def create(
        self, shelving: FoldersDep, data: JSONBody[FolderInput]
    ) -> Response[FolderView]:
        """Make a folder that stays when it is empty.

        A folder comes with its first prompt by itself; this is for one that waits. A path that is
        there answers 409 `folder_taken`. Needs the scope `write`.
        """
        node = await shelving.create(data.path)
        location = f"/api/v1/folders/{quote(node.path)}"
        return Response(view(node), headers={"Location": location})

    @patch("/{folder:path}", name="api:move-folder", operation_id="moveFolder")
    async def move(
        self,
        shelving: FoldersDep,
        conditions: ConditionsDep,
        folder: FromPath[str],
        data: JSONBody[FolderInput],
    ) -> FolderMoved:
        """Rename a folder or move it, with everything in it.

        Either is a new `path`. Names of prompts stay as they are, so programs notice nothing. A
        path that is there answers 409 `folder_taken`. Needs the scope `write`.
        """
        to = policy.checked(data.path)
        await _check(shelving, conditions, folder.strip("/"))
        return FolderMoved(to, await shelving.move(folder.strip("/"), to))

    @delete("/{folder:path}", name="api:remove-folder", operation_id="removeFolder")
    async def remove(
        self, shelving: FoldersDep, conditions: ConditionsDep, folder: FromPath[str]
    ) -> None:
        """Take a folder away: its prompts and folders lie in the one above it then.

        No prompt is archived or deleted. Needs the scope `write`.
        """
        await _check(shelving, conditions, folder.strip("/"))
        await shelving.remove(folder.strip("/"))


async def _check(shelving: Folders, conditions: Conditions, path: str) -> None:
    if conditions.are_given:
        conditions.check(tag_of(view(await shelving.one(path, holds=True))))
