"""The outer form: any tar reads it, and nothing is taken that was not written."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db.backup import container
from app.db.backup.container import ArchiveReader, ArchiveWriter
from app.db.backup.errors import BackupFailed, BackupUnreadable
from tests.support.backups import members_of, packed

NAMES = st.text("abcdefghijklmnopqrstuvwxyz_/0123456789.", min_size=1, max_size=60).filter(
    lambda name: not name.endswith("/") and not name.startswith("/")
)
SMALL = {"head.json": b"{}\n", "users/000001.jsonl": b"[1]\n" * 200, "empty": b""}


def read(data: bytes) -> dict[str, bytes]:
    return dict(ArchiveReader(io.BytesIO(data)).members())


def a_tar(*infos: tuple[tarfile.TarInfo, bytes], form: int = tarfile.USTAR_FORMAT) -> bytes:
    """As somebody else's program would write it."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz", format=form) as tar:
        for info, data in infos:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return sink.getvalue()


@given(st.dictionaries(NAMES, st.binary(max_size=3000), max_size=5))
def test_what_went_in_comes_out(members: dict[str, bytes]) -> None:
    assert read(packed(members)) == members


def test_any_tar_unpacks_it() -> None:
    assert members_of(packed(SMALL)) == SMALL


def test_equal_content_gives_equal_bytes() -> None:
    assert packed(SMALL) == packed(SMALL)


def test_the_writer_knows_how_much_it_wrote() -> None:
    sink = io.BytesIO()
    archive = ArchiveWriter(sink)
    archive.add("x", b"y" * 100_000)
    archive.close()
    assert archive.size == len(sink.getvalue())


def test_a_source_may_give_a_byte_at_a_time() -> None:
    class Dripping(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(1, size or 1))

    assert dict(ArchiveReader(Dripping(packed(SMALL))).members()) == SMALL


class TestDamage:
    def test_every_shorter_file_is_refused(self) -> None:
        data = packed(SMALL)
        for length in range(len(data)):
            with pytest.raises(BackupUnreadable):
                read(data[:length])

    def test_every_flipped_byte_is_refused_or_changes_nothing(self) -> None:
        data = packed(SMALL)
        dice, same = random.Random(1), 0
        for at in range(len(data)):
            changed = bytearray(data)
            changed[at] ^= dice.randrange(1, 256)
            try:
                found = read(bytes(changed))
            except BackupUnreadable:
                continue
            assert found == SMALL
            same += 1
        # gzip's head says when and where; a repetition may be copied from any equal place.
        assert 0 < same < 20

    @pytest.mark.parametrize("more", [b"\0", b"x", packed(SMALL)])
    def test_bytes_behind_the_end(self, more: bytes) -> None:
        with pytest.raises(BackupUnreadable, match="behind its end"):
            read(packed(SMALL) + more)

    def test_bytes_behind_the_tar_within_its_frame(self) -> None:
        with pytest.raises(BackupUnreadable, match="behind its end"):
            read(gzip.compress(gzip.decompress(packed(SMALL)) + bytes(512)))

    def test_one_block_of_end(self) -> None:
        with pytest.raises(BackupUnreadable, match="ends in the middle"):
            read(gzip.compress(gzip.decompress(packed(SMALL))[:-512]))

    def test_something_in_the_second_block_of_end(self) -> None:
        with pytest.raises(BackupUnreadable, match="half of its end"):
            read(gzip.compress(gzip.decompress(packed(SMALL))[:-1] + b"x"))

    def test_something_in_the_padding(self) -> None:
        plain = bytearray(gzip.decompress(packed({"head.json": b"{}"})))
        plain[512 + 100] = 1
        with pytest.raises(BackupUnreadable, match=r"behind the end of head\.json"):
            read(gzip.compress(bytes(plain)))

    @pytest.mark.parametrize("data", [b"", b"SQLite format 3\0" * 100, b"\x1f\x8b" * 400])
    def test_no_backup_at_all(self, data: bytes) -> None:
        with pytest.raises(BackupUnreadable):
            read(data)

    def test_the_last_member_is_held_back_until_the_end_was_seen(self) -> None:
        members = ArchiveReader(io.BytesIO(packed(SMALL)[:-1])).members()
        assert next(members)[0] == "head.json"
        assert next(members)[0] == "users/000001.jsonl"
        with pytest.raises(BackupUnreadable):
            next(members)


class TestMalice:
    @pytest.mark.parametrize(
        "kind",
        [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE],
    )
    def test_members_that_are_no_plain_files(self, kind: bytes) -> None:
        info = tarfile.TarInfo("head.json")
        info.type, info.linkname = kind, "/etc/passwd"
        with pytest.raises(BackupUnreadable, match="not one that a backup has"):
            read(a_tar((info, b"")))

    def test_other_owners_modes_and_times(self) -> None:
        for field, value in {"mode": 0o4755, "uid": 1, "mtime": 1, "uname": "root"}.items():
            info = tarfile.TarInfo("head.json")
            info.mode = 0o600
            setattr(info, field, value)
            with pytest.raises(BackupUnreadable, match="not one that a backup has"):
                read(a_tar((info, b"{}")))

    def test_extended_heads_are_not_followed(self) -> None:
        info = tarfile.TarInfo("x" * 200)
        info.mode = 0o600
        for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
            with pytest.raises(BackupUnreadable, match="not one that a backup has"):
                read(a_tar((info, b"{}"), form=form))

    def test_a_name_is_only_a_name(self) -> None:
        assert read(packed({"../../etc/passwd": b"x"})) == {"../../etc/passwd": b"x"}

    def test_a_member_that_claims_to_be_huge(self) -> None:
        info = tarfile.TarInfo("head.json")
        info.mode, info.size = 0o600, container.MEMBER_BYTES + 1
        head = info.tobuf(tarfile.USTAR_FORMAT)
        with pytest.raises(BackupUnreadable, match="not one that a backup has"):
            read(gzip.compress(head + bytes(10_000)))

    def test_a_size_beyond_the_form(self) -> None:
        info = tarfile.TarInfo("head.json")
        info.size = 1 << 80
        head = info.tobuf(tarfile.GNU_FORMAT)
        with pytest.raises(BackupUnreadable):
            read(gzip.compress(head + bytes(10_000)))

    def test_a_bomb_is_unpacked_a_little_at_a_time(self) -> None:
        info = tarfile.TarInfo("head.json")
        info.mode, info.size = 0o600, 1000
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = packer.compress(info.tobuf(tarfile.USTAR_FORMAT) + b"x" * 1024)
        bomb += packer.compress(bytes(200 << 20)) + packer.flush()
        assert len(bomb) < 300_000
        reader = ArchiveReader(io.BytesIO(bomb))
        with pytest.raises(BackupUnreadable, match="behind the end"):
            dict(reader.members())
        assert len(reader._unpacked) < 1 << 20

    def test_a_row_that_no_reader_would_take_is_not_written(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(container, "MEMBER_BYTES", 1000)
        with pytest.raises(BackupFailed, match=r"A row for users/1 has 1,001 bytes; 1,000 fit"):
            ArchiveWriter(io.BytesIO()).add("users/1", b"x" * 1001)
