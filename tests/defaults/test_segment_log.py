"""The log hands out what it was asked for, a chunk at a time, and nothing that lies behind."""

import errno
import random
from pathlib import Path

import pytest

from hybrid_dex.defaults.segment_log import SegmentLog
from hybrid_dex.errors import JournalFullError
from tests.crash.frames import make_frame
from tests.crash.simulated_disk import SimulatedDisk


def log_of(frames: list[bytes], segment_bytes: int) -> SegmentLog:
    """A log with these frames in its first segment."""
    log = SegmentLog(Path("/journal"), segment_bytes=segment_bytes, files=SimulatedDisk())
    log.open()
    assert log.write(frames) == (len(frames), None)
    return log


def test_a_read_ends_where_it_was_asked_to() -> None:
    """Whatever is written behind; and where the segment ends, when it was asked for more."""
    frames = [make_frame(number) for number in range(5)]
    log = log_of(frames, 2048)
    segment = log.segment_of(1)
    assert segment is not None
    for first, upto in ((1, 1), (2, 3), (5, 5), (1, 5), (4, 99)):
        assert log.read(segment, first, upto) == frames[first - 1 : upto]


def test_a_long_read_comes_in_chunks() -> None:
    """Each is as many frames as begin within a chunk, so that no read takes all memory."""
    frames = [bytes([number]) * 600_000 for number in range(4)]
    log = log_of(frames, 4 << 20)
    segment = log.segment_of(1)
    assert segment is not None
    assert log.read(segment, 1, 4) == frames[:2]
    assert log.read(segment, 3, 4) == frames[2:]


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("sync_directory", "journal"),
        ("create", "manifest.new"),
        ("write", "manifest.new"),
        ("rename", "manifest"),
    ],
)
def test_nothing_goes_to_a_segment_that_another_was_to_follow(operation: str, name: str) -> None:
    """The disk is full once that has its name: a smaller record, which the old one could take, waits.

    What is there already is used once there is room.
    """
    large, small = bytes(500), bytes(40)
    log = log_of([large, large, large], 2048)
    disk = log._files
    assert isinstance(disk, SimulatedDisk)

    def fail(done: str, path: Path) -> None:
        if (done, path.name) == (operation, name):
            raise OSError(errno.ENOSPC, "no space left on device")

    disk.before = fail
    for frame in (large, small, large):
        written, refusal = log.write([frame])
        assert (written, type(refusal)) == (0, JournalFullError)
    disk.before = lambda done, path: None
    begun = disk.operations.count("create")
    assert log.write([small, large]) == (2, None)
    assert disk.operations.count("create") == begun + 1  # the manifest alone
    log.close()
    assert log.open().head == 5
    assert [log.segment_of(4).first, *log.read(log.segment_of(4), 4, 5)] == [4, small, large]
    log.close()


def test_names_that_were_never_synced_are_synced_before_anything_is_written(
    rng: random.Random,
) -> None:
    """The writer before could not sync the directory twice, when it began a segment and at its start."""
    log = log_of([bytes(500)] * 3, 2048)
    disk = log._files
    assert isinstance(disk, SimulatedDisk)

    def fail(done: str, path: Path) -> None:
        if done == "sync_directory":
            raise OSError(errno.EIO, "input/output error")

    disk.before = fail
    assert log.write([bytes(500)])[0] == 0
    log.close()
    with pytest.raises(OSError, match="input/output error"):
        log.open()
    disk.before = lambda done, path: None
    assert log.open().segments == 2
    assert log.write([bytes(40)]) == (1, None)
    for _ in range(20):
        after = SegmentLog(Path("/journal"), segment_bytes=2048, files=disk.power_cut(rng))
        assert after.open().head == 4
