"""Every file of the corpus: what is read of it, that it survives every format, what is refused."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from app.domain.exchange import bounds, detecting
from app.domain.exchange.errors import ExportImpossible, FileInvalid, FormatUnknown
from app.domain.exchange.exports import snippets
from app.domain.exchange.mapping import template_format_of
from app.domain.exchange.record import Record
from app.domain.prompts import template
from app.domain.releases import rendering
from tests.domain.exchange.corpus_files import BROKEN, FOLDER, GOOD, read

READ_BACK = [one for one in detecting.FORMATS.values() if one.read]


def test_the_corpus_is_whole() -> None:
    assert sorted(GOOD | BROKEN) == sorted(path.name for path in FOLDER.iterdir())
    assert len(GOOD | BROKEN) >= 30


@pytest.mark.parametrize("file", GOOD)
def test_a_file_is_read(file: str) -> None:
    found = [
        (one.name, " ".join(m.role for m in template.messages_of(one.text))) for one in read(file)
    ]

    assert found == [(name, roles) for name, roles, _ in GOOD[file]]
    for record, (_, _, words) in zip(read(file), GOOD[file], strict=True):
        assert words in record.text


@pytest.mark.parametrize("file", GOOD)
def test_what_is_written_is_read_and_written_the_same(file: str) -> None:
    """Byte for byte, in every format that has words for the prompt."""
    refused = []
    for record in read(file):
        for one in READ_BACK:
            try:
                written = one.write(record)
            except ExportImpossible:
                refused.append(one.name)
                continue
            [again] = detecting.read(written, one.file_name(record.name))
            assert one.write(again) == written, one.name
    if file not in ("messages.json", "media.prompt", "mustache.prompty", "v2.prompty"):
        assert refused == []


@pytest.mark.parametrize("file", GOOD)
def test_nothing_is_lost_in_a_file_s_own_format(file: str) -> None:
    """Read, written and read again: the same record, keys that nobody knows included."""
    data = (FOLDER / file).read_bytes()
    for record in detecting.read(data, file):
        own = next(one for one in READ_BACK if _wrote(one, file))
        [again] = detecting.read(own.write(record), _named_as(file, own))

        assert again == record


@pytest.mark.parametrize("file", BROKEN)
def test_a_broken_file_names_its_line(file: str) -> None:
    line, column, words = BROKEN[file]

    with pytest.raises(FileInvalid) as refused:
        read(file)

    assert (refused.value.line, refused.value.column) == (line, column)
    assert words in refused.value.detail
    assert refused.value.detail.startswith(file)


def test_unknown_keys_are_kept_verbatim() -> None:
    [langfuse] = read("langfuse-chat.json")
    written = json.loads(detecting.FORMATS["langfuse"].write(langfuse))
    assert written["projectId"] == "p-17"
    assert written["config"]["x-house"] == {"team": "payments", "tiers": [1, 2.5, None]}
    assert [m["name"] for m in written["prompt"] if m["type"] == "placeholder"] == [
        "conversation",
        "tool_results",
    ]

    [github] = read("tests.prompt.yml")
    assert b"uses: github/similarity" in detecting.FORMATS["github"].write(github)


def test_messages_keep_parts_calls_and_names() -> None:
    """To OpenAI and back; a part of type text alone is a text, input_text is text."""
    [record] = read("messages.json")

    written = json.loads(detecting.FORMATS["openai"].write(record))["messages"]

    assert written == json.loads((FOLDER / "messages.json").read_text())


def test_references_are_never_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-server")
    [record] = read("v2.prompty")

    written = detecting.FORMATS["prompty"].write(record)

    assert b"apiKey: ${env:OPENAI_API_KEY}" in written
    assert b"sk-of-the-server" not in written + repr(record).encode()


def test_promptfoo_gets_the_prompt_and_its_tests() -> None:
    [record] = read("tests.prompt.yml")

    written = detecting.FORMATS["promptfoo"].write(record).decode()

    assert "prompts:\n  - id: tests\n" in written
    assert "input: The quick brown fox\n    assert:\n      - type: contains" in written
    assert "expected" not in written
    with pytest.raises(FormatUnknown):
        detecting.read(written.encode(), "promptfooconfig.yaml", "promptfoo")


@pytest.mark.parametrize(
    "text",
    [
        "---\na: " + "[" * 500 + "]" * 500 + "\n---\nx",
        "---\na: [" + "1, " * (bounds.YAML_NODES + 1) + "]\n---\nx",
        "---\na: " + "9" * 5000 + "\n---\nx",
        '{"name": "x", "prompt": ' + "[" * 100_000,
        '{"name": "x", "prompt": "\\ud800"}',
    ],
)
def test_bombs_are_refused(text: str) -> None:
    with pytest.raises(FileInvalid):
        detecting.read(text.encode(), "x.json" if text.startswith("{") else "x.prompt")


def test_a_line_that_would_begin_a_message_is_not_written_to_prompty() -> None:
    with pytest.raises(ExportImpossible, match="would begin a message"):
        detecting.FORMATS["prompty"].write(Record(name="x", text="Say\nuser:\nplease"))


def test_their_own_libraries_read_what_we_write() -> None:
    """And we read what they read: dotpromptz and prompty, each on all of the corpus."""
    asked: list[dict[str, Any]] = []
    ours: list[Record] = []
    for file in GOOD:
        for record in read(file):
            for name in ("dotprompt", "prompty"):
                try:
                    text = detecting.FORMATS[name].write(record).decode()
                except ExportImpossible:
                    continue
                asked.append({"format": name, "file": f"x.{name}", "text": text})
                ours.append(record)
    answers = _oracle(asked)

    assert len(answers) > 40
    for record, one, theirs in zip(ours, asked, answers, strict=True):
        assert theirs["name"] == record.name
        assert (theirs["model"] or "") == record.model
        if one["format"] == "prompty":
            assert theirs["max_tokens"] == record.params.get("max_tokens")
            assert theirs["temperature"] == record.params.get("temperature")
            assert theirs["format"] == (record.template_format or "mustache")
            spoken = [m for m in template.messages_of(record.text) if m.role != "history"]
            assert [role for role, _ in theirs["messages"]] == [m.role for m in spoken]
            inputs = [name for name, kind in theirs["inputs"] if kind != "thread"]
            assert inputs == [v["name"] for v in record.variables]
        else:
            assert (theirs["config"] or {}).get("temperature") == record.params.get("temperature")
            assert len(theirs["defined"]) + len(theirs["tools"] or []) == len(record.tools)
            body = theirs["template"].removesuffix("\n")
            assert body.count("{{role") == record.text.count("{{role")


def test_we_read_what_their_own_libraries_write_and_mean() -> None:
    """Prompty writes its files itself, and both fill them in: the same prompt, the same messages."""
    asked: list[dict[str, Any]] = []
    ours: list[Record] = []
    for file in GOOD:
        for record in read(file):
            values = _values(record)
            for name in ("dotprompt", "prompty") if values is not None else ("prompty",):
                with contextlib.suppress(ExportImpossible):
                    text = detecting.FORMATS[name].write(record).decode()
                    one = {"format": name, "file": f"x.{name}", "text": text, "values": values}
                    asked.append(one)
                    ours.append(record)
    answers = _oracle(asked)

    assert len([one for one in asked if one["values"] is not None]) >= 20
    assert len([one for one in asked if one["format"] == "prompty"]) >= 18
    for record, one, theirs in zip(ours, asked, answers, strict=True):
        if one["values"] is not None:
            filled = rendering.rendered(record.text, record.variables, one["values"])
            spoken = [[m.role, m.content.strip()] for m in filled]
            assert [[role, text.strip()] for role, text in theirs["messages"]] == spoken
        if one["format"] == "prompty":
            [again] = detecting.read(theirs["written"].encode(), "x.prompty")
            assert _meant(again) == _meant(record), theirs["written"]


def _values(record: Record) -> dict[str, Any] | None:
    """Something for every variable of a prompt that is words and variables and nothing else."""
    is_plain = snippets.is_simple(record.text) and "{%" not in record.text
    kinds = {one["name"]: one.get("type", "string") for one in record.variables}
    if not is_plain or set(kinds.values()) - {"string"}:
        return None
    names = re.findall(r"\{\{\s*(\w+)\s*\}\}", record.text)
    return {name: f"[{name}]" for name in {*names, *kinds}}


def _meant(record: Record) -> Any:
    """What the library's own model of a prompt has room for."""
    inputs = [(one["name"], one.get("default")) for one in record.variables]
    tools = [one.get("name") or one.get("function", {}).get("name") for one in record.tools]
    spoken = [(m.role, m.content.strip()) for m in template.messages_of(record.text)]
    params = [record.params.get(name) for name in ("temperature", "top_p", "max_tokens", "seed")]
    return record.name, spoken, record.model, params, inputs, tools, record.tags


