"""No statement reaches into a workspace without passing the door."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture import tenancy
from tests.architecture.source import ROOT

MODELS = """
class Prompt(Model):
    workspace_id: Mapped[UUID] = mapped_column()

class Branch(Model):
    workspace_id: Mapped[UUID] = mapped_column()

class User(Model):
    email: Mapped[str] = mapped_column()
"""


def check(root: Path, body: str) -> list[str]:
    folder = root / "app/domain/prompts"
    folder.mkdir(parents=True)
    (folder / "models.py").write_text(MODELS)
    lines = [f"    {line}" for line in body.strip().splitlines()]
    (folder / "queries.py").write_text("async def found(tx, where):\n" + "\n".join(lines) + "\n")
    return tenancy.violations(root)


def test_every_statement_passes_the_door() -> None:
    assert tenancy.violations(ROOT) == []


@pytest.mark.parametrize(
    "body",
    [
        "return select(Prompt)",
        "return select(Prompt.id).where(Prompt.name == 'x').limit(1)",
        "return update(Prompt).values(name='x')",
        "return delete(Prompt)",
        "return insert(Prompt)",
        "return select(User).join(Prompt, Prompt.owner_id == User.id)",
        "return within(select(Prompt, Branch).join(Branch), where, Prompt)",
        "return await tx.get(Prompt, where)",
        "statement = select(Prompt)\nreturn statement",
        "a = within(select(Branch), where, Branch)\nb = select(Prompt)\nreturn b",
        "# scoped: nothing said\nreturn select(Prompt)",
    ],
)
def test_an_unbound_statement_is_found(tmp_path: Path, body: str) -> None:
    assert check(tmp_path, body)


@pytest.mark.parametrize(
    "body",
    [
        "return within(select(Prompt).where(Prompt.id == 1), where, Prompt)",
        "return within(select(Prompt, Branch).join(Branch), where, Prompt, Branch)",
        "statement = select(Prompt)\nreturn within(statement.limit(1), where, Prompt)",
        "return select(User)",
        "# unscoped: the operator's own list\nreturn select(Prompt)",
        "return select(Prompt)  # unscoped: the operator's own list",
        "return options.get(Prompt.name)",
    ],
)
def test_a_bound_or_explained_statement_is_left_alone(tmp_path: Path, body: str) -> None:
    assert check(tmp_path, body) == []


def test_every_crossing_says_why() -> None:
    assert tenancy.crossings(ROOT) == []


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("log = Log(database.everywhere())", True),
        (
            "async with database.everywhere().transaction() as tx:\n    x = 1  # everywhere: no",
            True,
        ),
        ("# everywhere: it acts for all\nlog = Log(database.everywhere())", False),
        ("log = Log(database.everywhere())  # everywhere: it acts for all", False),
    ],
)
def test_a_crossing_without_a_reason_is_found(tmp_path: Path, line: str, is_found: bool) -> None:
    file = tmp_path / "app/server/wiring/live.py"
    file.parent.mkdir(parents=True)
    indented = "\n".join(f"    {one}" for one in line.splitlines())
    file.write_text(f"async def f():\n{indented}\n")
    assert bool(tenancy.crossings(tmp_path)) is is_found
