"""FileJournal: the journal on a local disk, the default.

It acknowledges a frame only after ``fdatasync`` returned for it, and never writes again after a
write or a sync failed: what the kernel then holds and what the disk holds may differ, and only
reading it back after a restart can tell. Reads go on.

All frames that wait while one group is being written form the next group: one write, one sync, in
a thread of its own (`segment_log` has the files, `journal_segment` the bytes). So there is never
more than one group that a power cut can tear, and none of it was acknowledged.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import attrs

from hybrid_dex.defaults.file_journal_reader import FileJournalReader
from hybrid_dex.defaults.file_system import FileSystem, LocalFileSystem
from hybrid_dex.defaults.journal_segment import (
    HEADER_BYTES,
    LENGTH_BYTES,
    MOST_VERSIONS_BYTES,
    RECORD_BYTES,
)
from hybrid_dex.defaults.segment_log import Recovery, Segment, SegmentLog
from hybrid_dex.errors import (
    ConfigurationError,
    FencedError,
    InDoubtError,
    JournalError,
    JournalFullError,
    UnavailableError,
)
from hybrid_dex.interfaces.journal import JournalCapabilities
from hybrid_dex.model.frame import HASH_BYTES

__all__ = ["FileJournal", "FileJournalOptions", "Recovery"]

_log: Final = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class FileJournalOptions:
    """How a `FileJournal` writes.

    Attributes:
        segment_bytes: length of a segment file.
        max_frame_bytes: the largest frame.
        max_depth: how many appends may wait for their acknowledgement.
    """

    segment_bytes: int = attrs.field(default=64 << 20, validator=attrs.validators.ge(1024))
    max_frame_bytes: int = attrs.field(default=1 << 20, validator=attrs.validators.ge(64))
    max_depth: int = attrs.field(default=256, validator=attrs.validators.ge(1))

    def __attrs_post_init__(self) -> None:
        room = self.segment_bytes - HEADER_BYTES - RECORD_BYTES
        if self.max_frame_bytes > room:
            raise ConfigurationError(
                f"a segment of {self.segment_bytes} bytes can not hold a frame of "
                f"{self.max_frame_bytes}; raise segment_bytes or lower max_frame_bytes to {room}"
            )


@attrs.define(kw_only=True)
class _Waiting:
    frame: bytes
    position: int
    done: "asyncio.Future[int]"


class FileJournal:
    """One journal in one directory, with one writer.

    Args:
        directory: where it lives; made when it is missing.
        options: sizes.
        files: the disk; another one in tests.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        options: FileJournalOptions | None = None,
        files: FileSystem | None = None,
    ) -> None:
        self._directory = Path(directory)
        self._options = options or FileJournalOptions()
        self._disk = files or LocalFileSystem()
        self._files = SegmentLog(
            self._directory, segment_bytes=self._options.segment_bytes, files=self._disk
        )
        self._accepted = 0
        self._durable = 0
        self._waiting: deque[_Waiting] = deque()
        self._writing: list[_Waiting] = []
        self._broken: str | None = "the journal is not open"
        self._idle = asyncio.Event()
        self._advanced = asyncio.Event()
        self._writer: ThreadPoolExecutor | None = None
        self._preparation: asyncio.Future[None] | None = None
        self._recovery = Recovery(head=0, segments=0)

    @property
    def capabilities(self) -> JournalCapabilities:
        """One machine's disk: durable on acknowledgement, not replicated."""
        return JournalCapabilities(
            replicated=False,
            durable_on_ack=True,
            max_frame_bytes=self._options.max_frame_bytes,
            max_depth=self._options.max_depth,
        )

    @property
    def recovery(self) -> Recovery:
        """What `open` found and did."""
        return self._recovery

    # ------------------------------------------------------------------ opening and closing

    async def open(self) -> None:
        """Take the lock, recover the tail, and be ready.

        Raises:
            CorruptJournalError: a damaged record or segment that no crash explains.
            UnavailableError: another process holds the journal, or the disk fails.
        """
        if self._writer is not None:
            raise ConfigurationError(f"the journal {self._directory} is open already")
        writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        loop = asyncio.get_running_loop()
        opening = loop.run_in_executor(writer, self._files.open)
        try:
            self._recovery = await asyncio.shield(opening)
        except asyncio.CancelledError:  # the thread takes the lock all the same
            await asyncio.wait([opening])
            self._files.close()
            writer.shutdown(wait=False)
            raise
        except BaseException as error:
            writer.shutdown(wait=False)
            if isinstance(error, OSError):
                raise UnavailableError(
                    f"the journal {self._directory} can not be opened: {error}"
                ) from error
            raise
        self._writer = writer
        self._accepted = self._durable = self._recovery.head
        self._idle = asyncio.Event()
        self._idle.set()
        self._advanced = asyncio.Event()
        self._broken = None

    async def close(self) -> None:
        """Write what waits, and release everything. Safe to call twice."""
        if self._writer is None:
            return
        self._broken = self._broken or "the journal is closed"
        await self._idle.wait()
        if self._preparation is not None:
            await asyncio.wait([self._preparation])
        self._advanced.set()
        self._writer.shutdown(wait=True)
        self._writer = None
        self._files.close()

    async def verify_durability(self) -> None:
        """Sync the newest segment. Raises `UnavailableError` when the disk refuses."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._ready(), self._files.sync)
        except OSError as error:
            self._stop(f"the disk refused to sync: {error}")
            raise UnavailableError(str(self._broken)) from error

    async def begin_segment(self, versions: str) -> None:
        """Let the next frame stand in a segment of these versions, a new one where they differ.

        What the header of a small segment has no room for is left out of the versions' text.

        Raises:
            UnavailableError: the journal is not open, or appends are in flight.
            JournalFullError: a new segment finds no space.
        """
        room = self._options.segment_bytes - HEADER_BYTES - RECORD_BYTES
        room = min(room - self._options.max_frame_bytes - LENGTH_BYTES, MOST_VERSIONS_BYTES)
        named = versions.encode()[: max(0, room)].decode(errors="ignore")
        writer = self._ready()
        if self._writing:
            raise UnavailableError("appends are in flight; versions change before the first one")
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(writer, self._files.begin_versions, named)
        except OSError as error:
            message = f"a new segment of the journal can not be made: {error}"
            raise JournalFullError(message) from error

    # ------------------------------------------------------------------------------ writing

    def append(self, expected: int, frame: bytes) -> Awaitable[int]:
        """Append at position ``expected`` + 1; resolves to that position once synced.

        Raises, when awaited:
            FencedError: the head is another one.
            JournalFullError: the frame is too large, or a new segment finds no space; nothing
                was written, and a later append may succeed.
            InDoubtError: writing or syncing it failed. It may be found after a restart; nothing is
                written until the journal is reopened.
            UnavailableError: it was not written, and is not until the journal is reopened.
        """
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        in_flight = len(self._waiting) + len(self._writing)
        if self._broken is not None:
            done.set_exception(UnavailableError(self._broken))
        elif len(frame) > self._options.max_frame_bytes or len(frame) < HASH_BYTES:
            limits = f"{HASH_BYTES} to {self._options.max_frame_bytes}"
            done.set_exception(
                JournalFullError(f"a frame has {limits} bytes, this one has {len(frame)}")
            )
        elif expected != self._accepted:
            done.set_exception(FencedError(self._accepted))
        elif in_flight >= self._options.max_depth:
            done.set_exception(
                UnavailableError(f"{in_flight} appends are in flight, as many as there may be")
            )
        else:
            self._accepted += 1
            self._waiting.append(_Waiting(frame=frame, position=self._accepted, done=done))
            if not self._writing:
                self._start_group()
        return done

    def _start_group(self) -> None:
        assert self._writer is not None
        assert not self._writing
        self._idle.clear()
        self._writing = list(self._waiting)
        self._waiting.clear()
        frames = [item.frame for item in self._writing]
        self._writer.submit(self._write_group, frames, asyncio.get_running_loop())

    def _write_group(self, frames: list[bytes], loop: asyncio.AbstractEventLoop) -> None:
        """Write frames, in the writing thread, and tell the event loop: nobody waits in between."""
        error: JournalError | None
        try:
            written, error = self._files.write(frames)
        except Exception as unforeseen:  # noqa: BLE001 # whatever it is, its callers wait
            written, error = 0, InDoubtError(f"{self._directory}: {unforeseen!r}")
        with contextlib.suppress(RuntimeError):  # the loop ended without closing the journal
            loop.call_soon_threadsafe(self._finish_group, written, error)

    def _finish_group(self, written: int, error: JournalError | None) -> None:
        group, self._writing = self._writing, []
        self._durable += written
        for item in group[:written]:
            if not item.done.done():
                item.done.set_result(item.position)
        if written:
            self._advanced.set()
            self._advanced = asyncio.Event()
        if error is not None:
            self._refuse(group[written:], error)
        elif self._waiting:
            self._start_group()
        if not self._writing:
            self._idle.set()
        if self._broken is None and self._preparation is None and self._files.wants_preparation:
            loop = asyncio.get_running_loop()
            self._preparation = loop.run_in_executor(None, self._files.prepare)
            self._preparation.add_done_callback(self._finish_preparation)

    def _refuse(self, lost: list[_Waiting], error: JournalError) -> None:
        """Acknowledge none of these, nor what waits, of which nothing was written.

        Only a full disk, found before writing, is no reason to stop.
        """
        untouched = error
        if not isinstance(error, JournalFullError):
            self._stop(str(error))
            untouched = UnavailableError(self._broken or "")
        failures = [(item, error) for item in lost] + [(item, untouched) for item in self._waiting]
        self._waiting.clear()
        self._accepted = self._durable
        for item, failure in failures:
            if not item.done.done():
                item.done.set_exception(type(failure)(*failure.args))

    def _finish_preparation(self, outcome: "asyncio.Future[None]") -> None:
        self._preparation = None
        if (error := outcome.exception()) is not None:
            _log.warning("%s: the next segment can not be prepared: %s", self._directory, error)

    def _stop(self, reason: str) -> None:
        self._broken = (
            f"the journal stopped: {reason}. Nothing more is acknowledged; repair the disk and "
            "restart"
        )
        _log.critical("%s: %s", self._directory, self._broken)

    def _ready(self) -> ThreadPoolExecutor:
        if self._writer is None or self._broken is not None:
            raise UnavailableError(self._broken or "the journal is not open")
        return self._writer

    # ------------------------------------------------------------------------------ reading

    def reader(self) -> FileJournalReader:
        """Return what reads this directory from another process, without the lock."""
        return FileJournalReader(self._directory, files=self._disk)

    async def head(self) -> int:
        """Return the last synced position, 0 when empty."""
        return self._durable

    async def read_at(self, position: int) -> bytes | None:
        """Return the synced frame at a position; ``None`` when there is none, or it is trimmed."""
        if not 1 <= position <= self._durable:
            return None
        segment = self._files.segment_of(position)
        if segment is None:
            return None
        return (await self._load(segment, position, position))[0]

    async def read(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield every synced frame after a position, then end.

        Raises:
            JournalError: the frames right after it are trimmed.
            CorruptJournalError: a record no longer reads as it was written.
            UnavailableError: the disk can not be read.
        """
        upto = self._durable
        position = max(after, 0) + 1
        while position <= upto:
            segment = self._files.segment_of(position)
            if segment is None:
                raise JournalError(f"record {position} of {self._directory} is trimmed")
            for frame in await self._load(segment, position, upto):
                yield position, frame
                position += 1

    async def _load(self, segment: Segment, first: int, upto: int) -> list[bytes]:
        try:
            return await asyncio.to_thread(self._files.read, segment, first, upto)
        except OSError as error:
            raise UnavailableError(f"{segment.path} can not be read: {error}") from error

    async def follow(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield every synced frame after a position, and new ones until the journal closes."""
        position = max(after, 0)
        while True:
            advanced = self._advanced
            async for number, frame in self.read(position):
                position = number
                yield number, frame
            if self._broken is not None:
                return
            if position >= self._durable:
                await advanced.wait()

    # ----------------------------------------------------------------------------- trimming

    async def trim(self, upto: int) -> None:
        """Forget whole segments that end at or below a position; the newest always stays."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._ready(), self._files.trim, min(upto, self._durable))
        except OSError as error:
            raise UnavailableError(f"the journal can not be trimmed: {error}") from error
