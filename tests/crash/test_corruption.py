"""Damage is refused with file and offset, or cut when it is the tail; never read as data (A7)."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from hybrid_dex.defaults.file_system import LocalFileSystem
from hybrid_dex.defaults.segment_log import SegmentLog
from hybrid_dex.errors import CorruptJournalError
from tests.crash.frames import make_frame
from tests.crash.test_crash_states import read_all
from tests.tiers import count

FLIPS = count(fast=150, full=2_000)
SEGMENT_BYTES = 2048
RECORDS = 60


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A log of several segments: single records, groups, and a group at the end."""
    log = opened(tmp_path)
    log.open()
    number = 0
    for size in (1, 1, 1, 2, 5) * 6:
        log.write([make_frame(number + index) for index in range(size)])
        number += size
    assert number == RECORDS
    log.close()
    return tmp_path


def opened(directory: Path) -> SegmentLog:
    return SegmentLog(directory, segment_bytes=SEGMENT_BYTES, files=LocalFileSystem())


def segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.segment"))


def offsets_of(directory: Path) -> dict[str, list[int]]:
    log = opened(directory)
    log.open()
    log.close()
    return {segment.path.name: segment.offsets for segment in log._segments}


def expect_refusal(directory: Path, path: Path, offset: int | None = None) -> None:
    """The log does not open, names the file, and has changed nothing."""
    before = {one: one.read_bytes() for one in segments(directory)}
    with pytest.raises(CorruptJournalError) as refusal:
        opened(directory).open()
    assert refusal.value.path == str(path)
    if offset is not None:
        assert refusal.value.offset == offset
    assert {one: one.read_bytes() for one in segments(directory)} == before


