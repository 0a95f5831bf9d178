"""`PROMPTROOM_INIT_*`: the owner, workspace and key of an installation without a browser."""

from __future__ import annotations

import structlog

from app.access.permissions import Scope
from app.db.engine import Database
from app.domain.accounts.passwords import Passwords
from app.domain.accounts.service import People, Signup
from app.domain.keys.service import create_key
from app.domain.workspaces.errors import AlreadySetUp
from app.domain.workspaces.service import set_up
from app.errors import InvalidFields
from app.settings import InvalidSetting, Settings

log = structlog.get_logger(__name__)

_SETTINGS = {
    "name": "PROMPTROOM_INIT_EMAIL",
    "email": "PROMPTROOM_INIT_EMAIL",
    "password": "PROMPTROOM_INIT_PASSWORD",
    "workspace": "PROMPTROOM_INIT_WORKSPACE",
    "key": "PROMPTROOM_INIT_API_KEY",
}


async def apply(settings: Settings, database: Database) -> None:
    """Once, on an empty database; afterwards the variables are not read any more.

    Raises `InvalidSetting` when they cannot be used.
    """
    if not settings.init_email and not settings.init_password:
        return
    async with database.transaction(write=False) as tx:
        if await People(tx).are_there():
            return
    try:
        await _apply(settings, database)
    except InvalidFields as error:
        field, problem = next(iter(error.fields.items()))
        raise InvalidSetting(f"{_SETTINGS[field]} cannot be used: {problem}") from error
    except AlreadySetUp:
        log.info("first_start.lost_race")  # another worker was a moment earlier


async def _apply(settings: Settings, database: Database) -> None:
    name = settings.init_email.partition("@")[0]
    signup = await Signup.of(Passwords(), name, settings.init_email, settings.init_password)
    key = settings.init_api_key
    # everywhere: there is no workspace yet
    async with database.everywhere().transaction() as tx:
        title = settings.init_workspace or "Promptroom"
        workspace, _ = await set_up(tx, signup, title, None)
        if key:
            scopes = [scope.value for scope in Scope]
            await create_key(tx, workspace, "Given at installation", scopes, given=key)
    log.info("first_start.applied", workspace=workspace.slug, has_key=bool(key))
