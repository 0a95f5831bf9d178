"""Importing and exporting from the command line, without a running server."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app.access.permissions import GRANTS, Role
from app.access.principal import Principal
from app.db.backup.files import STANDARD
from app.db.engine import Database
from app.domain.exchange import detecting
from app.domain.exchange.bounds import FILE_BYTES
from app.domain.exchange.exports import exporting
from app.domain.exchange.imports.deciding import Conflict, Item
from app.domain.exchange.imports.importing import Importer
from app.domain.exchange.missing import Missing
from app.domain.exchange.packed import Packed, is_zip, unpacked
from app.domain.prompts.people import SERVER
from app.domain.workspaces import service as workspaces
from app.errors import Invalid
from app.kit.ids import new_id
from app.server.commands.administration import ready
from app.settings import Settings

_MOST_NAMED = 20
_MOST_LINES = 50  # of a terminal


async def bring_in(
    settings: Settings,
    workspace: str,
    files: Sequence[str],
    conflict: Conflict,
    *,
    is_rehearsal: bool,
    done: Callable[[int], None],
) -> str:
    """What was imported, and a line for what was not."""
    zips = [one for one in files if _is_zip(one)]
    others = [_named(one) for one in files if one not in zips]
    # Of several none is written before all have been read.
    passes = [True, False] if zips and len(files) > 1 and not is_rehearsal else [is_rehearsal]
    items: list[Item] = []
    passed: dict[str, Sequence[str]] = {}
    async with ready(settings) as database:
        importer = Importer(database, await _operator(database, workspace), None)
        for is_trial in passes:
            items = []
            if others:
                items += await importer.files(others, conflict, is_rehearsal=is_trial)
            for one in zips:
                with _open(one) as file:
                    whole = unpacked(file, one)
                    heard = _unheard if is_trial else done
                    items += await importer.zip(whole, conflict, is_rehearsal=is_trial, done=heard)
                    passed[one] = whole.passed if isinstance(whole, Packed) else ()
        missing = await importer.missing()
    lines = [told(items, is_rehearsal=is_rehearsal)]
    lines += [f"Without a prompt in {z}: {_listed(some)}." for z, some in passed.items() if some]
    return "\n".join([*lines, *_warned(missing)])


async def send_out(
    settings: Settings, workspace: str, path: str, done: Callable[[int], None]
) -> str:
    """A sentence about the archive. The file appears when it is whole."""
    count = 0

    def counted(number: int) -> None:
        nonlocal count
        count = number
        done(number)

    async with ready(settings) as database:
        caller = await _operator(database, workspace)
        with _appearing(path) as file:
            async for piece in exporting.stream(database, caller, counted):
                file.write(piece)
    return f"{_called(path)} has the {count:,} prompts of {workspace}."


async def send_one(
    settings: Settings, workspace: str, name: str, format_name: str, path: str
) -> str:
    """A sentence about the file."""
    form = detecting.named(format_name)
    async with ready(settings) as database:
        caller = await _operator(database, workspace)
        async with database.within(caller).transaction(write=False) as tx:
            record = await exporting.record_named(tx, caller, name)
    with _appearing(path) as file:
        file.write(form.write(record))
    return f"{_called(path)} has {name} as {form.title}."


def _called(path: str) -> str:
    return "Standard output" if path == STANDARD else path


def told(items: Sequence[Item], *, is_rehearsal: bool) -> str:
    found = Counter(one.action for one in items)
    counts = (
        f"{found['create']:,} created, {found['update']:,} updated, {found['skip']:,} skipped, "
        f"{found['unchanged']:,} there already"
    )
    said = f"Nothing was changed; it would be: {counts}." if is_rehearsal else f"{counts}."
    if skipped := [one.name for one in items if one.action == "skip"]:
        said += (
            f"\nSkipped, as other texts have these names: {_listed(skipped)}. "
            "--conflict rename brings them under free ones."
        )
    return said


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return shown + (f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else "")


def _warned(missing: Sequence[Missing]) -> list[str]:
    if not missing:
        return []
    lines = [f"  {one.words}" for one in missing[:_MOST_LINES]]
    if more := len(missing) - len(lines):
        lines.append(f"  and {more:,} more")
    return ["Included and not there; fetching answers 409 until it is:", *lines]


async def _operator(database: Database, workspace: str) -> Principal:
    """Who runs the command: everything is theirs."""
    async with database.transaction(write=False) as tx:
        where = await workspaces.named(tx, workspace)
    return Principal(
        where.id, SERVER, "Promptroom", "slate", new_id(), GRANTS[Role.OWNER], Role.OWNER
    )


def _unheard(_done: int) -> None:
    """Of a trial nobody is told how far it is."""


def _is_zip(path: str) -> bool:
    with _open(path) as file:
        return is_zip(file)


def _named(path: str) -> tuple[str, bytes]:
    with _open(path) as file:
        return Path(path).name, file.read(FILE_BYTES + 1)


@contextmanager
def _open(path: str) -> Generator[IO[bytes], None, None]:
    try:
        with Path(path).open("rb") as file:
            yield file
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.") from error


@contextmanager
def _appearing(path: str) -> Generator[IO[bytes], None, None]:
    """A file that is there when the block ends well, and otherwise not; or standard output."""
    if path == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = Path(f"{path}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)
