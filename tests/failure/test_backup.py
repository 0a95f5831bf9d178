"""Backups of a server in use and under fire, what browsers meet after a restore, and full disks."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from app.db.engine import Database
from app.domain.rooms.models import Quarantined
from app.domain.rooms.service import Documents
from app.domain.rooms.wire import protocol
from app.kit.clock import utc_now
from app.kit.ids import new_id
from app.settings import Settings
from tests.failure.editors import Editor
from tests.failure.headless import Prompt, a_prompt, text_of
from tests.support.builders import a_workspace
from tests.support.deployment import SECRET_KEY
from tests.support.furnished import write_on
from tests.support.server import HEADLESS, KEY, ROOT, Server
from tests.support.services import PostgresServer, RedisServer
from tests.support.waiting import until
from tests.support.yclient import YClient

pytestmark = pytest.mark.failure

WORD = re.compile(r"«[^«»]*»")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path / "data", HEADLESS)
    await asyncio.to_thread(server.start)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.kill_everything)


def promptroom(
    data_dir: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PROMPTROOM_")}
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=clean | {"PROMPTROOM_DATA_DIR": str(data_dir)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def well(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@dataclass
class Taken:
    """A backup, and what had been acknowledged before it was begun."""

    file: Path
    acknowledged: dict[str, set[str]]  # by prompt


async def test_under_load_each_holds_all_that_was_acknowledged_before(
    server: Server, tmp_path: Path
) -> None:
    dice = random.Random(9)
    prompts = [await asyncio.to_thread(a_prompt, server, f"case-{n}") for n in range(2)]
    editors = [
        Editor(number, prompts[number % 2].url(server), KEY, random.Random(number))
        for number in range(6)
    ]
    stop = asyncio.Event()
    typing = [asyncio.create_task(editor.type_until(stop, 0.03)) for editor in editors]
    taken = []
    for number in range(4):
        await asyncio.sleep(dice.uniform(0.3, 1.0))  # let them write
        file = tmp_path / f"backup-{number}"
        acknowledged = {
            prompt.id: set().union(*(editors[at].acknowledged for at in (i, i + 2, i + 4)))
            for i, prompt in enumerate(prompts)
        }
        work = asyncio.create_task(
            asyncio.to_thread(promptroom, server.data_dir, "backup", str(file))
        )
        if number:
            await asyncio.sleep(dice.uniform(0.2, 0.8))  # somewhere in the middle of it
            await asyncio.to_thread(server.kill_worker)
        well(await work)
        taken.append(Taken(file, acknowledged))
    stop.set()
    await asyncio.gather(*typing)
    await asyncio.gather(*(editor.finish(60) for editor in editors))
    await asyncio.gather(*(editor.client.close() for editor in editors))
    assert all(sum(map(len, one.acknowledged.values())) > 5 for one in taken)
    for one in taken:
        await _is_whole(one, prompts, tmp_path)


async def _is_whole(taken: Taken, prompts: list[Prompt], tmp_path: Path) -> None:
    """It has every word that was promised, and each once."""
    place = tmp_path / f"restored-{taken.file.name}"
    well(await asyncio.to_thread(promptroom, place, "restore", str(taken.file)))
    database = Database(Settings(data_dir=place).database)
    for prompt in prompts:
        words = WORD.findall((await write_on(database, UUID(prompt.room), [], [])).text)
        assert taken.acknowledged[prompt.id] <= set(words)
        assert len(words) == len(set(words))
    await database.close()


@pytest.fixture
def grown(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a server with PostgreSQL and Redis, both empty."""
    with PostgresServer() as postgres, RedisServer() as redis:
        yield {
            "PROMPTROOM_DATABASE_URL": postgres.database_url(postgres.create_database()),
            "PROMPTROOM_REDIS_URL": redis.url,
            "PROMPTROOM_SECRET_KEY": SECRET_KEY,
        }


