"""The file journal acknowledges what is on disk, in order, and nothing else."""

from __future__ import annotations

import asyncio
import errno
import threading
from pathlib import Path

import pytest

from hybrid_dex.defaults.file_journal import FileJournal, FileJournalOptions
from hybrid_dex.defaults.file_system import LocalFileSystem
from hybrid_dex.errors import (
    ConfigurationError,
    CorruptJournalError,
    FencedError,
    InDoubtError,
    JournalError,
    JournalFullError,
    UnavailableError,
)
from tests.crash.frames import make_frame
from tests.crash.simulated_disk import SimulatedDisk
from tests.exchange_fixtures import until

OPTIONS = FileJournalOptions(segment_bytes=2048, max_frame_bytes=512, max_depth=64)
DIRECTORY = Path("/journal")


def journal_on(disk: SimulatedDisk) -> FileJournal:
    return FileJournal(DIRECTORY, options=OPTIONS, files=disk)


async def append_all(journal: FileJournal, start: int, stop: int) -> list[int]:
    return [await journal.append(index, make_frame(index)) for index in range(start, stop)]


async def all_frames(journal: FileJournal, after: int = 0) -> list[tuple[int, bytes]]:
    return [item async for item in journal.read(after)]


class TestAppend:
    async def test_frames_come_back_in_order_after_reopening(self, tmp_path: Path) -> None:
        """On the real disk, over several segments."""
        journal = FileJournal(tmp_path, options=OPTIONS)
        await journal.open()
        assert await append_all(journal, 0, 100) == list(range(1, 101))
        await journal.close()
        await journal.open()
        assert journal.recovery.head == await journal.head() == 100
        assert journal.recovery.segments > 3
        assert journal.recovery.cut_path is None
        assert await all_frames(journal) == [(i + 1, make_frame(i)) for i in range(100)]
        assert await all_frames(journal, after=97) == [
            (98, make_frame(97)),
            (99, make_frame(98)),
            (100, make_frame(99)),
        ]
        assert await append_all(journal, 100, 103) == [101, 102, 103]
        await journal.close()

    async def test_waiting_frames_share_a_sync(self) -> None:
        disk = SimulatedDisk()
        journal = journal_on(disk)
        await journal.open()
        disk.operations.clear()
        answers = [journal.append(index, make_frame(index, size=4)) for index in range(9)]
        assert await asyncio.gather(*answers) == list(range(1, 10))
        assert disk.operations.count("sync") == 2  # the first alone, then all that waited for it
        await journal.close()

    async def test_an_append_elsewhere_than_at_the_head_is_fenced(self) -> None:
        journal = journal_on(SimulatedDisk())
        await journal.open()
        await append_all(journal, 0, 2)
        for expected in (0, 1, 3):
            with pytest.raises(FencedError) as refusal:
                await journal.append(expected, make_frame(9))
            assert refusal.value.actual == 2
        assert await journal.head() == 2
        await journal.close()

    async def test_a_frame_of_the_largest_size_fits_and_a_larger_one_does_not(self) -> None:
        journal = journal_on(SimulatedDisk())
        await journal.open()
        assert await journal.append(0, bytes(512)) == 1
        with pytest.raises(JournalFullError, match="512 bytes, this one has 513"):
            await journal.append(1, bytes(513))
        with pytest.raises(JournalFullError):
            await journal.append(1, bytes(31))
        assert await journal.append(1, bytes(32)) == 2
        await journal.close()

    async def test_no_more_appends_in_flight_than_promised(self) -> None:
        journal = journal_on(SimulatedDisk())
        await journal.open()
        answers = [journal.append(index, make_frame(index)) for index in range(65)]
        with pytest.raises(UnavailableError, match="64 appends are in flight"):
            await answers[-1]
        assert await asyncio.gather(*answers[:-1]) == list(range(1, 65))
        await journal.close()

    async def test_close_writes_what_waits_and_refuses_the_rest(self) -> None:
        disk = SimulatedDisk()
        journal = journal_on(disk)
        await journal.open()
        answers = [journal.append(index, make_frame(index)) for index in range(3)]
        await journal.close()
        assert await asyncio.gather(*answers) == [1, 2, 3]
        with pytest.raises(UnavailableError, match="closed"):
            await journal.append(3, make_frame(3))
        await journal.close()