def _oracle(asked: list[dict[str, Any]]) -> list[Any]:
    site = Path(sys.executable).parent.parent / "oracle"
    assert site.is_dir(), "Run `make setup`: the formats' own libraries are not there."
    told = subprocess.run(  # our own script
        [sys.executable, str(Path(__file__).with_name("oracle.py"))],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(site)},
    )
    assert told.returncode == 0, told.stderr
    answers: list[Any] = json.loads(told.stdout)
    return answers


def _wrote(one: detecting.Format, file: str) -> bool:
    starts = {"openai": ("messages", "chat-", "responses"), "mlflow": ("mlflow",)}
    if one.name == "github":
        return ".prompt.y" in file
    if file.endswith((".prompt", ".prompty")):
        return file.endswith(one.suffix)
    return file.startswith(starts.get(one.name, (one.name,)))


def _named_as(file: str, one: detecting.Format) -> str:
    return file if not file.endswith(".json") else f"{file.split('.', maxsplit=1)[0]}{one.suffix}"


def test_jinja_goes_where_it_can_be_said() -> None:
    record = Record(name="x", text="{% if a %}{{ a }}{% endif %}", template_format="jinja2")
    [again] = detecting.read(detecting.FORMATS["prompty"].write(record), "x.prompty")
    assert (again.template_format, template_format_of(again)) == ("jinja2", "jinja")
    assert b"{% if a %}" in detecting.FORMATS["promptfoo"].write(record)
    for name in ("langfuse", "dotprompt", "openai", "mlflow", "github"):
        with pytest.raises(ExportImpossible):
            detecting.FORMATS[name].write(record)
    plain = Record(name="x", text="{% if %} {{ a }}")
    assert b"{{ '{%' }} if %} {{ a }}" in detecting.FORMATS["promptfoo"].write(plain)


def test_a_key_that_stands_twice_among_many_is_found_at_once() -> None:
    names = [f"k{number}" for number in range(30_000)]
    data = "{" + ",".join(f'"{name}":0' for name in [*names, names[-1]]) + "}"
    began = time.thread_time()

    with pytest.raises(FileInvalid, match="k29999 stands twice"):
        detecting.read(data.encode(), "a.json")

    assert time.thread_time() - began < 2  # counting each of them took more than ten