class TestManyWorkers:
    async def test_under_load_on_postgresql(self, tmp_path: Path, grown: dict[str, str]) -> None:
        """Two workers write to the rooms, one of them is killed, and the backup is of one moment."""
        server = Server(tmp_path / "data", HEADLESS | grown, workers=2)
        await asyncio.to_thread(server.start)
        try:
            taken, prompts = await self._backed_up_under_fire(server, grown, tmp_path)
        finally:
            await asyncio.to_thread(server.kill_everything)
        assert sum(map(len, taken.acknowledged.values())) > 5
        await _is_whole(taken, prompts, tmp_path)  # on SQLite

    async def _backed_up_under_fire(
        self, server: Server, grown: dict[str, str], tmp_path: Path
    ) -> tuple[Taken, list[Prompt]]:
        prompt = await asyncio.to_thread(a_prompt, server)
        editors = [
            Editor(number, prompt.url(server), KEY, random.Random(number)) for number in range(6)
        ]
        stop = asyncio.Event()
        typing = [asyncio.create_task(editor.type_until(stop, 0.03)) for editor in editors]
        await until(lambda: all(len(editor.acknowledged) > 2 for editor in editors), 30)
        acknowledged = {prompt.id: set().union(*(editor.acknowledged for editor in editors))}
        file = tmp_path / "backup"
        work = asyncio.create_task(
            asyncio.to_thread(promptroom, server.data_dir, "backup", str(file), **grown)
        )
        await asyncio.sleep(0.5)  # somewhere in the middle of it
        await asyncio.to_thread(lambda: os.kill(server.workers()[0], signal.SIGKILL))
        well(await work)
        stop.set()
        await asyncio.gather(*typing)
        await asyncio.gather(*(editor.finish(60) for editor in editors))
        await asyncio.gather(*(editor.client.close() for editor in editors))
        return Taken(file, acknowledged), [prompt]

    async def test_a_move_to_many_workers_that_nobody_notices(
        self, server: Server, tmp_path: Path, grown: dict[str, str]
    ) -> None:
        prompt = await asyncio.to_thread(a_prompt, server)
        ann, bob = YClient(prompt.url(server), KEY), YClient(prompt.url(server), KEY)
        for number, client in enumerate((ann, bob)):
            async with client:
                await client.edit(0, f"«{number}»")
                await client.durable()
        await asyncio.to_thread(server.stop)
        ann.type(0, "«offline»")
        file = str(tmp_path / "backup")
        data = server.data_dir
        well(await asyncio.to_thread(promptroom, data, "backup", file))
        move = ("restore", "--keep-histories", file)
        well(await asyncio.to_thread(promptroom, data, *move, **grown))
        many = Server(tmp_path / "many", grown, workers=2)
        await asyncio.to_thread(many.start)
        try:
            ann.url = bob.url = prompt.url(many)
            await asyncio.gather(ann.open(), bob.open())
            await ann.flush()
            await ann.durable()
            await bob.until(lambda: "«offline»" in bob.content)
            await bob.edit(0, "«after»")
            await bob.durable()
            await ann.until(lambda: ann.content == bob.content)
            await asyncio.gather(ann.close(), bob.close())
            assert await asyncio.to_thread(text_of, many, prompt) == ann.content
        finally:
            await asyncio.to_thread(many.kill_everything)
        assert sorted(WORD.findall(ann.content)) == ["«0»", "«1»", "«after»", "«offline»"]


