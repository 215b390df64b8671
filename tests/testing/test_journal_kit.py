"""JournalKit passes the journals that ship and refuses every broken one, rule by rule."""

import asyncio
import fcntl
import multiprocessing
import pickle
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import ClassVar

import attrs
import pytest

from hybrid_dex.defaults.file_journal import FileJournal, FileJournalOptions
from hybrid_dex.defaults.file_journal_reader import FileJournalReader
from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.errors import FencedError, UnavailableError
from hybrid_dex.interfaces.journal import Journal, JournalCapabilities
from hybrid_dex.testing import JournalKit, RuleBrokenError
from tests.testing.mutants import is_refused

NO_DISK = "memory has no disk that could be damaged"
SMALL = FileJournalOptions(segment_bytes=2048, max_frame_bytes=1024, max_depth=16)
NOT_SHARED = "memory is this process's own, and all versions' alike"


class MemoryKit(JournalKit):
    """Any journal in memory: the same one for the same place."""

    lacks: ClassVar = {
        "damage_in_the_middle_is_refused": NO_DISK,
        "a_torn_tail_is_cut": NO_DISK,
        "other_versions_begin_a_segment": NOT_SHARED,
        "what_was_acknowledged_survives_its_process": "memory ends with its process",
        "another_process_reads_it": NOT_SHARED,
    }
    kind: Callable[[], Journal] = MemoryJournal

    def make_journal(self) -> Journal:
        stores: dict[Path, Journal] = self.__dict__.setdefault("stores", {})
        if self.place not in stores:
            stores[self.place] = type(self).kind()
        return stores[self.place]


class TestMemoryJournal(MemoryKit):
    pass


