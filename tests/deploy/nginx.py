"""nginx as the compose file runs it, with other neighbours, ports and folders."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.recipe import DEPLOY
from tests.support.server import Server, free_port, until


@dataclass(frozen=True)
class Door:
    """Where people come in; has what the room clients ask of a server."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"


def program() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    assert found, "these tests need nginx: apt-get install nginx-light"
    return found


def written(folder: Path, ports: Sequence[int], servers: Sequence[str]) -> Path:
    """The configuration in `folder`: listening on `ports`, before `servers`."""
    config = (DEPLOY / "nginx/nginx.conf").read_text("utf-8").replace("/tmp/", f"{folder}/")
    for old, new in zip(("8080", "127.0.0.1:8081", "3000"), ports, strict=True):
        assert f"listen {old};" in config
        config = config.replace(f"listen {old};", f"listen 127.0.0.1:{new};")
    # Started by root it would become a user who may not enter the folder.
    owner = "user root;\n" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(f"{owner}daemon off;\n{config}")
    lines = "\n".join(f"server {server} max_fails=2 fail_timeout=2s;" for server in servers)
    upstreams = (DEPLOY / "nginx/upstreams.conf").read_text("utf-8")
    # Names of the compose file's network, looked up in a way that Debian's nginx does not know yet.
    for pattern, new in (
        (r"^resolver .*;", ""),
        (r"server web:8000 resolve .*;", lines),
        (r"server grafana:3000 resolve;", "server 127.0.0.1:9;"),
    ):
        upstreams, times = re.subn(pattern, new, upstreams, flags=re.MULTILINE)
        assert times == 1, pattern
    (folder / "upstreams.conf").write_text(upstreams)
    return path


@contextlib.contextmanager
def proxy(folder: Path, servers: Sequence[Server]) -> Iterator[Door]:
    """The door before `servers`."""
    folder.mkdir()
    ports = [free_port() for _ in range(3)]
    config = written(folder, ports, [f"127.0.0.1:{server.port}" for server in servers])
    command = [program(), "-e", "stderr", "-c", str(config)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until(lambda: (folder / "nginx.pid").exists() or process.poll() is not None, 10, "nginx")
        assert process.poll() is None, (folder / "log").read_text()
        yield Door(ports[0])
    finally:
        process.terminate()
        process.wait(10)
