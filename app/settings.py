"""Every knob, read from the environment once, then frozen.

Only `asgi`, `cli` and `server` import this; everything else is handed values.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from app.errors import Invalid


class InvalidSetting(Invalid):
    code = "setting_invalid"
    title = "A setting cannot be used"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The process's configuration; `docs/settings.md` describes each variable."""

    data_dir: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    database_url: str = ""
    redis_url: str = ""
    secret_key: str = ""
    public_url: str = ""
    log_format: str = "text"
    log_level: str = "info"
    init_email: str = ""
    init_password: str = ""
    init_workspace: str = ""
    init_api_key: str = ""

    @property
    def database(self) -> str:
        """SQLAlchemy URL; SQLite in the data directory unless one was given."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'promptroom.db'}"

    @property
    def is_sqlite(self) -> bool:
        return self.database.startswith("sqlite")

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")

    def with_secret_key(self) -> Settings:
        """The same settings with a signing key, made and kept in the data directory if need be."""
        if self.secret_key:
            return self
        path = self.data_dir / "secret.key"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        try:
            # O_EXCL: of several processes starting at once exactly one writes the key.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = path.read_text().strip()
        else:
            key = secrets.token_urlsafe(48)
            with os.fdopen(descriptor, "w") as file:
                file.write(key + "\n")
                file.flush()
                os.fsync(file.fileno())
        if len(key) < 32:
            raise InvalidSetting(
                f"{path} holds no usable key. Delete it to have a new one made; people will "
                "have to sign in again."
            )
        return msgspec.structs.replace(self, secret_key=key)


_NUMBERS = {"port": (0, 65535), "workers": (1, 64)}
_CHOICES = {
    "log_format": ("text", "json"),
    "log_level": ("debug", "info", "warning", "error"),
}


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Settings from `PROMPTROOM_*`; an empty value counts as unset. Raises `InvalidSetting`."""
    values: dict[str, object] = {}
    for field in Settings.__struct_fields__:
        name = f"PROMPTROOM_{field.upper()}"
        if raw := environment.get(name, ""):
            values[field] = _parse(field, name, raw)
    return Settings(**values)  # type: ignore[arg-type]  # _parse gives each field its type


def _parse(field: str, name: str, raw: str) -> object:
    if field == "data_dir":
        return Path(raw)
    if field in _NUMBERS:
        low, high = _NUMBERS[field]
        if not raw.isdecimal() or not low <= int(raw) <= high:
            raise InvalidSetting(f"{name} is {raw!r}; it must be a number from {low} to {high}.")
        return int(raw)
    if field in _CHOICES and raw not in _CHOICES[field]:
        raise InvalidSetting(f"{name} is {raw!r}; it must be one of {', '.join(_CHOICES[field])}.")
    return raw.rstrip("/") if field == "public_url" else raw