class TestFileJournal(JournalKit):
    def make_journal(self) -> Journal:
        return FileJournal(
            self.place / "journal", options=FileJournalOptions(segment_bytes=4 << 20)
        )

    async def damage(self, position: int, frame: bytes) -> None:
        path, start = self.find(frame)
        content = bytearray(path.read_bytes())
        content[start + 20] ^= 1
        path.write_bytes(content)

    async def tear(self, position: int, frame: bytes) -> None:
        path, start = self.find(frame)
        content = bytearray(path.read_bytes())
        content[start + len(frame) // 2 :] = bytes(len(content) - start - len(frame) // 2)
        path.write_bytes(content)

    def find(self, frame: bytes) -> tuple[Path, int]:
        """Where a frame is stored."""
        for path in (self.place / "journal").glob("*.segment"):
            start = path.read_bytes().find(frame)
            if start >= 0:
                return path, start
        raise AssertionError("the frame is in no segment")


class TestFileJournalInSegments(TestFileJournal):
    """So small that appends, trims and restarts cross from one file to the next."""

    def make_journal(self) -> Journal:
        return FileJournal(self.place / "journal", options=SMALL)


class FileMutantKit(TestFileJournalInSegments):
    """A journal on disk, to be broken."""


class GrowingPromises(MemoryJournal):
    @property
    def capabilities(self) -> JournalCapabilities:
        return attrs.evolve(super().capabilities, durable_on_ack=self._is_open)


class NeverDurable(MemoryJournal):
    async def verify_durability(self) -> None:
        raise NotImplementedError


class BeginsAtOne(MemoryJournal):
    async def head(self) -> int:
        return await super().head() + 1


class CountsFromZero(MemoryJournal):
    def append(self, expected: int, frame: bytes) -> Awaitable[int]:
        return changed(super().append(expected, frame), lambda position: position - 1)


class StripsFrames(MemoryJournal):
    def append(self, expected: int, frame: bytes) -> Awaitable[int]:
        return super().append(expected, frame.rstrip(frame[-1:]))


class OneAtATime(MemoryJournal):
    waiting = False

    def append(self, expected: int, frame: bytes) -> Awaitable[int]:
        head = len(self._frames) if self.waiting else expected
        self.waiting = True
        done = super().append(expected if head == expected else -1, frame)
        asyncio.get_running_loop().call_soon(self.__dict__.update, {"waiting": False})
        return done if expected % 7 != 5 else super().append(-1, frame)


class AppendsAnywhere(MemoryJournal):
    def append(self, expected: int, frame: bytes) -> Awaitable[int]:
        return super().append(len(self._frames), frame)


class WritesOver(MemoryJournal):
    """Two may open it, and the second to append at a place wins."""

    async def open(self) -> None:
        self._is_open = True

    def append(self, expected: int, frame: bytes) -> Awaitable[int]:
        if expected < len(self._frames):
            del self._frames[expected:]
        return super().append(expected, frame)


class TakesAnySize(MemoryJournal):
    @property
    def capabilities(self) -> JournalCapabilities:
        return attrs.evolve(super().capabilities, max_frame_bytes=4096)


class ForgetsTheCanceled(MemoryJournal):
    """Its head moves on for a caller that gave up, and the frame is lost."""

    def append(self, expected: int, frame: bytes) -> Awaitable[int]:
        async def slowly() -> int:
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                self._trimmed += 1
                raise
            return await appended(expected, frame)

        appended = super().append
        return slowly()


class ReadsFromThePosition(MemoryJournal):
    async def read(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        async for item in super().read(max(0, after - 1)):
            yield item


class ReadsTheNearest(MemoryJournal):
    async def read_at(self, position: int) -> bytes | None:
        return await super().read_at(min(max(position, 1), len(self._frames)))


class FollowsToTheEnd(MemoryJournal):
    async def follow(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        async for item in self.read(after):
            yield item


class TrimsOneTooMany(MemoryJournal):
    async def trim(self, upto: int) -> None:
        await super().trim(upto + 1)


class TrimsToNothing(MemoryJournal):
    async def trim(self, upto: int) -> None:
        await super().trim(upto)
        if not self._frames:
            self._trimmed = 0


class AlwaysOpen(MemoryJournal):
    def __init__(self) -> None:
        super().__init__()
        self._is_open = True

    async def open(self) -> None:
        """It was never closed."""


class ClosesOnce(MemoryJournal):
    async def close(self) -> None:
        if not self._is_open:
            raise RuntimeError("closed already")
        await super().close()


class ForgetsTheLast(MemoryJournal):
    async def close(self) -> None:
        if self._is_open:
            del self._frames[28:]
        await super().close()


MUTANTS: list[tuple[str, Callable[[], Journal]]] = [
    ("capabilities_are_said_and_constant", GrowingPromises),
    ("durability_can_be_asked_for", NeverDurable),
    ("a_new_journal_is_empty", BeginsAtOne),
    ("append_resolves_to_the_next_position", CountsFromZero),
    ("frames_come_back_byte_for_byte", StripsFrames),
    ("appends_may_be_pipelined", OneAtATime),
    ("an_append_elsewhere_is_fenced", AppendsAnywhere),
    ("one_writer", WritesOver),
    ("the_largest_frame_fits", TakesAnySize),
    ("a_caller_may_give_up", ForgetsTheCanceled),
    ("read_begins_behind_a_position", ReadsFromThePosition),
    ("read_at_is_exact", ReadsTheNearest),
    ("follow_goes_on_with_new_frames", FollowsToTheEnd),
    ("trim_forgets_nothing_newer", TrimsOneTooMany),
    ("trim_keeps_the_head", TrimsToNothing),
    ("only_an_open_journal_takes_frames", AlwaysOpen),
    ("close_may_be_repeated", ClosesOnce),
    ("what_was_acknowledged_survives", ForgetsTheLast),
]


def changed(answer: Awaitable[int], change: Callable[[int], int]) -> Awaitable[int]:
    async def wait() -> int:
        return change(await answer)

    return wait()


@pytest.mark.parametrize(
    ("rule", "mutant"), MUTANTS, ids=lambda part: getattr(part, "__name__", part)
)
def test_a_broken_journal_is_refused(rule: str, mutant: Callable[[], Journal]) -> None:
    """By the rule that it breaks, in words that name the rule."""
    assert is_refused(type("MutantKit", (MemoryKit,), {"kind": mutant, "timeout_s": 2}), rule)


async def nothing(kit: JournalKit, position: int, frame: bytes) -> None:
    """Damage that leaves no trace: a journal that passes on what it finds looks the same."""


class PassesOnDamage(FileMutantKit):
    """Checks nothing: the frame at the place is another one, and is read as if nothing were."""

    damage = nothing


class KeepsATornTail(FileMutantKit):
    tear = nothing


class BeginsAnew(FileJournal):
    """Takes a new segment for a new journal."""

    async def begin_segment(self, versions: str) -> None:
        await self.trim(await self.head())
        self._accepted = self._durable = 0


class ReadsLess(FileJournal):
    def reader(self) -> FileJournalReader:
        return FileJournalReader(self._directory.parent)


class WritesWhenClosed(MemoryJournal):
    """Says durable on acknowledgement, and is right in all that one process sees of it."""

    capabilities = attrs.evolve(MemoryJournal().capabilities, durable_on_ack=True)

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    async def open(self) -> None:
        self._file = self._path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise UnavailableError("locked") from error
        self._file.seek(0)
        if stored := self._file.read():
            self._trimmed, self._frames = pickle.loads(stored)
        await super().open()

    async def close(self) -> None:
        if self._is_open:
            self._file.truncate(0)
            self._file.write(pickle.dumps((self._trimmed, self._frames)))
            self._file.close()
        await super().close()


class WritesWhenClosedKit(JournalKit):
    lacks: ClassVar = {
        rule: why for rule, why in MemoryKit.lacks.items() if why in {NO_DISK, NOT_SHARED}
    }

    def make_journal(self) -> Journal:
        return WritesWhenClosed(self.place / "journal")


class BeginsAnewKit(FileMutantKit):
    def make_journal(self) -> Journal:
        return BeginsAnew(self.place / "journal", options=SMALL)


class ReadsLessKit(FileMutantKit):
    def make_journal(self) -> Journal:
        return ReadsLess(self.place / "journal", options=SMALL)


@pytest.mark.parametrize(
    ("rule", "kit"),
    [
        ("damage_in_the_middle_is_refused", PassesOnDamage),
        ("a_torn_tail_is_cut", KeepsATornTail),
        ("damage_in_the_middle_is_refused", JournalKit),
        ("other_versions_begin_a_segment", BeginsAnewKit),
        ("another_process_reads_it", ReadsLessKit),
        ("what_was_acknowledged_survives_its_process", WritesWhenClosedKit),
    ],
)
def test_a_journal_broken_on_disk_is_refused(rule: str, kit: type[JournalKit]) -> None:
    """As is a kit whose author neither damages nor declares."""
    assert is_refused(kit, rule)


def test_a_journal_that_writes_when_it_closes_is_told() -> None:
    """By the one rule in which a process ends without closing; all others hold."""
    kit = WritesWhenClosedKit()
    for rule in sorted(
        set(kit.rules()) - set(kit.lacks) - {"what_was_acknowledged_survives_its_process"}
    ):
        getattr(kit, f"test_{rule}")()
    found = r"a process acknowledged 29 frames and ended without closing; 0 of them are there"
    with pytest.raises(RuleBrokenError, match=found):
        kit.test_what_was_acknowledged_survives_its_process()
    assert multiprocessing.active_children() == []


def test_what_goes_wrong_in_a_process_of_its_own_is_told() -> None:
    """What the journal raises there, and when nothing comes back; no process is left."""

    class Raises(MemoryJournal):
        async def open(self) -> None:
            raise KeyError("no store")

    class Hangs(MemoryJournal):
        async def open(self) -> None:
            await asyncio.Event().wait()

    for kind, found in ((Raises, "KeyError was raised: 'no store'"), (Hangs, "nothing within 0.2")):
        kit = type("BrokenKit", (MemoryKit,), {"kind": kind, "lacks": {}, "timeout_s": 0.2})
        with pytest.raises(RuleBrokenError, match=found):
            kit().test_what_was_acknowledged_survives_its_process()
        assert multiprocessing.active_children() == []


def test_every_rule_has_a_journal_that_breaks_it() -> None:
    """A rule that nothing can break checks nothing."""
    assert {rule for rule, _ in MUTANTS} | set(MemoryKit.lacks) == set(JournalKit.rules())


def test_fenced_is_what_the_loser_gets() -> None:
    """The kit takes either kind of lock: refused at open, or fenced at the append."""

    class Shared(MemoryJournal):
        async def open(self) -> None:
            self._is_open = True

    type("SharedKit", (MemoryKit,), {"kind": Shared})().test_one_writer()
    assert FencedError(3).actual == 3
