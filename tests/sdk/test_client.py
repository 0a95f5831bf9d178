"""The client against a real server: fresh, away, back, in many threads, forked, closed."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.sdk import NotFound, Options, Promptroom, Unauthenticated, Unreachable, api
from tests.architecture.source import ROOT
from tests.support.server import HEADLESS, KEY, Server, until

OPTIONS = Options(poll_seconds=0.2, timeout=2)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("sdk"), HEADLESS) as server:
        yield server


def released(client: Promptroom, name: str) -> str:
    """A prompt with two versions, the first in production; its id."""
    made = client.call(api.create_prompt(name, text="one"))
    client.call(api.publish_version(made["id"], "1", ["production"]))
    client.call(api.change_prompt(made["id"], text="two"))
    client.call(api.publish_version(made["id"], "2"))
    return made["id"]


def test_the_examples_of_the_documentation_run(server: Server, tmp_path: Path) -> None:
    text = (ROOT / "docs/sdk.md").read_text("utf-8")
    found = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert found
    for example in found:
        exec(example, {"url": server.url, "key": KEY, "snapshot": tmp_path / "kept.json"})
    assert (tmp_path / "kept.json").stat().st_mode & 0o777 == 0o600


def test_a_newcomers_example_runs(server: Server) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    with Promptroom(server.url, KEY, OPTIONS) as client:
        made = client.call(api.create_prompt("support/welcome", text="Hello {{name}}!"))
        client.call(api.publish_version(made["id"], "First", ["production"]))
    exec(example, {"url": server.url, "key": KEY})


def test_a_moved_label_arrives_and_a_removed_one_is_not_served(server: Server) -> None:
    with Promptroom(server.url, KEY, OPTIONS) as client:
        prompt_id = released(client, "sdk/moved")
        assert client.get("sdk/moved").text == "one"
        client.call(api.move_label(prompt_id, "production", 2))
        until(lambda: client.get("sdk/moved").text == "two", 5, "the move")
        started = time.perf_counter()
        for _ in range(1000):
            client.get("sdk/moved")
        assert time.perf_counter() - started < 1  # a tenth of it is promised: 0.1 ms each
        assert not client.get("sdk/moved").is_stale
        client.call(api.remove_label(prompt_id, "production"))

        def gone() -> bool:
            try:
                client.get("sdk/moved")
            except NotFound as error:
                return error.code != ""
            return False

        until(gone, 5, "the end of what is not released")


def test_a_prompt_is_another_one_when_what_it_includes_moves(server: Server) -> None:
    with Promptroom(server.url, KEY, OPTIONS) as client:
        deep = released(client, "sdk/deep")
        for name, text in (("mid", "<{{> sdk/deep}}>"), ("top", "[{{> sdk/mid@production}}]")):
            made = client.call(api.create_prompt(f"sdk/{name}", text=text))
            client.call(api.publish_version(made["id"], "1", ["production"]))
        assert client.get("sdk/top").text == "[<one>]"
        client.call(api.move_label(deep, "production", 2))
        until(lambda: client.get("sdk/top").text == "[<two>]", 1, "the move of what is included")
        assert not client.get("sdk/top").is_stale


def test_what_is_released_is_there_before_it_is_asked_for(server: Server) -> None:
    told: list[str] = []
    options = Options(poll_seconds=600, timeout=5, on_change=lambda one: told.append(one.text))
    with Promptroom(server.url, KEY, OPTIONS) as maker, Promptroom(server.url, KEY, options) as one:
        prompt_id = released(maker, "sdk/preloaded")
        for number in range(101):  # more than a page
            made = maker.call(api.create_prompt(f"sdk/many/{number}", text=f"{number}"))
            maker.call(api.publish_version(made["id"], "1", ["bulk"]))
        assert one.preload() >= 1
        assert one.preload("bulk") == 101
        inner = one._inner
        assert inner is not None
        inner._fetch = None  # type: ignore[assignment,method-assign]  # nothing may be asked for now
        assert one.get("sdk/preloaded").text == "one"
        assert [one.get(f"sdk/many/{n}", "bulk").text for n in (0, 100)] == ["0", "100"]
        maker.call(api.move_label(prompt_id, "production", 2))
        until(lambda: one.get("sdk/preloaded").text == "two", 5, "the move")
        assert told == ["two"]


def test_errors_say_their_code(server: Server) -> None:
    with Promptroom(server.url, "pr_wrong", OPTIONS) as client, pytest.raises(Unauthenticated):
        client.get("sdk/any")
    with Promptroom(server.url, KEY, OPTIONS) as client:
        client.call(api.create_prompt("sdk/taken", text="x"))
        with pytest.raises(Exception, match="prompt_name_taken"):
            client.call(api.create_prompt("sdk/taken", text="x"))
        assert client.get("sdk/never", fallback="Be kind").is_fallback


def test_many_threads_and_a_fork_share_a_client_which_ends_cleanly(server: Server) -> None:
    with Promptroom(server.url, KEY, OPTIONS) as client:
        prompt_id = released(client, "sdk/forked")
        texts: list[str] = []
        threads = [
            threading.Thread(target=lambda: texts.append(client.get("sdk/forked").text))
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert texts == ["one"] * 20
        child = os.fork()
        if child == 0:
            try:
                until(lambda: client.get("sdk/forked").text == "two", 10, "the move in the child")
                os._exit(0)
            except BaseException:
                os._exit(1)
        client.call(api.move_label(prompt_id, "production", 2))
        assert os.waitpid(child, 0)[1] == 0
        until(lambda: client.get("sdk/forked").text == "two", 5, "the move in the parent")
    assert not [one for one in threading.enumerate() if one.name == "promptroom"]


def test_away_it_serves_and_says_so_and_back_it_is_fresh(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    options = Options(poll_seconds=0.2, timeout=2, snapshot=kept)
    with Server(tmp_path / "data", HEADLESS) as server:
        with Promptroom(server.url, KEY, options) as client:
            prompt_id = released(client, "sdk/away")
            assert client.get("sdk/away").text == "one"
            server.kill_everything()
            until(lambda: client.freshness.is_stale, 10, "the news that the server is away")
            assert client.get("sdk/away").text == "one"
            assert client.get("sdk/away").is_stale
        with Promptroom(server.url, KEY, options) as cold:
            assert (cold.get("sdk/away").text, cold.get("sdk/away").is_stale) == ("one", True)
            with pytest.raises(Unreachable):
                cold.get("sdk/never")
            server.start()
            with Promptroom(server.url, KEY, OPTIONS) as other:
                other.call(api.move_label(prompt_id, "production", 2))
            until(lambda: cold.get("sdk/away").text == "two", 15, "the move that was missed")
            until(lambda: not cold.get("sdk/away").is_stale, 5, "the end of staleness")


def test_the_stream_alone_tells_of_moves_and_misses_none_over_a_crash(tmp_path: Path) -> None:
    """Nothing is polled here: what arrives has come over the stream."""
    options = Options(poll_seconds=600, timeout=2)
    with (
        Server(tmp_path / "data", HEADLESS) as server,
        Promptroom(server.url, KEY, options) as client,
    ):
        prompt_id = released(client, "sdk/told")
        assert client.get("sdk/told").text == "one"
        until(lambda: client.freshness.state == "live", 5, "the stream")
        client.call(api.move_label(prompt_id, "production", 2))
        until(lambda: client.get("sdk/told").text == "two", 5, "the move")
        server.kill_everything()
        until(lambda: client.freshness.is_stale, 10, "the news that the server is away")
        found = client.get("sdk/told")
        assert (found.text, found.is_stale) == ("two", True)
        server.start()
        client.call(api.move_label(prompt_id, "production", 1))
        until(lambda: client.freshness.state == "live", 10, "the stream again")
        until(lambda: client.get("sdk/told").text == "one", 5, "the move")
        until(lambda: not client.get("sdk/told").is_stale, 5, "the end of staleness")
