"""Map 1: which URL belongs to which slice."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from app.domain.accounts.pages import AccountPages, SessionPages, SignInPages
from app.domain.keys.api import KeyApi
from app.domain.keys.pages import KeyPages
from app.domain.workspaces.api import MemberApi
from app.domain.workspaces.member_pages import JoinPages, MemberPages
from app.domain.workspaces.pages import FirstVisitPages, WorkspacePages

ROUTES: list[ControllerRouterHandler] = [
    FirstVisitPages,
    SignInPages,
    AccountPages,
    SessionPages,
    JoinPages,
    WorkspacePages,
    MemberPages,
    KeyPages,
    MemberApi,
    KeyApi,
]