def test_any_flipped_bit_is_refused_or_cut_and_never_silent(
    directory: Path, rng: random.Random, figure: Callable[[str], None]
) -> None:
    """In the last record the tail is cut; before it the start is refused with the offset."""
    offsets = offsets_of(directory)
    last = segments(directory)[-1]
    outcomes = {"cut": 0, "refused": 0}
    for _ in range(FLIPS):
        path = rng.choice(segments(directory))
        original = path.read_bytes()
        bit = rng.randrange(len(original) * 8)
        path.write_bytes(_flipped(original, bit))
        is_tail = path == last and bit // 8 >= offsets[path.name][-1]
        if is_tail:
            log = opened(directory)
            recovery = log.open()
            assert recovery.cut_path == path
            whole = RECORDS if bit // 8 >= _end(original, offsets[path.name]) else RECORDS - 1
            assert recovery.head == whole
            assert read_all(log, 1, whole) == [make_frame(n) for n in range(whole)]
            log.close()
            outcomes["cut"] += 1
        else:
            begin = max((o for o in offsets[path.name] if o <= bit // 8), default=0)
            if begin and bit // 8 >= _end(original, offsets[path.name]):
                begin = _end(original, offsets[path.name])
            expect_refusal(directory, path, begin)
            outcomes["refused"] += 1
        path.write_bytes(original)
    assert sum(outcomes.values()) == FLIPS
    assert opened_cleanly(directory)
    figure(
        f"{FLIPS} flipped bits: {outcomes['cut']} cut as the tail, {outcomes['refused']} refused "
        "with file and offset, 0 silent"
    )


def _flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _end(content: bytes, offsets: list[int]) -> int:
    return offsets[-1] + 28 + int.from_bytes(content[offsets[-1] + 4 : offsets[-1] + 8], "big")


def opened_cleanly(directory: Path) -> bool:
    log = opened(directory)
    recovery = log.open()
    log.close()
    return recovery.head == RECORDS and recovery.cut_path is None


def test_every_bit_of_the_last_group_is_told_from_a_torn_write(directory: Path) -> None:
    """Its records were written together; a bad one among good ones is damage all the same."""
    path = segments(directory)[-1]
    original = path.read_bytes()
    offsets = offsets_of(directory)[path.name]
    for offset in offsets[:-1]:
        for byte in range(offset, offset + 40):
            path.write_bytes(_flipped(original, byte * 8 + 3))
            expect_refusal(directory, path, offset)
    path.write_bytes(original)


def test_lost_sectors_in_front_of_a_later_group_are_damage(tmp_path: Path) -> None:
    """Zeros alone do not make a torn write: what is followed by a later group was synced."""
    log = opened(tmp_path)
    log.open()
    for number in range(3):
        log.write([make_frame(number)])
    log.close()
    (path,) = segments(tmp_path)
    offsets = offsets_of(tmp_path)[path.name]
    content = bytearray(path.read_bytes())
    content[offsets[1] : offsets[2]] = bytes(offsets[2] - offsets[1])
    path.write_bytes(content)
    expect_refusal(tmp_path, path, offsets[1])


@pytest.mark.parametrize("where", [0, 1, -1])
def test_a_record_that_is_missing(directory: Path, where: int) -> None:
    """Cut out of any segment, with what follows moved up."""
    path = segments(directory)[where]
    offsets = offsets_of(directory)[path.name]
    content = path.read_bytes()
    path.write_bytes((content[: offsets[1]] + content[offsets[2] :]).ljust(SEGMENT_BYTES, b"\0"))
    expect_refusal(directory, path, offsets[1])


@pytest.mark.parametrize("where", [0, 1, -1])
def test_a_record_that_is_doubled(directory: Path, where: int) -> None:
    path = segments(directory)[where]
    offsets = offsets_of(directory)[path.name]
    content = path.read_bytes()
    doubled = content[: offsets[2]] + content[offsets[1] : offsets[2]] + content[offsets[2] :]
    path.write_bytes(doubled)
    expect_refusal(directory, path, offsets[2])


@pytest.mark.parametrize("where", [0, 1, -1])
def test_records_that_are_swapped(directory: Path, where: int) -> None:
    """Two of the same length, so that everything else stays in place."""
    path = segments(directory)[where]
    offsets = offsets_of(directory)[path.name]
    content = path.read_bytes()
    a, b, c = offsets[0], offsets[1], offsets[2]
    assert b - a == c - b
    path.write_bytes(content[:a] + content[b:c] + content[a:b] + content[c:])
    expect_refusal(directory, path, a)


def test_a_record_of_another_log(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same position and length, but written elsewhere."""
    other = tmp_path_factory.mktemp("other")
    log = opened(other)
    log.open()
    log.write([make_frame(number) for number in range(100, 130)])
    log.close()
    path, foreign = segments(directory)[1], segments(other)[1]
    offset = offsets_of(directory)[path.name][0]
    content = bytearray(path.read_bytes())
    content[offset : offset + 200] = foreign.read_bytes()[offset : offset + 200]
    path.write_bytes(content)
    expect_refusal(directory, path, offset)


@pytest.mark.parametrize("where", [0, 1, -1])
def test_a_segment_that_is_missing(directory: Path, where: int) -> None:
    """The first, one in the middle, and the newest, which only the manifest knows of."""
    paths = segments(directory)
    paths[where].unlink()
    named = paths[where] if where == -1 else paths[where + 1]
    expect_refusal(directory, named, 0)


def test_all_segments_missing(directory: Path) -> None:
    newest = segments(directory)[-1]
    for path in segments(directory):
        path.unlink()
    expect_refusal(directory, newest, 0)


def test_segments_that_are_swapped(directory: Path) -> None:
    first, second = segments(directory)[:2]
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    expect_refusal(directory, first, 0)


def test_a_segment_that_is_doubled(directory: Path) -> None:
    """Under a name of its own: it says which one it is."""
    paths = segments(directory)
    double = directory / "00000000000000000999.segment"
    double.write_bytes(paths[1].read_bytes())
    expect_refusal(directory, double, 0)


def test_a_segment_of_another_log(
    directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It begins at the right position, but does not continue the one before it."""
    other = tmp_path_factory.mktemp("other")
    log = opened(other)
    log.open()
    log.write([make_frame(number, size=61) for number in range(RECORDS)])
    log.close()
    mine = {path.name for path in segments(directory)}
    foreign = next((path for path in segments(other)[1:] if path.name in mine), segments(other)[1])
    target = directory / foreign.name
    if foreign.name not in mine:
        target = segments(directory)[1]
    target.write_bytes(foreign.read_bytes())
    expect_refusal(directory, target, 0)


def test_a_damaged_manifest(directory: Path) -> None:
    path = directory / "manifest"
    content = path.read_bytes()
    for byte in range(len(content)):
        path.write_bytes(_flipped(content, byte * 8))
        expect_refusal(directory, path, 0)
    path.write_bytes(content[:-1])
    expect_refusal(directory, path, 0)


def test_a_file_cut_short_in_the_middle_of_the_log(directory: Path) -> None:
    path = segments(directory)[1]
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(CorruptJournalError):
        opened(directory).open()
