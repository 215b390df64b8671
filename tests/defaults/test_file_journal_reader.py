"""A journal's directory is read without its lock: whole, up to its end, and never past damage."""

from __future__ import annotations

import errno
import pickle
from pathlib import Path

import pytest

from hybrid_dex.defaults.file_journal import FileJournal, FileJournalOptions
from hybrid_dex.defaults.file_journal_reader import FileJournalReader
from hybrid_dex.defaults.file_system import LocalFileSystem
from hybrid_dex.defaults.segment_log import SegmentLog
from hybrid_dex.errors import CorruptJournalError, JournalError, UnavailableError
from tests.crash.frames import make_frame
from tests.crash.simulated_disk import SimulatedDisk

OPTIONS = FileJournalOptions(segment_bytes=2048, max_frame_bytes=512)
DIRECTORY = Path("/journal")


def written(directory: Path, records: int, versions: str = "") -> SegmentLog:
    """Return a log that holds so many records and is still open."""
    log = SegmentLog(directory, segment_bytes=2048, files=LocalFileSystem())
    log.open()
    log.begin_versions(versions)
    for number in range(records):
        assert log.write([make_frame(number)]) == (1, None)
    return log


def positions(reader: FileJournalReader, after: int = 0) -> list[int]:
    """Read everything, and check that it is what was written."""
    records = list(reader.records(after))
    assert [record.frame for record in records] == [make_frame(r.position - 1) for r in records]
    return [record.position for record in records]


def test_a_journal_is_read_while_its_writer_holds_it(tmp_path: Path) -> None:
    """New records and new segments show at the next look; nothing is locked or changed."""
    log = written(tmp_path, 50)
    reader = pickle.loads(pickle.dumps(FileJournalReader(tmp_path)))
    assert positions(reader) == list(range(1, 51))
    assert positions(reader, after=37) == list(range(38, 51))
    following = reader.records(45)
    assert next(following).position == 46
    for number in range(50, 120):
        log.write([make_frame(number)])
    assert [record.position for record in following] == list(range(47, 121))
    assert positions(reader, after=120) == []
    log.close()


async def test_it_reads_as_the_journal_itself(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, options=OPTIONS)
    await journal.open()
    for number in range(60):
        await journal.append(number, make_frame(number))
    reader = journal.reader()
    assert await reader.head() == await journal.head() == 60
    for position in (0, 1, 33, 60, 61):
        assert await reader.read_at(position) == await journal.read_at(position)
    assert [item async for item in reader.read(7)] == [item async for item in journal.read(7)]
    await journal.trim(40)
    assert await reader.read_at(1) is None
    with pytest.raises(JournalError, match=r"record 1 of .* is trimmed; the first is"):
        list(reader.records())
    assert positions(reader, after=40) == list(range(41, 61))
    await journal.close()


async def test_an_empty_or_missing_journal(tmp_path: Path) -> None:
    written(tmp_path, 0).close()
    assert await FileJournalReader(tmp_path).head() == 0
    assert await FileJournalReader(tmp_path).read_at(1) is None
    (tmp_path / "empty").mkdir()
    assert await FileJournalReader(tmp_path / "empty").head() == 0
    with pytest.raises(UnavailableError, match="nowhere can not be read"):
        list(FileJournalReader(tmp_path / "nowhere").records())


@pytest.mark.parametrize("where", [0, 1, -1])
def test_a_bad_record_with_others_behind_it_is_damage(tmp_path: Path, where: int) -> None:
    """In the newest segment, too: a torn write leaves no good record of a later group behind it."""
    log = written(tmp_path, 65)
    log.close()
    reader = FileJournalReader(tmp_path)
    path = reader.paths()[where]
    offset = [record for record in reader.records() if record.path == path][3].offset
    content = bytearray(path.read_bytes())
    content[offset + 40] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptJournalError) as refusal:
        list(reader.records())
    assert (refusal.value.path, refusal.value.offset) == (str(path), offset)
    path.unlink()
    with pytest.raises(JournalError, match=r"trimmed|is missing"):
        list(reader.records())


