"""One voice for structlog, the standard library and warnings."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from app.server.monitoring import logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is logged; everything is as before afterwards."""
    root = logging.getLogger()
    before = root.handlers, root.level
    quiet = {name: logging.getLogger(name).level for name in logs._QUIET}
    configuration = structlog.get_config()
    yield io.StringIO()
    logging.captureWarnings(False)
    structlog.configure(**configuration)
    structlog.contextvars.clear_contextvars()
    root.handlers, root.level = before
    for name, level in quiet.items():
        logging.getLogger(name).setLevel(level)


def entries(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_both_libraries_end_in_the_same_lines(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream)
    structlog.get_logger("ours").info("thing.happened", number=3)
    logging.getLogger("theirs").warning("%s happened", "another")
    first, second = entries(stream)
    assert (first["event"], first["number"], first["logger"]) == ("thing.happened", 3, "ours")
    assert (second["event"], second["level"]) == ("another happened", "warning")
    assert str(first["timestamp"]).endswith("Z")


def test_context_follows_into_both(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream)
    logs.bind_worker(2)
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        structlog.get_logger().info("one")
        logging.getLogger("theirs").error("two")
    assert [(one["request_id"], one["worker"]) for one in entries(stream)] == [("abc", 2)] * 2


def test_the_level_holds_for_both(stream: io.StringIO) -> None:
    logs.configure("json", "warning", stream)
    structlog.get_logger().info("no")
    logging.getLogger("theirs").info("no")
    structlog.get_logger().error("yes")
    assert [one["event"] for one in entries(stream)] == ["yes"]


def test_chatty_libraries_are_heard_only_when_something_is_wrong(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream)
    logging.getLogger("uvicorn.error").info("Started server process")
    logging.getLogger("uvicorn.error").error("broken")
    assert [one["event"] for one in entries(stream)] == ["broken"]


def test_warnings_are_lines_too(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old thing", DeprecationWarning, stacklevel=1)
    assert "old thing" in str(entries(stream)[0]["event"])


@pytest.mark.parametrize("name", ["password", "token", "cookie", "authorization", "text", "body"])
def test_telling_fields_are_dropped_all_the_same(stream: io.StringIO, name: str) -> None:
    logs.configure("json", "info", stream)
    structlog.get_logger().info("oops", **{name: "hunter2"})
    assert entries(stream)[0][name] == "(not logged)"


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_traceback_shows_no_values(stream: io.StringIO, style: str) -> None:
    logs.configure(style, "info", stream)
    password = "hun" + "ter2"
    try:
        raise ValueError(len(password))
    except ValueError:
        structlog.get_logger().exception("failed")
    said = stream.getvalue()
    assert "ValueError: 7" in said
    assert "hunter2" not in said


def test_text_is_for_eyes(stream: io.StringIO) -> None:
    logs.configure("text", "info", stream)
    structlog.get_logger("ours").info("thing.happened", number=3)
    line = stream.getvalue()
    assert "thing.happened" in line
    assert "number=3" in line
    assert "\x1b[" not in line, "no colours into a file"
