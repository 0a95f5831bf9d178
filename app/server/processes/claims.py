"""What a server has to own alone before it starts: its port, and its SQLite data."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import time
from pathlib import Path
from typing import Any

from app.errors import Conflict, Invalid

BACKLOG = 2048  # connections that wait while a worker is replaced
_RETRY_SECONDS = 0.1
_LOCK_WAIT_SECONDS = 10.0  # a predecessor that is being stopped may still be writing


class PortTaken(Conflict):
    code = "port_taken"
    title = "The port is taken"
    advice = "Stop what listens there, or choose another --port."


class AddressUnusable(Invalid):
    code = "address_unusable"
    title = "The server cannot listen on this address"
    advice = "Give --host an address of this machine."


class DataUnusable(Invalid):
    code = "data_unusable"
    title = "The data folder cannot be used"
    advice = "Let the server's account read and write that folder."


class DataInUse(Conflict):
    code = "data_in_use"
    title = "Another server is using this data"
    advice = "Stop the other server, or give this one a data folder of its own."


def bind(host: str, port: int, count: int = 1, patience: float = 0.0) -> list[socket.socket]:
    """`count` sockets on one port. Raises `PortTaken` or `AddressUnusable`.

    A port is only called taken when it still is after `patience` seconds: workers whose parent
    was killed let go of theirs by themselves, but not at once.

    The kernel spreads new connections evenly over those that listen; one socket for all workers
    would give a burst to whichever of them wakes first. The first one listens at once, each other
    one from when a worker has it: until then nobody can be sent there to wait.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        deadline = time.monotonic() + patience
        while True:
            try:
                return _bound(family, address, count)
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                    raise
                time.sleep(_RETRY_SECONDS)
    except socket.gaierror as error:
        raise AddressUnusable(f"There is no address for the host {host!r}.") from error
    except OSError as error:
        raise _explained(error, host, port) from error


def _bound(family: int, address: Any, count: int) -> list[socket.socket]:
    with contextlib.ExitStack() as on_failure:
        first = on_failure.enter_context(_socket(family))
        # Alone at first: bound as one of several from the beginning it would join the sockets of
        # any other server of this user, and both would get half of the connections.
        first.bind(address)
        if count > 1:
            first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        first.listen(BACKLOG)
        listeners = [first]
        for _ in range(count - 1):
            other = on_failure.enter_context(_socket(family))
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(first.getsockname())
            listeners.append(other)
        on_failure.pop_all()
        return listeners


def _socket(family: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.settimeout(0)
    return made


def _explained(error: OSError, host: str, port: int) -> Conflict | Invalid:
    if error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"Port {port} on {host} is taken by another program. Stop that program, or choose "
            f"another port: promptroom serve --port {port + 1 if port < 65535 else 8000}."
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return AddressUnusable(
            f"This user may not listen on port {port}. Choose one above 1023: "
            "promptroom serve --port 8000."
        )
    return AddressUnusable(f"Cannot listen on {host} port {port}: {_reason(error)}.")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def make_data(directory: Path) -> None:
    """Make the data folder unless it is there. Raises `DataUnusable`."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(directory, error) from error


def open_data(directory: Path) -> int:
    """A descriptor of the lock's file in `directory`, which is made. Raises `DataUnusable`."""
    make_data(directory)
    try:
        return os.open(directory / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(directory, error) from error


def _unusable(directory: Path, error: OSError) -> DataUnusable:
    return DataUnusable(
        f"The data folder {directory} cannot be used: {_reason(error)}. Choose another with "
        "PROMPTROOM_DATA_DIR."
    )


def lock_data(directory: Path) -> int:
    """A descriptor that holds the lock on `directory` for as long as any process has it open.

    A room lives in one process. Two servers on the same SQLite file would each have their own,
    so the workers inherit the lock: it is free when the last of them has written its last word.
    Raises `DataInUse` or `DataUnusable`.
    """
    descriptor = open_data(directory)
    deadline = time.monotonic() + _LOCK_WAIT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise DataInUse(
                    f"Another Promptroom is serving the data in {directory}. Stop it first, or "
                    "choose another folder with PROMPTROOM_DATA_DIR."
                ) from None
            time.sleep(_RETRY_SECONDS)
        else:
            return descriptor
