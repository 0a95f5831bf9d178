"""Being told that the list of prompts has changed, over a stream of one's own.

The newer protocol asks for it in a request (`subscriptions/listen`), the older one opens a stream
with GET. Both are readers of the same news as `/api/v1/changes`: over all workers, closed when
their key goes or the server leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.agents.desk import Desk
from app.domain.releases.errors import TooManyReaders
from app.domain.releases.events import last_event
from app.domain.releases.news import News
from app.domain.releases.reader import Reader
from app.domain.releases.stream import ChangeStream

MOST_OF_A_KEY = 200  # on one worker, change streams included
_NOTICE = b'{"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}'


async def admitted(news: News, caller: Principal) -> Reader:
    """A reader that is told from now on. Raises `TooManyReaders`, `ReleasesUncertain`."""
    reader = new_reader(news, caller)
    await news.join(reader)
    return reader


def new_reader(news: News, caller: Principal) -> Reader:
    caller.require(Permission.PROMPTS_READ)
    if news.readers_of(caller.credential_id) >= MOST_OF_A_KEY:
        raise TooManyReaders("Close some of them, or use one for several.", retry_after=5)
    return Reader(caller.workspace_id, caller.credential_id)


class NoticeStream(ChangeStream):
    """The change stream in the words of MCP: that something changed, and not what."""

    def _said(self, told: bytes) -> bytes:
        newest = told.rstrip().rpartition(b"\n\n")[2]
        return _event(newest.partition(b"\n")[0].removeprefix(b"id: "))

    def _opening(self, rows: Sequence[Any] | None, applied: int, mark: str) -> bytes:
        has_missed = rows is None or bool(rows)
        here = f"{applied}-{mark}".encode()
        return b"retry: 1000\n\n" + (_event(here) if has_missed else b": ready\n\n")


def _event(number: bytes) -> bytes:
    return b"id: " + number + b"\nevent: message\ndata: " + _NOTICE + b"\n\n"


def notices(desk: Desk, last: str) -> NoticeStream:
    """Raises `TooManyReaders`. `last` is the header Last-Event-ID, if there is one."""
    news = desk.released.news
    reader = new_reader(news, desk.caller)
    return NoticeStream(desk.database, news, reader, last_event(last))
