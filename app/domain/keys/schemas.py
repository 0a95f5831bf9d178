"""What the API takes and says about keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from app.access.permissions import Scope
from app.domain.keys import policy
from app.domain.keys.models import ApiKey
from app.web.describing import noted


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to make."""

    name: Annotated[
        str, noted("What uses it.", ["ci"], pattern=r"\S", max_length=policy.NAME_LONGEST)
    ]
    scopes: Annotated[
        list[str],
        noted("`read`, `write` or `admin`.", [["read"]], min_items=1, items={"enum": list(Scope)}),
    ]
    expires_in_days: Annotated[
        int | None, noted("null: never.", [90], minimum=1, maximum=policy.DAYS_LONGEST)
    ] = None


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key, without the secret."""

    id: UUID
    name: str
    hint: str
    scopes: list[str]
    created_by: str | None
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime | None


class IssuedKey(KeyView, frozen=True, kw_only=True):
    """A new key. `key` is shown this once and kept nowhere."""

    key: str


class KeyList(msgspec.Struct, frozen=True):
    """Some keys, the newest first; `next_cursor` is null on the last page."""

    items: list[KeyView]
    next_cursor: str | None


def view(row: ApiKey, maker: str | None) -> KeyView:
    return KeyView(
        id=row.id,
        name=row.name,
        hint=row.hint,
        scopes=row.scopes,
        created_by=maker,
        created_at=row.created_at,
        used_at=row.used_at,
        expires_at=row.expires_at,
    )


def issued(row: ApiKey, key: str) -> IssuedKey:
    shown = {name: getattr(view(row, None), name) for name in KeyView.__struct_fields__}
    return IssuedKey(key=key, **shown)
