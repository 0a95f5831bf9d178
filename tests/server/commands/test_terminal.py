"""One line on a terminal, wiped at the end; nothing into a file or a pipe."""

from __future__ import annotations

import io
import sys

import pytest

from app.server.commands import terminal as command


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_shown_one_line_that_goes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(command, "_PAUSE", 0.0)
    with command.showing() as show:
        show("users", 12)
        show("room_journal", 1234567)
    said = terminal.getvalue()
    assert said == "\r\x1b[Kusers … 12\r\x1b[Kroom_journal … 1,234,567\r\x1b[K"


def test_not_faster_than_one_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(command, "_PAUSE", 60.0)
    monkeypatch.setattr(command.time, "monotonic", lambda: 100.0)
    with command.showing() as show:
        for number in range(1000):
            show("users", number)
    assert terminal.getvalue().count("users") == 1


def test_the_line_goes_also_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(ValueError, match="planted"), command.showing():
        raise ValueError("planted")
    assert terminal.getvalue().endswith("\x1b[K")


def test_a_pipe_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    with command.showing() as show:
        show("users", 12)
    assert pipe.getvalue() == ""


def test_a_bar_grows_and_goes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    moments = iter((100.0, 100.0, 103.0))
    monkeypatch.setattr(command.time, "monotonic", lambda: next(moments))
    with command.counting("prompts", 4000) as done:
        done(1000)
    empty, quarter, wiped = terminal.getvalue().split("\r\x1b[K")[1:]
    assert empty.startswith("─" * 30 + " 0 of 4,000 prompts")
    assert quarter == "━" * 7 + "─" * 23 + " 1,000 of 4,000 prompts, about 9 s left"
    assert wiped == ""


def test_a_pipe_gets_a_line_for_each_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    with command.counting("prompts", 1000) as done:
        for number in range(50, 1050, 50):
            done(number)
    lines = pipe.getvalue().splitlines()
    assert lines == [f"{number:,} of 1,000 prompts" for number in range(100, 1100, 100)]