class TestReading:
    async def test_read_at_is_exact(self) -> None:
        journal = journal_on(SimulatedDisk())
        await journal.open()
        await append_all(journal, 0, 50)
        assert [await journal.read_at(n) for n in (1, 33, 50)] == [
            make_frame(0),
            make_frame(32),
            make_frame(49),
        ]
        assert await journal.read_at(51) is None
        assert await journal.read_at(0) is None
        await journal.close()

    async def test_follow_yields_old_and_new_frames_and_ends_with_the_journal(self) -> None:
        journal = journal_on(SimulatedDisk())
        await journal.open()
        await append_all(journal, 0, 3)
        followed = []

        async def follow() -> None:
            async for position, _ in journal.follow(1):
                followed.append(position)
                if position == 3:
                    await append_all(journal, 3, 6)

        task = asyncio.create_task(follow())
        await until(lambda: len(followed) == 5)
        await journal.close()
        await task
        assert followed == [2, 3, 4, 5, 6]

    async def test_a_record_that_changed_after_its_sync_is_not_returned(self) -> None:
        disk = SimulatedDisk()
        journal = journal_on(disk)
        await journal.open()
        await append_all(journal, 0, 3)
        path = DIRECTORY / "00000000000000000001.segment"
        disk.seen[path].seen[120] ^= 1
        with pytest.raises(CorruptJournalError, match="changed after its sync"):
            await journal.read_at(1)
        await journal.close()


class TestVersions:
    async def test_other_versions_begin_a_segment_and_the_same_go_on(self) -> None:
        disk = SimulatedDisk()
        journal = journal_on(disk)
        with pytest.raises(UnavailableError, match="not open"):
            await journal.begin_segment("engine 1")
        await journal.open()
        await journal.begin_segment("engine 1")
        assert len(disk.names(DIRECTORY)) == 3  # an empty segment gives way to the named one
        await append_all(journal, 0, 2)
        await journal.begin_segment("engine 1")
        await append_all(journal, 2, 3)
        await journal.close()
        await journal.open()
        await journal.begin_segment("engine 1")
        assert len(disk.names(DIRECTORY)) == 3
        await journal.begin_segment("engine 2")
        assert len(disk.names(DIRECTORY)) == 4
        await append_all(journal, 3, 5)
        await journal.close()
        await journal.open()
        assert await all_frames(journal) == [(i + 1, make_frame(i)) for i in range(5)]
        assert b"engine 2" in bytes(disk.seen[DIRECTORY / f"{4:020d}.segment"].seen[:100])
        await journal.close()

    async def test_versions_do_not_change_under_appends_in_flight(self) -> None:
        journal = journal_on(SimulatedDisk())
        await journal.open()
        answer = journal.append(0, make_frame(0))
        with pytest.raises(UnavailableError, match="in flight"):
            await journal.begin_segment("engine 1")
        await answer
        await journal.close()

    async def test_no_room_for_the_new_segment_leaves_the_old_one(self) -> None:
        disk = SimulatedDisk()
        journal = journal_on(disk)
        await journal.open()
        await journal.begin_segment("engine 1")
        await append_all(journal, 0, 2)

        def fail(operation: str, path: Path) -> None:
            if operation == "create":
                raise OSError(errno.ENOSPC, "no space left on device")

        disk.before = fail
        with pytest.raises(JournalFullError, match="no space left"):
            await journal.begin_segment("engine 2")
        disk.before = lambda operation, path: None
        await append_all(journal, 2, 4)
        await journal.begin_segment("engine 2")
        await append_all(journal, 4, 6)
        await journal.close()
        await journal.open()
        assert await journal.head() == 6
        await journal.close()

    async def test_a_small_segment_names_what_it_has_room_for(self, tmp_path: Path) -> None:
        """The largest frame fits all the same."""
        options = FileJournalOptions(segment_bytes=1024, max_frame_bytes=900)
        journal = FileJournal(tmp_path, options=options)
        await journal.open()
        await journal.begin_segment("engine 2; book SortedBook; risk standard 1")
        assert await journal.append(0, bytes(900)) == 1
        await journal.begin_segment("engine 2; book SortedBook; risk standard 1")
        assert await journal.append(1, bytes(900)) == 2
        await journal.close()
        assert [path.name.lstrip("0") for path in journal.reader().paths()] == [
            "1.segment",
            "2.segment",
        ]


