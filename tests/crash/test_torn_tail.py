"""A torn tail is cut at the last whole record; what is appended then stays (A6)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from hybrid_dex.defaults.file_journal import FileJournal, FileJournalOptions
from hybrid_dex.defaults.file_system import LocalFileSystem
from hybrid_dex.defaults.segment_log import SegmentLog
from tests.crash.frames import make_frame
from tests.crash.test_crash_states import read_all

SEGMENT_BYTES = 4096
FIRST = "00000000000000000001.segment"


def opened(directory: Path) -> SegmentLog:
    return SegmentLog(directory, segment_bytes=SEGMENT_BYTES, files=LocalFileSystem())


def written_log(directory: Path, records: int) -> tuple[bytes, list[int], int]:
    """Return the segment's bytes, where each record begins, and where the last ends."""
    log = opened(directory)
    log.open()
    for number in range(records):
        log.write([make_frame(number)])
    segment = log.segment_of(1)
    assert segment is not None
    log.close()
    return (directory / FIRST).read_bytes(), list(segment.offsets), segment.end


@pytest.mark.parametrize("rest", ["shorter", "zeros"])
def test_cut_at_every_byte_of_the_last_five_records(
    tmp_path: Path, rest: str, figure: Callable[[str], None]
) -> None:
    """Whether the file ends there or zeros follow; then three appends and a restart."""
    content, offsets, end = written_log(tmp_path, 12)
    for cut in range(offsets[-5], end):
        whole = sum(
            1 for start, stop in zip(offsets, [*offsets[1:], end], strict=True) if stop <= cut
        )
        kept = content[:cut]
        (tmp_path / FIRST).write_bytes(
            kept if rest == "shorter" else kept.ljust(SEGMENT_BYTES, b"\0")
        )
        log = opened(tmp_path)
        recovery = log.open()
        assert recovery.head == whole
        at_boundary = cut in offsets
        assert (recovery.cut_offset or None) == (None if at_boundary else offsets[whole])
        after = [make_frame(100 + index) for index in range(3)]
        assert log.write(after) == (3, None)
        log.close()
        again = opened(tmp_path)
        assert again.open().head == whole + 3
        assert read_all(again, 1, whole + 3) == [make_frame(n) for n in range(whole)] + after
        again.close()
        assert (tmp_path / FIRST).stat().st_size == SEGMENT_BYTES
    figure(
        f"{end - offsets[-5]} cuts through the last 5 records, {rest} behind: each whole record "
        "kept, 3 more appended and kept"
    )


async def test_the_cut_is_said_in_the_log_and_the_report(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content, offsets, end = written_log(tmp_path, 5)
    (tmp_path / FIRST).write_bytes(content[: end - 1].ljust(SEGMENT_BYTES, b"\0"))
    journal = FileJournal(
        tmp_path, options=FileJournalOptions(segment_bytes=SEGMENT_BYTES, max_frame_bytes=1024)
    )
    with caplog.at_level(logging.WARNING):
        await journal.open()
    await journal.close()
    assert journal.recovery.head == 4
    assert journal.recovery.cut_path == tmp_path / FIRST
    assert journal.recovery.cut_offset == offsets[4]
    assert journal.recovery.reason == "record 5 is incomplete"
    assert f"torn tail cut at byte {offsets[4]}" in caplog.text