class TestBrowsersThatWereOpen:
    """They know more than the database that was restored."""

    async def test_one_that_holds_words_of_others_is_told_to_start_afresh(
        self, server: Server, tmp_path: Path
    ) -> None:
        prompt, ann = await self._two_with_a_backup_between(server, tmp_path)
        ann.url = await self._restore(server, tmp_path, prompt)
        await ann.open(wait=False)
        await ann.until(lambda: ann.hello)
        await ann.send_json(protocol.CLIENT_HELLO, {"v": 1, "epoch": self.epoch})
        assert await ann.closed() == protocol.CloseCode.EPOCH
        async with YClient(ann.url, KEY) as fresh:
            assert fresh.content == "before "
            await fresh.edit(0, "and on ")
            await fresh.durable()

    async def test_after_a_move_they_go_on_and_bring_what_was_not_sent(
        self, server: Server, tmp_path: Path
    ) -> None:
        prompt = await asyncio.to_thread(a_prompt, server)
        async with YClient(prompt.url(server), KEY) as ann:
            await ann.edit(0, "before ")
            await ann.durable()
            epoch = ann.hello["epoch"]
        ann.type(0, "offline ")
        await asyncio.to_thread(server.stop)
        file = str(tmp_path / "backup")
        well(await asyncio.to_thread(promptroom, server.data_dir, "backup", file))
        ann.url = await self._restore(server, tmp_path, prompt, "--keep-histories")
        async with ann:
            await ann.send_json(protocol.CLIENT_HELLO, {"v": 1, "epoch": epoch})
            await ann.flush()
            await ann.durable()
            assert ann.hello["epoch"] == epoch
        assert await asyncio.to_thread(text_of, server, prompt) == "offline before "

    async def _two_with_a_backup_between(
        self, server: Server, tmp_path: Path
    ) -> tuple[Prompt, YClient]:
        prompt = await asyncio.to_thread(a_prompt, server)
        async with YClient(prompt.url(server), KEY) as ann:
            await ann.edit(0, "before ")
            await ann.durable()
            self.epoch = ann.hello["epoch"]
            file = str(tmp_path / "backup")
            well(await asyncio.to_thread(promptroom, server.data_dir, "backup", file))
            await ann.edit(0, "after ")
            await ann.durable()
        await asyncio.to_thread(server.stop)
        return prompt, ann

    async def _restore(self, server: Server, tmp_path: Path, prompt: Prompt, *options: str) -> str:
        """Into the folder of the same server, after its disk was lost."""
        shutil.rmtree(server.data_dir)
        file = str(tmp_path / "backup")
        well(await asyncio.to_thread(promptroom, server.data_dir, "restore", *options, file))
        await asyncio.to_thread(server.start)
        return prompt.url(server)


class TestFullDisks:
    @pytest.fixture
    def data(self, tmp_path: Path, migrated: Path) -> Path:
        """A data folder with 300 KB that nothing compresses."""
        folder = tmp_path / "data"
        folder.mkdir()
        shutil.copy(migrated, folder / "promptroom.db")
        asyncio.run(fill(Database(f"sqlite+aiosqlite:///{folder / 'promptroom.db'}")))
        return folder

    def test_while_it_is_made(self, data: Path, tmp_path: Path) -> None:
        done = on_small_disk(tmp_path / "small", "200k", data, "backup", f"{tmp_path}/small/file")
        assert done.stderr == (
            f"promptroom: {tmp_path}/small/file cannot be read or written: the disk is full.\n"
        )
        assert done.stdout == "1\n"  # its exit code, and no file that is left

    def test_while_it_is_restored(self, data: Path, tmp_path: Path) -> None:
        file = tmp_path / "file"
        well(promptroom(data, "backup", str(file)))
        small = tmp_path / "small"
        done = on_small_disk(small, "400k", small, "restore", str(file))
        assert done.stderr == (
            f"promptroom: The database {small}/promptroom.db does not do its part: "
            "database or disk is full.\n"
        )
        assert done.stdout == "1\nserve.lock\n"

    def test_while_it_is_verified(self, data: Path, tmp_path: Path) -> None:
        small = tmp_path / "small"
        done = on_small_disk(small, "500k", data, "backup", "--verify", f"{small}/file")
        assert "database or disk is full" in done.stderr
        assert done.stdout == "1\n"


async def fill(database: Database) -> None:
    place, room = await a_workspace(database), new_id()
    async with database.transaction() as tx:
        await Documents(tx).create(room, place.id, "text", place.owner.actor)
        noise = random.Random(1).randbytes(300_000)
        tx.add(
            Quarantined(
                id=new_id(),
                document_id=room,
                actor="user:eve",
                reason="crash",
                ranges=[],
                update=noise,
                happened_at=utc_now(),
            )
        )
    await database.close()


def on_small_disk(
    disk: Path, size: str, data: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a command while `disk` is a tiny file system; prints its exit code and what is left."""
    disk.mkdir(exist_ok=True)
    own_user = [] if os.geteuid() == 0 else ["--map-root-user"]
    script = f'mount -t tmpfs -o size={size} tmpfs "$0" || exit 99; "$@"; echo $?; ls -A "$0"'
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PROMPTROOM_")}
    return subprocess.run(
        [
            *("unshare", *own_user, "--mount", "--propagation", "private", "sh", "-c", script),
            *(str(disk), sys.executable, "-m", "app", *arguments),
        ],
        cwd=ROOT,
        env=clean | {"PROMPTROOM_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