class TestOneWriter:
    async def test_an_opening_that_is_canceled_leaves_no_lock(self, tmp_path: Path) -> None:
        """Whether the thread that opens had begun or not."""
        journal = FileJournal(tmp_path, options=OPTIONS)
        for _ in range(10):
            opening = asyncio.ensure_future(journal.open())
            await asyncio.sleep(0)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            await journal.open()
            await journal.close()

    async def test_a_second_writer_is_refused_until_the_first_lets_go(self, tmp_path: Path) -> None:
        first, second = FileJournal(tmp_path), FileJournal(tmp_path)
        await first.open()
        with pytest.raises(UnavailableError, match="another process writes"):
            await second.open()
        with pytest.raises(ConfigurationError, match="open already"):
            await first.open()
        await first.append(0, make_frame(0))
        await first.close()
        await second.open()
        assert await second.head() == 1
        await second.close()

    async def test_a_lock_that_is_let_go_in_a_moment_is_waited_for(self, tmp_path: Path) -> None:
        """A writer killed while it starts a process leaves it to that for as long as exec takes."""
        files = LocalFileSystem()
        lock = files.lock(tmp_path / "lock")
        assert lock is not None
        journal = FileJournal(tmp_path)
        opening = asyncio.ensure_future(journal.open())
        await asyncio.sleep(0.1)
        assert not opening.done()
        files.close(lock)
        await opening
        await journal.close()


class TestTrim:
    async def test_whole_segments_go_and_stay_gone(self) -> None:
        disk = SimulatedDisk()
        journal = journal_on(disk)
        await journal.open()
        await append_all(journal, 0, 60)
        before = len(disk.names(DIRECTORY))
        await journal.trim(40)
        assert len(disk.names(DIRECTORY)) < before
        assert await journal.read_at(1) is None
        assert await journal.read_at(41) == make_frame(40)
        with pytest.raises(JournalError, match=r"record 1 .* is trimmed"):
            await all_frames(journal)
        await journal.close()
        await journal.open()
        assert await journal.head() == 60
        assert [p for p, _ in await all_frames(journal, 40)] == list(range(41, 61))
        await journal.trim(1_000)
        assert await append_all(journal, 60, 62) == [61, 62]
        await journal.close()

    async def test_a_trim_that_was_cut_short_is_finished_at_the_next_start(self) -> None:
        disk = SimulatedDisk()
        journal = journal_on(disk)
        await journal.open()
        await append_all(journal, 0, 60)

        def fail(operation: str, path: Path) -> None:
            if operation == "remove":
                raise OSError(errno.EIO, "cut short")

        disk.before = fail
        with pytest.raises(UnavailableError, match="can not be trimmed"):
            await journal.trim(40)
        disk.before = lambda operation, path: None
        await journal.close()
        await journal.open()
        with pytest.raises(JournalError, match="trimmed"):
            await all_frames(journal)
        assert [p for p, _ in await all_frames(journal, 40)] == list(range(41, 61))
        await journal.close()

    async def test_a_copy_beside_the_segments_is_refused_and_not_removed(
        self, tmp_path: Path
    ) -> None:
        """Its name may sort before all of ours, as that of a trimmed segment does."""
        journal = FileJournal(tmp_path, options=OPTIONS)
        await journal.open()
        await append_all(journal, 0, 60)
        await journal.close()
        copy = tmp_path / "0-before.segment"
        copy.write_bytes((tmp_path / f"{1:020d}.segment").read_bytes())
        with pytest.raises(CorruptJournalError, match=r"0-before\.segment"):
            await journal.open()
        assert copy.exists()
        copy.unlink()
        await journal.open()
        assert await journal.head() == 60
        await journal.close()


