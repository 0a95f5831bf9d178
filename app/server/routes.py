"""Map 1: which URL belongs to which slice."""

from __future__ import annotations

from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from app.domain.accounts.pages import AccountPages, SessionPages, SignInPages
from app.domain.activity.api import ActivityApi
from app.domain.activity.pages import ActivityPages
from app.domain.agents.api import AgentApi
from app.domain.bookmarks.pages import StarPages, ViewPages
from app.domain.composition.api import DependantApi, OutdatedApi
from app.domain.composition.pages import CompositionPages
from app.domain.exchange.api import ExchangeApi
from app.domain.exchange.exports.pages import ExportPages, PromptExportPages
from app.domain.exchange.imports.pages import ImportPages
from app.domain.folders.api import FolderApi
from app.domain.folders.pages import FolderPages
from app.domain.inbox.pages import EventPages, FollowPages, InboxPages
from app.domain.inbox.settings_pages import NotificationPages
from app.domain.keys.api import KeyApi
from app.domain.keys.pages import KeyPages
from app.domain.mail.pages import UnsubscribePages
from app.domain.prompts.alike_pages import AlikePages, AlikeTitlePages
from app.domain.prompts.api import MessageApi, OldNameApi, PromptApi, RoomApi
from app.domain.prompts.library.bulk_api import BulkApi
from app.domain.prompts.library.bulk_pages import BulkPages
from app.domain.prompts.library.pages import LibraryPages
from app.domain.prompts.pages import PromptPages
from app.domain.prompts.room_api import AlikeApi, LiveRoomApi
from app.domain.prompts.settings_pages import SettingsPages
from app.domain.releases.api import BundleApi, ChangesApi, FetchApi
from app.domain.rooms.sockets import enter
from app.domain.tags.api import TagApi
from app.domain.tags.pages import TagPages
from app.domain.threads.api import CommentApi, PromptThreadApi, ThreadApi
from app.domain.threads.pages import ThreadPages
from app.domain.threads.writing_pages import CommentForms, ThreadForms
from app.domain.versions.api import LabelApi, VersionApi
from app.domain.versions.checkpoint_api import CheckpointApi
from app.domain.versions.labels.api import LabelListApi, LabelUndoApi, ProtectionApi
from app.domain.versions.labels.pages import LabelPages, LabelSettings
from app.domain.versions.pages import VersionPages
from app.domain.workspaces.api import InvitationApi, MemberApi, WorkspaceApi
from app.domain.workspaces.member_pages import JoinPages, MemberPages
from app.domain.workspaces.pages import FirstVisitPages, WorkspacePages
from app.server.monitoring import health
from app.server.openapi import pages as api_pages
from app.server.openapi.description import described
from app.server.static_files import static_files
from app.server.wiring import ports

PAGES: list[ControllerRouterHandler] = [
    FirstVisitPages,
    SignInPages,
    AccountPages,
    SessionPages,
    JoinPages,
    WorkspacePages,
    MemberPages,
    FolderPages,
    TagPages,
    KeyPages,
    LibraryPages,
    BulkPages,
    StarPages,
    ViewPages,
    ImportPages,
    ExportPages,
    PromptExportPages,
    PromptPages,
    SettingsPages,
    AlikePages,
    AlikeTitlePages,
    ThreadPages,
    ThreadForms,
    CommentForms,
    VersionPages,
    LabelPages,
    LabelSettings,
    ActivityPages,
    CompositionPages,
    InboxPages,
    FollowPages,
    EventPages,
    NotificationPages,
    UnsubscribePages,
]

API: list[ControllerRouterHandler] = [
    PromptApi,
    MessageApi,
    OldNameApi,
    BulkApi,
    AlikeApi,
    VersionApi,
    CheckpointApi,
    LabelApi,
    LabelListApi,
    LabelUndoApi,
    ProtectionApi,
    ActivityApi,
    DependantApi,
    OutdatedApi,
    FetchApi,
    BundleApi,
    ChangesApi,
    RoomApi,
    LiveRoomApi,
    PromptThreadApi,
    ThreadApi,
    CommentApi,
    FolderApi,
    TagApi,
    WorkspaceApi,
    MemberApi,
    InvitationApi,
    ExchangeApi,
    KeyApi,
]

ROUTES: list[ControllerRouterHandler] = [
    *PAGES,
    described(API),
    AgentApi,
    enter,
    *api_pages.ROUTES,
    *health.ROUTES,
]

PROVIDERS: dict[str, Provide] = ports.PROVIDERS  # beside those of authentication and shell

__all__ = ["API", "PAGES", "PROVIDERS", "ROUTES", "static_files"]
