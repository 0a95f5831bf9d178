"""Pages of lists."""

from __future__ import annotations

from typing import Any

import pytest
from litestar import Request, Response, get

from app.errors import InvalidFields
from app.kit import cursor
from app.web.paging import MAX_LIMIT, Page, checked_limit, cut, link_header
from tests.web.support import serve


class TestCut:
    def test_one_row_more_than_asked_for_means_there_are_more(self) -> None:
        page = cut([1, 2, 3], 2, lambda row: (row,))
        assert page.items == [1, 2]
        assert cursor.decode(page.next_cursor or "", tuple[int]) == (2,)

    def test_the_last_page_has_no_cursor(self) -> None:
        assert cut([1, 2], 2, lambda row: (row,)) == Page([1, 2], None)
        assert cut([], 2, lambda row: (row,)) == Page([], None)


class TestLimit:
    def test_it_is_bounded(self) -> None:
        assert checked_limit(None) == 50
        assert checked_limit(MAX_LIMIT) == MAX_LIMIT
        for limit in (0, -1, MAX_LIMIT + 1):
            with pytest.raises(InvalidFields):
                checked_limit(limit)


class TestLink:
    @pytest.mark.anyio
    async def test_it_keeps_the_question_and_moves_the_cursor(self) -> None:
        @get("/list")
        async def listed(request: Request[Any, Any, Any]) -> Response[None]:
            more = request.query_params.get("more") == "1"
            page: Page[int] = Page([], "next-one" if more else None)
            return Response(None, headers=link_header(request, page))

        async with serve(listed) as client:
            answer = await client.get("/list?more=1&tag=a&tag=b%26c&cursor=old")
            assert answer.headers["link"] == (
                '</list?more=1&tag=a&tag=b%26c&cursor=next-one>; rel="next"'
            )
            assert "link" not in (await client.get("/list")).headers
