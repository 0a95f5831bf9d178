"""No secret and no prompt's words where they do not belong: the log and the database's files (S22)."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.security.world import bytes_on_disk
from tests.support.server import EMAIL, HEADLESS, KEY, PASSWORD, Server

TEXT = "Zebra-canary words of a prompt"
WRONG = "a-wrong-password-canary"
GUESSED = "pr_live_guessedcanary0000000000000000000000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environment = HEADLESS | {"PROMPTROOM_LOG_LEVEL": "debug"}
    with Server(tmp_path_factory.mktemp("secrets"), environment) as server:
        yield server


class Traffic:
    """A few hundred requests of every kind, and every secret that passed by."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.never_logged = {TEXT, PASSWORD, WRONG, KEY, GUESSED}
        self.never_stored = {PASSWORD, WRONG, KEY, GUESSED}
        self.requests = 0
        self.person = self._client()
        self.key = self._client(Authorization=f"Bearer {KEY}")

    def _client(self, **headers: str) -> httpx.Client:
        def count(_: httpx.Request) -> None:
            self.requests += 1

        return httpx.Client(
            base_url=self.server.url, headers=headers, event_hooks={"request": [count]}, timeout=20
        )

    def secret(self, value: str) -> str:
        assert len(value) >= 20
        self.never_logged.add(value)
        self.never_stored.add(value)
        return value

    def close(self) -> None:
        self.person.close()
        self.key.close()

    def run(self) -> None:
        self._sign_in()
        prompt = self._prompts()
        self._rooms(prompt)
        self._invitations()
        self._keys()
        self._passwords()
        self._failures(prompt)

    def _sign_in(self) -> None:
        for password in (WRONG, WRONG, PASSWORD):
            self.person.post("/sign-in", data={"email": EMAIL, "password": password})
        self.secret(self.person.cookies["session"])

    def _prompts(self) -> Any:
        new = {"name": "a/b", "title": TEXT, "text": f"{TEXT} {{{{x}}}}", "description": TEXT}
        prompt = self.key.post("/api/v1/prompts", json=new).json()
        url = f"/api/v1/prompts/{prompt['id']}"
        for number in range(20):
            self.key.patch(url, json={"text": f"{TEXT} {number}", "config": {"model": TEXT}})
            self.key.post(f"{url}/versions", json={"message": f"{TEXT} {number}"})
            self.key.get(f"{url}/diff", params={"from": "1", "to": "draft"})
            self.key.get("/api/v1/prompts", params={"q": TEXT})
            self.person.get("/w/acme/", params={"q": TEXT, "folder": TEXT})
            self.person.get(f"/w/acme/prompts/{prompt['id']}")
        return prompt

    def _rooms(self, prompt: Any) -> None:
        room = prompt["room"]["id"]
        made = self.key.post(f"/api/v1/rooms/{room}/tickets").json()
        ticket = made["ticket"]
        self.never_logged |= {ticket, ticket.split(".")[-1]}
        forged = made["url"] + "forged"
        self.never_logged.add(ticket + "forged")
        for url, headers in (
            (made["url"], {}),
            (forged, {}),
            (forged.partition("?")[0], {"Authorization": f"Bearer {KEY}"}),
            (forged.partition("?")[0], {"Authorization": f"Bearer {GUESSED}"}),
        ):
            try:
                with connect(url, additional_headers=headers) as socket:
                    socket.recv(timeout=5)
                    socket.send(b"\xff" + TEXT.encode())
                    socket.send(TEXT)
                    while True:
                        socket.recv(timeout=5)
            except (ConnectionClosed, TimeoutError):
                pass

    def _invitations(self) -> None:
        form = {"email": "", "role": "editor"}
        page = self.person.post("/w/acme/settings/members/invitations", data=form).text
        [token] = set(re.findall(r"/join/([\w-]{20,})", page))
        self.secret(token)
        stranger = self._client()
        stranger.get(f"/join/{token}")
        stranger.get(f"/join/{token}x")
        mine = self.secret("an excellent pass phrase canary")
        form = {"name": "New Person", "email": "new@example.com", "password": "short"}
        stranger.post(f"/join/{token}", data=form)
        stranger.post(f"/join/{token}", data=form | {"password": mine})
        self.secret(stranger.cookies["session"])
        stranger.close()

    def _keys(self) -> None:
        made = self.key.post("/api/v1/keys", json={"name": "ci", "scopes": ["read"]}).json()
        self.secret(made["key"])
        page = self.person.post("/w/acme/settings/keys", data={"name": "ui", "scopes": "read"})
        found = set(re.findall(r"pr_live_[0-9A-Za-z]{36}", page.text))
        assert len(found) == 1
        self.secret(found.pop())
        for number in range(20):
            given = self.secret(f"{GUESSED}{number}{secrets.token_hex(8)}")
            self.key.get("/api/v1/prompts", headers={"Authorization": f"Bearer {given}"})
        self.key.delete(f"/api/v1/keys/{made['id']}")

    def _passwords(self) -> None:
        new = self.secret("the next pass phrase canary")
        for current in (WRONG, PASSWORD):
            self.person.post("/account/password", data={"current": current, "new": new})
        self.secret(self.person.cookies["session"])

    def _failures(self, prompt: Any) -> None:
        url = f"/api/v1/prompts/{prompt['id']}"
        for body in (
            f'{{"title": "{TEXT}",',
            f'{{"secret": "{TEXT}"}}',
            f'{{"title": ["{TEXT}"]}}',
            f'{{"config": {{"temperature": "{TEXT}"}}}}',
            f'{{"name": "{TEXT}"}}',
        ):
            for _ in range(6):
                self.key.patch(url, content=body)
                self.key.get(f"{url}/versions", params={"cursor": TEXT, "limit": TEXT})
        for path in (f"/{TEXT}", f"/w/{TEXT}/", f"/api/v1/fetch/{TEXT}", f"{url}/labels/{TEXT}"):
            self.person.get(path)
            self.key.get(path, headers={"Referer": TEXT, "User-Agent": TEXT, "X-Request-ID": TEXT})
        form = {"field": "config.response_schema", "value": TEXT}
        self.person.post(f"/w/acme/prompts/{prompt['id']}/settings", data=form)
        self.person.post("/sign-out")


