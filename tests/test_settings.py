"""Settings come from the environment once, and say what is wrong with it."""

from __future__ import annotations

import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from app.settings import SECRETS, InvalidSetting, Settings, from_environment


class TestTheEnvironment:
    def test_everything_is_optional(self) -> None:
        settings = from_environment({})
        assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
        assert settings.database == "sqlite+aiosqlite:///data/promptroom.db"
        assert settings.is_sqlite
        assert not settings.secure_cookies

    def test_what_is_given_is_taken(self) -> None:
        settings = from_environment(
            {
                "PROMPTROOM_DATA_DIR": "/srv/x",
                "PROMPTROOM_PORT": "0",
                "PROMPTROOM_PUBLIC_URL": "https://prompts.example.com/",
                "PROMPTROOM_LOG_FORMAT": "json",
                "PROMPTROOM_DATABASE_URL": "postgresql+asyncpg://db/x",
                "SOMETHING_ELSE": "ignored",
            }
        )
        assert settings.data_dir == Path("/srv/x")
        assert settings.port == 0
        assert settings.public_url == "https://prompts.example.com"
        assert settings.secure_cookies
        assert settings.log_format == "json"
        assert not settings.is_sqlite

    def test_an_empty_value_is_none(self) -> None:
        assert from_environment({"PROMPTROOM_PORT": ""}).port == 8000

    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("PROMPTROOM_PORT", "http", "a number from 0 to 65535"),
            ("PROMPTROOM_PORT", "65536", "a number from 0 to 65535"),
            ("PROMPTROOM_PORT", "-1", "a number from 0 to 65535"),
            ("PROMPTROOM_PORT", "8000.0", "a number from 0 to 65535"),
            ("PROMPTROOM_WORKERS", "0", "a number from 1 to 64"),
            ("PROMPTROOM_DRAIN_SECONDS", "5s", "a number from 0 to 300"),
            ("PROMPTROOM_LOG_FORMAT", "xml", "one of text, json"),
            ("PROMPTROOM_LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ],
    )
    def test_what_cannot_be_used_is_named(self, name: str, value: str, said: str) -> None:
        with pytest.raises(InvalidSetting) as refused:
            from_environment({name: value})
        assert refused.value.detail.startswith(f"{name} is '{value}'")
        assert said in refused.value.detail

    @pytest.mark.parametrize(
        "url",
        ["localhost:6379", "http://:s3cret@redis", "redis://:s3cret@redis:port", "redis://r:0"],
    )
    def test_an_address_of_no_redis_is_refused_and_not_repeated(self, url: str) -> None:
        with pytest.raises(InvalidSetting) as refused:
            from_environment({"PROMPTROOM_REDIS_URL": url})
        assert refused.value.detail.startswith("PROMPTROOM_REDIS_URL is no address of a Redis: ")
        assert "s3cret" not in refused.value.detail

    @pytest.mark.parametrize(
        "url", ["redis://r", "rediss://u:p@r:6380/1", "unix:///run/r.sock?db=1"]
    )
    def test_an_address_of_a_redis_is_taken(self, url: str) -> None:
        assert from_environment({"PROMPTROOM_REDIS_URL": url}).redis_url == url

    @pytest.mark.parametrize(
        "url",
        [
            "nonsense",
            "mysql://u:s3cret@h/x",
            "postgresql+psycopg://u:s3cret@h/x",
            "postgresql://u:s3cret@h:port/x",
            "postgresql://u:s3cret@h:1,i:port/x",
            "sqlite://",
            "sqlite:///",
            "sqlite:///:memory:",
        ],
    )
    def test_an_address_of_no_database_is_refused_and_not_repeated(self, url: str) -> None:
        with pytest.raises(InvalidSetting) as refused:
            from_environment({"PROMPTROOM_DATABASE_URL": url})
        assert refused.value.detail.startswith("PROMPTROOM_DATABASE_URL is no address of a data")
        assert "s3cret" not in refused.value.detail

    @pytest.mark.parametrize(
        "url",
        [
            "postgres://u:p%40@db/x?sslmode=require",
            "postgresql://db:5432,[::1]:5433,other/x",
            "postgresql:///x?host=/run/postgresql",
            "postgresql+asyncpg://db/x",
            "sqlite:///relative.db",
            "sqlite+aiosqlite:////srv/a.db",
        ],
    )
    def test_an_address_of_a_database_is_taken(self, url: str) -> None:
        assert from_environment({"PROMPTROOM_DATABASE_URL": url}).database == url

    @pytest.mark.parametrize(
        "url",
        [
            "prompts.example.com",
            "ftp://prompts.example.com",
            "https://",
            "https://u:p@prompts.example.com",
            "https://prompts.example.com/prompts",
            "https://prompts.example.com?x",
            "https://prompts.example.com:port",
        ],
    )
    def test_what_people_cannot_open_is_refused(self, url: str) -> None:
        with pytest.raises(InvalidSetting) as refused:
            from_environment({"PROMPTROOM_PUBLIC_URL": url})
        assert refused.value.detail.startswith(f"PROMPTROOM_PUBLIC_URL is '{url}'; it must be")

    @pytest.mark.parametrize("url", ["http://localhost:8080", "https://[::1]:8443/"])
    def test_what_people_can_open_is_taken(self, url: str) -> None:
        taken = from_environment({"PROMPTROOM_PUBLIC_URL": url}).public_url
        assert taken == url.rstrip("/")

    def test_a_key_that_could_be_guessed_is_refused_and_not_repeated(self) -> None:
        with pytest.raises(InvalidSetting) as refused:
            from_environment({"PROMPTROOM_SECRET_KEY": "s3cret"})
        assert refused.value.detail.startswith("PROMPTROOM_SECRET_KEY has 6 characters")
        assert "s3cret" not in refused.value.detail
        assert from_environment({"PROMPTROOM_SECRET_KEY": "k" * 32}).secret_key == "k" * 32

    @pytest.mark.parametrize(
        ("database", "redis", "shares"),
        [
            ("", "", False),
            ("", "redis://r", False),
            ("postgresql://db/x", "", False),
            ("postgresql://db/x", "redis://r", True),
        ],
    )
    def test_rooms_are_shared_with_a_database_and_a_bus_for_all(
        self, database: str, redis: str, shares: bool
    ) -> None:
        assert Settings(database_url=database, redis_url=redis).shares_rooms is shares


