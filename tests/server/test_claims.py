"""The port and the data folder: owned, or refused with a sentence that says what to do."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from app.server import claims
from app.server.claims import AddressUnusable, DataInUse, DataUnusable, PortTaken, bind, lock_data


class TestThePort:
    def test_a_free_one_is_listened_on(self) -> None:
        with (
            bind("127.0.0.1", 0) as listener,
            socket.create_connection(listener.getsockname(), timeout=5),
        ):
            connection, _ = listener.accept()
            connection.close()

    def test_ipv6_too(self) -> None:
        with bind("::1", 0) as listener:
            assert listener.family == socket.AF_INET6

    def test_a_taken_one_is_named_with_a_way_out(self) -> None:
        with bind("127.0.0.1", 0) as listener:
            port = listener.getsockname()[1]
            with pytest.raises(PortTaken) as refused:
                bind("127.0.0.1", port)
        assert f"Port {port} on 127.0.0.1 is taken" in refused.value.detail
        assert f"--port {port + 1}" in refused.value.detail

    @pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7"])
    def test_an_address_that_is_not_ours(self, host: str) -> None:
        with pytest.raises(AddressUnusable) as refused:
            bind(host, 0)
        assert host in refused.value.detail

    def test_a_port_for_the_administrator(self) -> None:
        error = PermissionError(13, "Permission denied")
        said = claims._explained(error, "127.0.0.1", 80).detail
        assert said.startswith("This user may not listen on port 80.")


class TestTheData:
    def test_one_at_a_time(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(claims, "_LOCK_WAIT_SECONDS", 0.3)
        first = lock_data(tmp_path / "data")
        with pytest.raises(DataInUse, match="Another Promptroom is serving the data"):
            lock_data(tmp_path / "data")
        os.close(first)
        os.close(lock_data(tmp_path / "data"))

    def test_the_lock_lasts_as_long_as_anybody_holds_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(claims, "_LOCK_WAIT_SECONDS", 0.3)
        first = lock_data(tmp_path)
        inherited = os.dup(first)  # as a worker has it
        os.close(first)
        with pytest.raises(DataInUse):
            lock_data(tmp_path)
        os.close(inherited)
        os.close(lock_data(tmp_path))

    def test_a_folder_that_cannot_be_used(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(DataUnusable) as refused:
            lock_data(tmp_path / "file" / "data")
        assert "PROMPTROOM_DATA_DIR" in refused.value.detail