class TestDisk:
    @pytest.mark.parametrize("error", [OSError(errno.EIO, "the disk is dying"), MemoryError()])
    @pytest.mark.parametrize("operation", ["sync", "write"])
    async def test_a_failed_write_or_sync_stops_the_writer_for_good(
        self, operation: str, error: Exception
    ) -> None:
        """Nothing is acknowledged, reads go on, and a restart finds the acknowledged frames."""
        disk = SimulatedDisk()
        journal = journal_on(disk)
        await journal.open()
        await append_all(journal, 0, 3)

        def fail(name: str, path: Path) -> None:
            if name == operation:
                raise error

        disk.before = fail
        answers = [journal.append(index, make_frame(index)) for index in range(3, 8)]
        async with asyncio.timeout(60):
            outcomes = await asyncio.gather(*answers, return_exceptions=True)
        assert isinstance(outcomes[0], InDoubtError)  # it was being written; the others waited
        assert [type(outcome) for outcome in outcomes[1:]] == [UnavailableError] * 4
        disk.before = lambda name, path: None
        with pytest.raises(UnavailableError, match="restart"):
            await journal.append(3, make_frame(3))
        assert len(await all_frames(journal)) == await journal.head() == 3
        await journal.close()
        await journal.open()
        found = await all_frames(journal)
        assert found[:3] == [(i + 1, make_frame(i)) for i in range(3)]
        head = await journal.head()
        assert await journal.append(head, make_frame(head)) == head + 1
        await journal.close()

    @pytest.mark.parametrize("operation", ["create", "write", "sync", "rename", "sync_directory"])
    async def test_no_room_for_a_new_segment_costs_nothing_and_passes(self, operation: str) -> None:
        """Found before anything is written, so the same journal goes on once there is room."""
        disk = SimulatedDisk()
        journal = journal_on(disk)
        await journal.open()
        full = True

        def fail(name: str, path: Path) -> None:
            if full and name == operation and path.name != "00000000000000000001.segment":
                raise OSError(errno.ENOSPC, "no space left on device")

        disk.before = fail
        with pytest.raises(JournalFullError, match="no space left"):
            await append_all(journal, 0, 100)
        head = await journal.head()
        assert 3 < head < 100
        with pytest.raises(JournalFullError):
            await journal.append(head, make_frame(head))
        assert await journal.head() == head
        full = False
        assert await append_all(journal, head, head + 40) == list(range(head + 1, head + 41))
        await journal.close()
        await journal.open()
        assert await all_frames(journal) == [(i + 1, make_frame(i)) for i in range(head + 40)]
        await journal.close()

    async def test_nothing_is_acknowledged_while_a_slow_sync_lasts(self) -> None:
        disk = SimulatedDisk()
        journal = journal_on(disk)
        await journal.open()
        entered, leave = threading.Event(), threading.Event()

        def wait(name: str, path: Path) -> None:
            if name == "sync":
                entered.set()
                assert leave.wait(60)

        disk.before = wait
        answers = [asyncio.ensure_future(journal.append(i, make_frame(i))) for i in range(3)]
        assert await asyncio.to_thread(entered.wait, 60)
        assert not any(answer.done() for answer in answers)
        assert await journal.head() == 0
        assert await all_frames(journal) == []
        leave.set()
        assert await asyncio.gather(*answers) == [1, 2, 3]
        await journal.close()

    async def test_close_waits_for_a_sync_that_lasts(self) -> None:
        """Nothing is closed under it: the descriptor's number may be another file's by then."""

        class Slow(SimulatedDisk):
            entered, left, syncing, torn = threading.Event(), threading.Event(), False, False

            def sync(self, descriptor: int) -> None:
                self.syncing = True
                self.entered.set()
                self.left.wait(0.2)
                super().sync(descriptor)
                self.syncing = False

            def close(self, descriptor: int) -> None:
                self.torn |= self.syncing
                super().close(descriptor)

        disk = Slow()
        journal = journal_on(disk)
        await journal.open()
        disk.entered.clear()
        verifying = asyncio.ensure_future(journal.verify_durability())
        assert await asyncio.to_thread(disk.entered.wait, 60)
        await journal.close()
        await verifying
        assert not disk.torn

    async def test_verify_durability_fails_with_the_disk(self) -> None:
        disk = SimulatedDisk()
        journal = journal_on(disk)
        await journal.open()
        await journal.verify_durability()

        def fail(name: str, path: Path) -> None:
            if name == "sync":
                raise OSError(errno.EIO, "no")

        disk.before = fail
        with pytest.raises(UnavailableError, match="refused to sync"):
            await journal.verify_durability()
        await journal.close()

    async def test_a_disk_that_can_not_be_opened_is_an_outage(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_text("in the way")
        journal = FileJournal(file / "journal")
        with pytest.raises(UnavailableError, match="can not be opened"):
            await journal.open()
        await journal.close()


def test_a_segment_must_hold_the_largest_frame() -> None:
    """The refusal names the largest frame that fits."""
    with pytest.raises(ConfigurationError, match="lower max_frame_bytes to 932"):
        FileJournalOptions(segment_bytes=1024, max_frame_bytes=1024)
    assert FileJournalOptions(segment_bytes=1024, max_frame_bytes=932).max_depth == 256
