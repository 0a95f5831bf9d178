"""What is written by hand is held against what is there: links, files, commands, jobs, decisions."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from app import cli
from app.domain.rooms.wire.protocol import CloseCode
from app.errors import AppError
from app.server.schedule import schedule_of
from app.settings import Settings
from tests.architecture.imports import SLICES
from tests.architecture.reference import errors_page
from tests.architecture.source import ROOT

PROSE = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
CODE = re.compile(r"`[^`\n]*`")
SAMPLES = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[tuple[str, str]]:
    """Of links within the repository: the file, which may be empty, and the anchor, likewise."""
    found = re.findall(r"\]\(([^)\s]+)\)", CODE.sub("", SAMPLES.sub("", page.read_text("utf-8"))))
    return [(one.partition("#")[0], one.partition("#")[2]) for one in found if "://" not in one]


def anchors(page: Path) -> set[str]:
    """As the hosting platforms make them from headings: words with hyphens between."""
    heads = re.findall(r"^#+ (.+)$", SAMPLES.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    broken = [
        f"{target}#{anchor}"
        for target, anchor in links(page)
        if not (goal := page.parent / target if target else page).exists()
        or (anchor and anchor not in anchors(goal))
    ]
    assert broken == []


def test_anchors_are_found_as_platforms_make_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# What is `checked`, and when\n```\n# no heading\n```\n[x](#y-z) [e](http://e#f)"
    )
    assert anchors(page) == {"what-is-checked-and-when"}
    assert links(page) == [("", "y-z")]


# Made by an operator, or an address and no file.
NOT_FILES = re.compile(r"deploy/secrets(/|$)|docs/api$")
FILES = re.compile(r"(?<![\w/.-])(?:app|tests|benchmarks|deploy|templates|static|docs)/[\w./*-]*\w")
MODULES = re.compile(r"python -m ((?:app|tests|benchmarks)(?:\.\w+)*)")


@pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_and_modules_that_a_page_names_are_there(page: Path) -> None:
    text = page.read_text("utf-8")
    files = [one for one in FILES.findall(text) if not NOT_FILES.match(one)]
    modules = [one.replace(".", "/") for one in MODULES.findall(text)]
    gone = [one for one in files if not any(ROOT.glob(one))]
    gone += [
        one
        for one in modules
        if not (ROOT / f"{one}.py").exists() and not (ROOT / one / "__main__.py").exists()
    ]
    assert gone == []


def every_command(group: click.Group, path: str = "") -> set[str]:
    found = set()
    for name, command in group.commands.items():
        here = f"{path} {name}".strip()
        found |= every_command(command, here) if isinstance(command, click.Group) else {here}
    return found


def test_every_command_is_in_the_manual() -> None:
    manual = (ROOT / "docs/operations.md").read_text("utf-8")
    table = manual.partition("\n## Commands\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `python -m app ([a-z ]*[a-z])", table, re.MULTILINE)
    assert sorted(told) == sorted(every_command(cli.main))


def test_every_slice_is_in_the_map() -> None:
    told = (ROOT / "docs/architecture.md").read_text("utf-8")
    table = told.partition("| slice | what it is |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    named = [slice_ for cell in cells for slice_ in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(SLICES)


def test_every_job_is_in_the_manual() -> None:
    manual = (ROOT / "docs/operations.md").read_text("utf-8")
    table = manual.partition("\n## Jobs\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `([a-z_]+\.[a-z_]+)`", table, re.MULTILINE)
    mail = Settings(
        secret_key="k" * 48, smtp_url="smtps://m", mail_from="a@b.c", public_url="https://x"
    )
    assert sorted(told) == sorted(job.name for job in schedule_of(mail))


def test_every_close_code_is_in_the_protocol() -> None:
    told = re.findall(
        r"^\| (\d{4}) \|", (ROOT / "docs/protocol.md").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(map(int, told)) == sorted(
        {1003, *CloseCode}
    )  # 1003: app/server/processes/websocket_protocol.py


RECORDS = sorted((ROOT / "docs/adr").glob("0*.md"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_decision_has_the_form_of_all(record: Path) -> None:
    head, *sections = re.split(r"^## ", record.read_text("utf-8"), flags=re.MULTILINE)
    assert re.fullmatch(
        rf"# {record.stem[:4]} .+\n\n- Status: .+\n- Area: .+\n- Date: \d{{4}}-\d\d-\d\d\n\n", head
    )
    names = [section.partition("\n")[0] for section in sections]
    assert names == ["Context", "Decision", "Consequences", "Alternatives"]


def test_every_decision_is_in_the_index_under_its_title() -> None:
    index = (ROOT / "docs/adr/README.md").read_text("utf-8")
    listed = re.findall(r"^- \[(.+)\]\((.+)\)$", index, re.MULTILINE)
    titles = [record.read_text("utf-8").partition("\n")[0].removeprefix("# ") for record in RECORDS]
    assert listed == [(t, r.name) for t, r in zip(titles, RECORDS, strict=True)]


def every_kind(kind: type[AppError]) -> list[type[AppError]]:
    below = [one for sub in kind.__subclasses__() for one in every_kind(sub)]
    return [kind, *below]


def test_every_error_says_what_to_do_about_itself() -> None:
    """What its parent says is true of all such errors, and so helps with none."""
    errors_page()  # imports everything
    ours = [one for one in every_kind(AppError) if one.__module__.startswith("app.")]
    assert [one.code for one in ours if "code" in vars(one) and "advice" not in vars(one)] == []
