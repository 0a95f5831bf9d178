"""The commands `import` and `export`. They import late, as all commands do."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from app.settings import from_environment


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--workspace", required=True, help="Slug of the workspace that gets them.")
@click.option(
    "--conflict",
    type=click.Choice(["skip", "rename"]),
    default="skip",
    show_default=True,
    help="What to do with a prompt whose name is taken by another text.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
def import_files(files: tuple[str, ...], workspace: str, conflict: Any, dry_run: bool) -> None:  # noqa: FBT001  # a flag
    """Import FILES: archives, prompts of other tools, or ZIPs of these.

    Langfuse JSON, Dotprompt, Prompty, OpenAI messages, MLflow and GitHub .prompt.yml are found out
    by themselves, also in the ZIP of a repository. Doing it twice changes nothing. A file with a
    mistake is named with its line, and nothing is imported.
    """
    from app.server.commands import exchange

    done = _teller("imported")
    work = exchange.bring_in(
        from_environment(os.environ), workspace, files, conflict, is_rehearsal=dry_run, done=done
    )
    click.echo(asyncio.run(work))


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, allow_dash=True))
@click.option("--workspace", required=True, help="Slug of the workspace.")
@click.option("--prompt", "name", default="", help="Name of one prompt.  [default: all of them]")
@click.option(
    "--format",
    "format_name",
    default="",
    help="Of that file: langfuse, dotprompt, prompty, openai, mlflow, github or promptfoo.",
)
def export_workspace(file: str, workspace: str, name: str, format_name: str) -> None:
    """Export a workspace as an archive, or one prompt into a file of another tool.

    FILE appears when it is whole; - = standard output. An archive has every prompt with its
    versions, labels and branches, and is the same to the byte as long as nothing changes.
    docs/exchange.md says what each format keeps.
    """
    from app.server.commands import exchange

    if bool(name) != bool(format_name):
        raise click.UsageError("--prompt and --format go together.")
    if file == "-" and not name and sys.stdout.isatty():
        raise click.UsageError("Standard output is a terminal. Name a file, or send it elsewhere.")
    settings = from_environment(os.environ)
    work = (
        exchange.send_one(settings, workspace, name, format_name, file)
        if name
        else exchange.send_out(settings, workspace, file, _teller("exported"))
    )
    click.echo(asyncio.run(work), err=file == "-")


def add_to(main: click.Group) -> None:
    main.add_command(import_files)
    main.add_command(export_workspace)


def _teller(what: str) -> Callable[[int], None]:
    """Says every thousand prompts how many are done."""
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        if done // 1000 > told:
            told = done // 1000
            click.echo(f"{done:,} prompts {what}", err=True)

    return tell
