"""The `promptroom` command. Commands import late, so that `--help` and refusals are instant."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import click
import msgspec

from app import __version__
from app.server.commands import exchange_cli
from app.server.commands.friendly import Friendly
from app.server.processes.claims import make_data
from app.settings import InvalidSetting, Settings, from_environment

_run = asyncio.run


@click.group(cls=Friendly, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="promptroom")
def main() -> None:
    """Promptroom: write the prompts your software runs on, together.

    Settings are environment variables (PROMPTROOM_DATA_DIR, PROMPTROOM_PORT, ...); all are
    optional and described in docs/settings.md.
    """


@main.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 = any.  [default: 8000]")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes.  [default: 1]")
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Run the server until Ctrl+C or SIGTERM; SIGHUP restarts the workers one by one."""
    from app.server.monitoring import logs

    given = {"host": host, "port": port, "workers": workers}
    settings = msgspec.structs.replace(
        _settings(), **{name: value for name, value in given.items() if value is not None}
    )
    _check_scale(settings)
    logs.configure(settings.log_format, settings.log_level)
    if settings.shares_rooms and not settings.secret_key:
        logs.warn_of_own_key(settings.data_dir)
    sys.exit(_supervise(settings))


def _supervise(settings: Settings) -> int:
    from contextlib import ExitStack

    from app.server.monitoring.figures import VARIABLE, shared_figures
    from app.server.processes.claims import bind, lock_data, open_data
    from app.server.processes.supervisor import Supervisor
    from app.server.processes.worker_numbers import Numbers
    from app.server.processes.worker_process import Recipe

    # With PostgreSQL any number of servers may share the data; it is not in that folder.
    lock = (lock_data if settings.is_sqlite else open_data)(settings.data_dir)
    # Workers of a killed parent still have the port for a moment; with SQLite the lock waited.
    patience = 0.0 if settings.is_sqlite else 3.0
    listeners = bind(settings.host, settings.port, settings.workers, patience)
    url = _url(settings, listeners[0].getsockname()[1])
    with ExitStack() as stack:
        many = settings.workers > 1
        figures = stack.enter_context(shared_figures(settings.data_dir)) if many else None
        environment = {VARIABLE: str(figures.folder) if figures else ""}
        supervisor = Supervisor(
            listeners,
            Numbers(settings.data_dir),
            lambda is_empty: _greet(url, is_empty),
            Recipe(kept_open=(lock,), environment=environment),
            has_overlap=settings.shares_rooms,
            drain_seconds=settings.drain_seconds,
            figures=figures,
        )
        return supervisor.run()


def _check_scale(settings: Settings) -> None:
    if settings.workers == 1 or settings.shares_rooms:
        return
    alone = "or leave out --workers and PROMPTROOM_WORKERS."
    if settings.is_sqlite:
        raise InvalidSetting(
            f"With SQLite one worker serves everybody; {settings.workers} would each have rooms of "
            "their own. Set PROMPTROOM_DATABASE_URL to PostgreSQL and PROMPTROOM_REDIS_URL, "
            f"{alone}"
        )
    raise InvalidSetting(
        f"{settings.workers} workers need Redis to tell each other what happens. Set "
        f"PROMPTROOM_REDIS_URL, {alone}"
    )