@pytest.fixture(scope="module")
def traffic(server: Server) -> Iterator[Traffic]:
    traffic = Traffic(server)
    traffic.run()
    yield traffic
    traffic.close()


def test_there_was_enough_of_it(traffic: Traffic) -> None:
    assert traffic.requests >= 200
    assert len(traffic.never_stored) >= 30
    logged = list(traffic.server.events("request"))
    assert len(logged) >= 200
    assert {400, 401, 404, 422} & {line["status"] for line in logged}
    assert not [line for line in traffic.server.events() if line["level"] == "error"]


def test_the_log_holds_no_secret_and_no_words(traffic: Traffic) -> None:
    log = traffic.server.logs()
    assert len(log) > 20_000
    for word in traffic.never_logged:
        for spelling in (word, word.replace(" ", "%20"), word.replace(" ", "+")):
            assert spelling not in log, spelling
    assert "Zebra-canary" not in log
    assert EMAIL not in log
    spoken = [line for line in log.splitlines() if not line.startswith("{")]
    assert all(line.startswith("Promptroom") for line in spoken), (
        spoken
    )  # the start's, for a person
    for line in log.splitlines():
        assert line in spoken or json.loads(line)  # nobody's input breaks a line


def test_the_database_holds_no_secret(traffic: Traffic) -> None:
    stored = bytes_on_disk(traffic.server.data_dir)
    assert b"Zebra-canary" in stored, "the scan reads what is there"
    assert b"$argon2id$" in stored
    for word in traffic.never_stored:
        assert word.encode() not in stored, word


def test_the_signing_key_is_its_owners(traffic: Traffic) -> None:
    path = traffic.server.data_dir / "secret.key"
    assert path.stat().st_mode & 0o077 == 0
    assert path.read_text().strip() not in traffic.server.logs()
    assert path.read_bytes().strip() not in bytes_on_disk(traffic.server.data_dir)
