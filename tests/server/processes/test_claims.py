"""The port and the data folder: owned, or refused with a sentence that says what to do."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.server.processes import claims
from app.server.processes.claims import (
    AddressUnusable,
    DataInUse,
    DataUnusable,
    PortTaken,
    bind,
    lock_data,
)


def accepted(listener: socket.socket) -> Iterator[None]:
    """Whoever waits there."""
    with contextlib.suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            yield


class TestThePort:
    def test_a_free_one_is_listened_on(self) -> None:
        (listener,) = bind("127.0.0.1", 0)
        with listener, socket.create_connection(listener.getsockname(), timeout=5):
            connection, _ = listener.accept()
            connection.close()

    def test_ipv6_too(self) -> None:
        (listener,) = bind("::1", 0)
        with listener:
            assert listener.family == socket.AF_INET6

    @pytest.mark.parametrize(("theirs", "ours"), [(1, 1), (1, 2), (2, 1), (2, 2)])
    def test_a_taken_one_is_named_with_a_way_out(self, theirs: int, ours: int) -> None:
        with contextlib.ExitStack() as stack:
            listeners = bind("127.0.0.1", 0, theirs)
            for listener in listeners:
                stack.enter_context(listener)
            port = listeners[0].getsockname()[1]
            with pytest.raises(PortTaken) as refused:
                bind("127.0.0.1", port, ours)
        assert f"Port {port} on 127.0.0.1 is taken" in refused.value.detail
        assert f"--port {port + 1}" in refused.value.detail

    def test_one_that_is_being_let_go_is_waited_for(self) -> None:
        (orphans,) = bind("127.0.0.1", 0)
        threading.Timer(0.3, orphans.close).start()
        (ours,) = bind("127.0.0.1", orphans.getsockname()[1], patience=10.0)
        ours.close()

    def test_several_share_one_and_only_those_that_listen_are_sent_anybody(self) -> None:
        first, second, third = listeners = bind("127.0.0.1", 0, 3)
        with first, second, third, contextlib.ExitStack() as callers:
            address = first.getsockname()
            assert {listener.getsockname() for listener in listeners} == {address}
            for _ in range(20):
                callers.enter_context(socket.create_connection(address, timeout=5))
            assert len(list(accepted(first))) == 20
            third.listen(100)
            for _ in range(100):
                callers.enter_context(socket.create_connection(address, timeout=5))
            assert sorted(len(list(accepted(one))) > 25 for one in (first, third)) == [True, True]

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
