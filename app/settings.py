"""Every knob, read from the environment once, then frozen.

Only `asgi`, `cli` and `server` import this; everything else is handed values.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from app.errors import Invalid


class InvalidSetting(Invalid):
    code = "setting_invalid"
    title = "A setting cannot be used"
    advice = "Correct the setting that the detail names."


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The process's configuration; `docs/settings.md` describes each variable."""

    data_dir: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    drain_seconds: int = 0
    api_calls_per_minute: int = 600_000
    database_url: str = ""
    redis_url: str = ""
    secret_key: str = ""
    public_url: str = ""
    smtp_url: str = ""
    mail_from: str = ""
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
    def shares_rooms(self) -> bool:
        """Whether several worker processes can serve the same rooms, on any number of machines."""
        return not self.is_sqlite and bool(self.redis_url)

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")

    def with_secret_key(self) -> Settings:
        """The same settings with a signing key, made and kept in the data directory if need be."""
        if self.secret_key:
            return self
        path = self.data_dir / "secret.key"
        if not path.exists():
            _invent_key(path)
        key = path.read_text().strip()
        if len(key) < _KEY_LENGTH:
            raise InvalidSetting(
                f"{path} holds no usable key. Delete it to have a new one made; people will "
                "have to sign in again."
            )
        return msgspec.structs.replace(self, secret_key=key)


def _invent_key(path: Path) -> None:
    """Write a key to `path`, unless another process was faster. Nobody ever sees half a key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix="secret.") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
        file.flush()
        os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)


_KEY_LENGTH = 32  # characters: fewer could be guessed
# Not `sqlite://` and `:memory:`: what is in memory is lost with the process.
_DATABASE = re.compile(r"postgres(ql)?(\+asyncpg)?://.*|sqlite(\+aiosqlite)?:///(?!:memory:).+")
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(:\d+)?")  # PostgreSQL's address may name several
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_NUMBERS = {
    "port": (0, 65535),
    "workers": (1, 64),
    "drain_seconds": (0, 300),
    "api_calls_per_minute": (1, 100_000_000),
}
# These may come from a file, named by `…_FILE`: an environment is shown by many tools, and a file
# is how container platforms hand secrets over.
SECRETS = (
    "database_url",
    "redis_url",
    "secret_key",
    "smtp_url",
    "init_password",
    "init_api_key",
)
_CHOICES = {
    "log_format": ("text", "json"),
    "log_level": ("debug", "info", "warning", "error"),
}


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Settings from `PROMPTROOM_*`; an empty value counts as unset. Raises `InvalidSetting`."""
    values: dict[str, object] = {}
    for field in Settings.__struct_fields__:
        name = f"PROMPTROOM_{field.upper()}"
        raw = environment.get(name, "")
        if field in SECRETS and (path := environment.get(f"{name}_FILE", "")):
            if raw:
                raise InvalidSetting(f"{name} and {name}_FILE are both given. Leave one out.")
            raw = _read(f"{name}_FILE", Path(path))
        if raw:
            values[field] = _parse(field, name, raw)
    settings = Settings(**values)  # type: ignore[arg-type]  # _parse gives each field its type
    _check_mail(settings)
    return settings


def _check_mail(settings: Settings) -> None:
    """All that mail takes, or none of it."""
    if settings.smtp_url and not (settings.mail_from and settings.public_url):
        raise InvalidSetting(
            "PROMPTROOM_SMTP_URL needs PROMPTROOM_MAIL_FROM, from whom mails come, and "
            "PROMPTROOM_PUBLIC_URL, where their links lead."
        )


def _read(name: str, path: Path) -> str:
    """A secret's file; the line break that editors put at its end is not part of the secret."""
    try:
        secret = path.read_text("utf-8").rstrip("\r\n")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidSetting(f"{name} names {path}, which cannot be read: {reason}.") from error
    except UnicodeDecodeError:
        raise InvalidSetting(f"{name} names {path}, which is not text in UTF-8.") from None
    if not secret:
        raise InvalidSetting(f"{name} names {path}, which is empty.")
    return secret


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
    if field in _CHECKS:
        _CHECKS[field](name, raw)
    return raw.rstrip("/") if field == "public_url" else raw


def _check_sender(name: str, address: str) -> None:
    if not _ADDRESS.fullmatch(address):
        raise InvalidSetting(f"{name} is {address!r}; it must be an e-mail address alone.")


def _check_public(name: str, url: str) -> None:
    """An origin: links are made by putting a path behind it."""
    try:
        parts = urlsplit(url.rstrip("/"))
        is_origin = parts.scheme in ("http", "https") and parts.port != 0
        is_origin = is_origin and parts.netloc == (parts.netloc.rpartition("@")[2] or None)
        is_origin = is_origin and not (parts.path or parts.query or parts.fragment)
    except ValueError:
        is_origin = False
    if not is_origin:
        raise InvalidSetting(
            f"{name} is {url!r}; it must be http:// or https://, a host and perhaps a port, such "
            "as https://prompts.example.com."
        )


def _check_secret(name: str, key: str) -> None:
    """Said without the key."""
    if len(key) < _KEY_LENGTH:
        raise InvalidSetting(
            f"{name} has {len(key)} characters; it must have at least {_KEY_LENGTH}. Make one "
            "with: openssl rand -base64 48."
        )


def _check_database(name: str, url: str) -> None:
    """Said without the address, which may hold a password."""
    hosts = url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]
    if not _DATABASE.fullmatch(url) or not all(map(_HOST.fullmatch, hosts.split(","))):
        raise InvalidSetting(
            f"{name} is no address of a database: postgresql://USER:PASSWORD@HOST:PORT/NAME, or "
            "sqlite:///PATH."
        )


def _check_smtp(name: str, url: str) -> None:
    """Said without the address, which may hold a password."""
    try:
        parts = urlsplit(url)
        is_plain = parts.scheme == "smtp+plain"
        is_usable = parts.scheme in ("smtp", "smtps") or (is_plain and not parts.username)
        is_usable = is_usable and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise InvalidSetting(
            f"{name} is no address of a mail server: smtps://USER:PASSWORD@HOST with TLS, smtp:// "
            "with STARTTLS, or smtp+plain://HOST, which takes no password."
        )


def _check_redis(name: str, url: str) -> None:
    """Said without the address, which may hold a password."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("redis", "rediss", "unix") and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise InvalidSetting(
            f"{name} is no address of a Redis: redis://HOST:PORT/0, rediss:// with TLS, or "
            "unix:///path/to/redis.sock."
        )


_CHECKS = {
    "database_url": _check_database,
    "redis_url": _check_redis,
    "secret_key": _check_secret,
    "public_url": _check_public,
    "smtp_url": _check_smtp,
    "mail_from": _check_sender,
}