def _url(settings: Settings, port: int) -> str:
    if settings.public_url:
        return settings.public_url
    host = {"0.0.0.0": "localhost", "::": "localhost"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _greet(url: str, is_empty: bool) -> None:  # noqa: FBT001  # the supervisor's one word
    todo = "first visit: create your workspace" if is_empty else "press Ctrl+C to stop"
    click.echo(f"Promptroom is at {url} ({todo})")


@main.command()
@click.option("--check", is_flag=True, help="Only say whether it runs on this machine.")
def worker(check: bool) -> None:  # noqa: FBT001  # a flag
    """Do the jobs that must be done once: one of any number of these does them.

    Needed with PostgreSQL; with SQLite the server does them itself.
    """
    from app import worker
    from app.server.monitoring import logs

    settings = _settings()
    if check:
        click.echo(f"The job process {worker.Life(settings.data_dir).check()}.")
        return
    logs.configure(settings.log_format, settings.log_level)
    _run(worker.run(settings))


@main.group()
def db() -> None:
    """Look after the database's schema."""


@db.command()
def upgrade() -> None:
    """Bring the schema to this release; doing it twice changes nothing."""
    from app.db import migrate
    from app.db.engine import Database

    settings = _settings()

    async def run() -> str:
        database = Database(settings.database)
        try:
            await migrate.upgrade(database)
            return await migrate.current(database)
        finally:
            await database.close()

    make_data(settings.data_dir)
    click.echo(f"The database is at revision {_run(run())}.")


@db.command()
def check() -> None:
    """Compare the database with this release's tables; exit 1 when they differ."""
    from app.db import migrate
    from app.db import models as _tables  # noqa: F401  # registers every slice's tables
    from app.db.engine import Database
    from app.errors import Conflict

    settings = _settings()

    async def run() -> tuple[str, list[Any]]:
        database = Database(settings.database)
        try:
            return await migrate.current(database), await migrate.differences(database)
        finally:
            await database.close()

    make_data(settings.data_dir)
    revision, differences = _run(run())
    if migrate.suits(revision) and revision != migrate.newest():
        click.echo(f"The database is at revision {revision}, newer than this release; it suits it.")
        return
    if revision != migrate.newest():
        raise Conflict(
            f"The database is at revision {revision or '(none)'}, this release needs "
            f"{migrate.newest()}. Run: promptroom db upgrade."
        )
    if differences:
        listed = "; ".join(str(difference) for difference in differences[:3])
        raise Conflict(f"{len(differences)} differences from this release's tables: {listed}")
    click.echo(f"The database is at revision {revision} and has all tables as they should be.")


@main.command()
@click.argument("file")
@click.option("--verify", is_flag=True, help="Restore it into a fresh database and compare.")
def backup(file: str, verify: bool) -> None:  # noqa: FBT001  # a flag of the command
    """Write everything in the database to FILE, while the server goes on; - = standard output.

    It restores into SQLite and PostgreSQL alike, whichever it was made from. FILE appears when
    it is whole and has been read back; a backup that was there before is replaced.
    """
    from app.server.commands import backups, terminal

    if verify and file == "-":
        raise click.UsageError("Nothing can be read back from standard output; leave out --verify.")
    if file == "-" and sys.stdout.isatty():
        raise click.UsageError("Standard output is a terminal. Name a file, or send it elsewhere.")
    with terminal.showing() as progress:
        report = _run(backups.make(_settings(), file, progress, verify=verify))
    terminal.tell(report.sentence, report.damages, is_piped=file == "-", fails=True)


@main.command()
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Into a database that is thrown away afterwards.")
@click.option(
    "--keep-histories",
    is_flag=True,
    help="For a move: no browser can know more than the backup, so they go on as they were.",
)
def restore(file: str, dry_run: bool, keep_histories: bool) -> None:  # noqa: FBT001  # flags
    """Restore FILE into an empty database; - = standard input.

    The database is the one that PROMPTROOM_DATA_DIR or PROMPTROOM_DATABASE_URL names. Either all
    of the backup is in it afterwards, compared and checked, or nothing.
    """
    from app.server.commands import backups, terminal

    with terminal.showing() as progress:
        work = (
            backups.rehearse(file, progress)
            if dry_run
            else backups.bring_back(_settings(), file, progress, keep_histories=keep_histories)
        )
        report = _run(work)
    terminal.tell(report.sentence, report.damages, fails=dry_run)


@main.group()
def user() -> None:
    """Make people."""


@user.command("create")
@click.option("--email", required=True, help="Where to reach them; their name at sign-in.")
@click.option("--name", help="Shown to others.  [default: the part of the e-mail before @]")
@click.option("--workspace", help="Slug of a workspace to make them a member of.")
@click.option("--role", default="editor", show_default=True, help="Their role in it.")
@click.option(
    "--password",
    envvar="PROMPTROOM_PASSWORD",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="Asked for when not given; better given in PROMPTROOM_PASSWORD than here.",
)
def create_user(
    email: str, name: str | None, workspace: str | None, role: str, password: str
) -> None:
    """Make a person who can sign in."""
    from app.server.commands.administration import NewUser, make_user

    made = _run(make_user(_settings(), NewUser(email, name, password, workspace, role)))
    click.echo(made)


@main.group()
def key() -> None:
    """Make API keys."""


@key.command("create")
@click.option("--workspace", required=True, help="Slug of the workspace it is for.")
@click.option("--name", default="Made by an operator", show_default=True, help="Shown in lists.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["read", "write", "admin"]),
    default=("read",),
    show_default=True,
    help="What it may do; may be given more than once.",
)
def create_key(workspace: str, name: str, scopes: tuple[str, ...]) -> None:
    """Make an API key and print it; it cannot be shown again."""
    from app.server.commands import administration

    click.echo(_run(administration.make_key(_settings(), workspace, name, scopes)))


@main.group()
def seed() -> None:
    """Fill the database with something to look at."""


@seed.command("demo")
@click.option(
    "--prompts",
    type=click.IntRange(1, 1_000_000),
    default=48,
    show_default=True,
    help="How many; the first 48 differ most.",
)
@click.option(
    "--seed", "number", type=int, default=1, show_default=True, help="The same one makes the same."
)
@click.option("--owner", default="", help="E-mail of somebody who is to own the workspace, too.")
@click.option(
    "--password",
    envvar="PROMPTROOM_PASSWORD",
    default="",
    help="Of everybody in it; better given in PROMPTROOM_PASSWORD.  [default: by chance, printed]",
)
def seed_demo(prompts: int, number: int, owner: str, password: str) -> None:
    """Make the workspace “Larkspur Demo”: people, prompts, months of history.

    Refused when it is there already. All of it is made, or nothing.
    """
    from app.server.commands import administration, terminal

    with terminal.counting("prompts", prompts) as done:
        wish = administration.Demo(prompts, number, owner, password)
        made = _run(administration.seed_demo(_settings(), wish, done))
    click.echo(made)


@main.command()
def routes() -> None:
    """Print every address, what it accepts and who answers."""
    from app.server.commands import administration

    for line in administration.route_table(_settings()):
        click.echo(line)


def _settings() -> Settings:
    return from_environment(os.environ)


exchange_cli.add_to(main)