def test_a_segment_that_continues_another_journal_is_damage(tmp_path: Path) -> None:
    log = written(tmp_path / "a", 60)
    log.close()
    other = SegmentLog(tmp_path / "b", segment_bytes=2048, files=LocalFileSystem())
    other.open()
    for number in range(60):
        other.write([make_frame(number + 1_000)])
    other.close()
    name = FileJournalReader(tmp_path / "a").paths()[1].name
    (tmp_path / "a" / name).write_bytes((tmp_path / "b" / name).read_bytes())
    with pytest.raises(CorruptJournalError, match="does not continue the segment before it"):
        list(FileJournalReader(tmp_path / "a").records())


def test_a_header_that_can_not_be_read_is_damage(tmp_path: Path) -> None:
    written(tmp_path, 5).close()
    (path,) = FileJournalReader(tmp_path).paths()
    for content, reason in (
        (b"short", "has 5 bytes, less than its header"),
        (bytes(2048), "does not begin as a journal segment does"),
        (path.read_bytes()[:60] + bytes(2048), "checksum does not hold"),
    ):
        path.write_bytes(content)
        with pytest.raises(CorruptJournalError, match=reason):
            list(FileJournalReader(tmp_path).records())
        assert FileJournalReader(tmp_path).segment(path, newest=True).scan is None


@pytest.mark.parametrize("name", ["copy.segment", "x00000000000000000001.segment", "1.segment"])
async def test_a_file_that_is_named_as_no_segment_is_said(tmp_path: Path, name: str) -> None:
    """Whatever is asked: what of the journal it might be, nobody knows."""
    written(tmp_path, 5).close()
    (tmp_path / name).write_bytes(b"")
    reader = FileJournalReader(tmp_path)
    for ask in (reader.paths, lambda: list(reader.records())):
        with pytest.raises(UnavailableError, match=f"{name} is no segment"):
            ask()
    with pytest.raises(UnavailableError, match=f"{name} is no segment"):
        await reader.head()


def test_a_torn_tail_is_the_end(tmp_path: Path) -> None:
    written(tmp_path, 5).close()
    reader = FileJournalReader(tmp_path)
    (path,) = reader.paths()
    offset = list(reader.records())[-1].offset
    content = path.read_bytes()
    path.write_bytes(content[: offset + 50].ljust(len(content), b"\0"))
    assert positions(reader) == [1, 2, 3, 4]
    found = reader.segment(path, newest=True)
    assert found.scan is not None
    assert found.scan.damage is not None
    assert found.scan.damage.torn


def test_what_a_trim_removes_meanwhile_is_said() -> None:
    disk = SimulatedDisk()
    log = SegmentLog(DIRECTORY, segment_bytes=2048, files=disk)
    log.open()
    for number in range(60):
        log.write([make_frame(number)])
    reader = FileJournalReader(DIRECTORY, files=disk)

    def gone(operation: str, path: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "no such file", str(path))

    disk.before = gone
    with pytest.raises(JournalError, match="trimmed while it was read; begin again"):
        list(reader.records())

    def dying(operation: str, path: Path) -> None:
        raise OSError(errno.EIO, "the disk is dying")

    disk.before = dying
    with pytest.raises(UnavailableError, match="the disk is dying"):
        list(reader.records())


def test_headers_name_the_versions(tmp_path: Path) -> None:
    log = written(tmp_path, 30, "engine 1; book B; risk R")
    log.begin_versions("engine 2; book B; risk R")
    log.write([make_frame(30)])
    log.close()
    reader = FileJournalReader(tmp_path)
    headers = [reader.segment(path, newest=False).header for path in reader.paths()]
    names = [header if isinstance(header, str) else header.versions for header in headers]
    assert names == ["engine 1; book B; risk R"] * (len(names) - 1) + ["engine 2; book B; risk R"]
    assert positions(reader) == list(range(1, 32))
