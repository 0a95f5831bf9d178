"""Members, for programs."""

from __future__ import annotations

from litestar import Controller, Response, get
from litestar.params import FromQuery

from app.domain.accounts.deps import AppRequest
from app.domain.workspaces.schemas import MemberList, MemberView
from app.domain.workspaces.service import Members
from app.web.deps import Caller, Tx
from app.web.paging import checked_limit, link_header


class MemberApi(Controller):
    path = "/api/v1/members"
    tags = ["members"]

    @get("/", name="api:members", operation_id="listMembers")
    async def listed(
        self,
        request: AppRequest,
        tx: Tx,
        caller: Caller,
        limit: FromQuery[int | None] = None,
        cursor: FromQuery[str | None] = None,
    ) -> Response[MemberList]:
        """List the members of the key's workspace, the most powerful first.

        Needs the scope `read`. At most 200 at a time; follow `next_cursor`, or the Link header.
        """
        found = await Members(tx, caller).page(checked_limit(limit), cursor)
        items = [
            MemberView(
                row.user.id,
                row.user.name,
                row.user.email,
                row.member.role,
                row.user.hue,
                row.member.joined_at,
            )
            for row in found.items
        ]
        content = MemberList(items, found.next_cursor)
        return Response(content, headers=link_header(request, found))