MAIL = {
    "PROMPTROOM_MAIL_FROM": "promptroom@example.com",
    "PROMPTROOM_PUBLIC_URL": "https://prompts.example.com",
}


class TestMail:
    @pytest.mark.parametrize(
        "url", ["smtps://u:p%40@mail.example.com", "smtp://mail:2525", "smtp+plain://localhost"]
    )
    def test_all_that_it_takes_is_taken(self, url: str) -> None:
        assert from_environment(MAIL | {"PROMPTROOM_SMTP_URL": url}).smtp_url == url

    @pytest.mark.parametrize(
        "url", ["mail.example.com", "http://x", "smtp://", "smtps://x:0", "smtp+plain://u:secret@x"]
    )
    def test_what_is_no_mail_server_is_refused_without_being_repeated(self, url: str) -> None:
        with pytest.raises(InvalidSetting) as refused:
            from_environment(MAIL | {"PROMPTROOM_SMTP_URL": url})
        assert "no address of a mail server" in refused.value.detail
        assert "secret" not in refused.value.detail

    @pytest.mark.parametrize("missing", MAIL)
    def test_half_of_it_is_refused(self, missing: str) -> None:
        given = {name: value for name, value in MAIL.items() if name != missing}
        with pytest.raises(InvalidSetting) as refused:
            from_environment(given | {"PROMPTROOM_SMTP_URL": "smtps://mail.example.com"})
        assert missing in refused.value.detail

    @pytest.mark.parametrize("sender", ["x", "a b@c", "A <a@b.c>", "a@b\r\nBcc: c@d"])
    def test_a_sender_is_an_address_alone(self, sender: str) -> None:
        with pytest.raises(InvalidSetting):
            from_environment(MAIL | {"PROMPTROOM_MAIL_FROM": sender})


BEGINNINGS = {
    "database_url": "postgresql://h/",
    "redis_url": "redis://",
    "smtp_url": "smtps://host/",
}


class TestASecretInAFile:
    @pytest.mark.parametrize("field", SECRETS)
    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_it_is_read_without_the_line_break(self, tmp_path: Path, field: str, end: str) -> None:
        kept = f"{BEGINNINGS.get(field, '')} kept as it is, with all its spaces "
        (tmp_path / "secret").write_bytes(f"{kept}{end}".encode())
        name = f"PROMPTROOM_{field.upper()}_FILE"
        settings = from_environment(MAIL | {name: str(tmp_path / "secret")})
        assert getattr(settings, field) == kept

    def test_one_given_twice_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidSetting) as refused:
            from_environment(
                {"PROMPTROOM_SECRET_KEY": "x", "PROMPTROOM_SECRET_KEY_FILE": str(tmp_path)}
            )
        assert "PROMPTROOM_SECRET_KEY and PROMPTROOM_SECRET_KEY_FILE are both" in str(refused.value)

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (None, "which cannot be read: no such file or directory."),
            (b"", "which is empty."),
            (b"\n", "which is empty."),
            (b"\xff\xfe", "which is not text in UTF-8."),
        ],
    )
    def test_what_cannot_be_used_is_named(
        self, tmp_path: Path, content: bytes | None, said: str
    ) -> None:
        path = tmp_path / "secret"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InvalidSetting) as refused:
            from_environment({"PROMPTROOM_REDIS_URL_FILE": str(path)})
        assert refused.value.detail == f"PROMPTROOM_REDIS_URL_FILE names {path}, {said}"

    def test_what_is_no_secret_has_no_file(self, tmp_path: Path) -> None:
        assert from_environment({"PROMPTROOM_HOST_FILE": str(tmp_path / "none")}) == Settings()


class TestTheSecretKey:
    def test_a_given_one_is_used(self, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path, secret_key="k" * 40)
        assert settings.with_secret_key() is settings
        assert list(tmp_path.iterdir()) == []

    def test_one_is_made_kept_and_found_again(self, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path / "new")
        first = settings.with_secret_key().secret_key
        assert len(first) >= 48
        assert settings.with_secret_key().secret_key == first
        mode = (tmp_path / "new" / "secret.key").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
        assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret.key"]

    def test_processes_that_start_at_once_agree(self, tmp_path: Path) -> None:
        with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
            keys = set(pool.map(_key_in, [tmp_path / str(n // 4) for n in range(400)]))
        assert len(keys) == 100

    def test_a_damaged_one_is_not_replaced_in_silence(self, tmp_path: Path) -> None:
        (tmp_path / "secret.key").write_text("short\n")
        with pytest.raises(InvalidSetting, match="holds no usable key"):
            Settings(data_dir=tmp_path).with_secret_key()


def _key_in(data_dir: Path) -> str:
    return Settings(data_dir=data_dir).with_secret_key().secret_key
