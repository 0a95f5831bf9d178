"""Settings come from the environment once, and say what is wrong with it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from app.settings import InvalidSetting, Settings, from_environment


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
            ("PROMPTROOM_LOG_FORMAT", "xml", "one of text, json"),
            ("PROMPTROOM_LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ],
    )
    def test_what_cannot_be_used_is_named(self, name: str, value: str, said: str) -> None:
        with pytest.raises(InvalidSetting) as refused:
            from_environment({name: value})
        assert refused.value.detail.startswith(f"{name} is '{value}'")
        assert said in refused.value.detail


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

    def test_a_damaged_one_is_not_replaced_in_silence(self, tmp_path: Path) -> None:
        (tmp_path / "secret.key").write_text("short\n")
        with pytest.raises(InvalidSetting, match="holds no usable key"):
            Settings(data_dir=tmp_path).with_secret_key()
