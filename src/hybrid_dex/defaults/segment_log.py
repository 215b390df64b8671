"""SegmentLog: the files of a `FileJournal`, in order, on one disk.

Synchronous, for one writing thread; reading may happen in others. It never repairs what no crash
explains: a torn tail is cut, everything else is refused with file and offset.

    directory/00000000000000000001.segment      named by its first position
    directory/prepared.new                      the next segment, filled with zeros ahead of time
    directory/manifest                          first kept and newest segment
    directory/lock                              held by the one writer, by flock(2)

A new segment appears by rename only after its header and zeros are synced; the manifest names it
after that. A segment below the manifest's first one is what a trim that was cut short left.
"""

import contextlib
import logging
import threading
import time
from bisect import bisect_right
from pathlib import Path
from typing import Final

import attrs

from hybrid_dex.defaults.file_system import FileSystem
from hybrid_dex.defaults.journal_segment import (
    MANIFEST,
    RECORD_BYTES,
    Header,
    Scan,
    encode_header,
    encode_manifest,
    encode_record,
    frame_at,
    parse_header,
    parse_manifest,
    scan,
    seed_of,
)
from hybrid_dex.errors import (
    CorruptJournalError,
    InDoubtError,
    JournalError,
    JournalFullError,
    UnavailableError,
)
from hybrid_dex.model.frame import GENESIS_HASH, HASH_BYTES

__all__ = ["Recovery", "Segment", "SegmentLog"]

_log: Final = logging.getLogger(__name__)
_CHUNK_BYTES: Final = 1 << 20
_SUFFIX: Final = ".segment"
_PREPARED: Final = "prepared.new"
_LOCK_ATTEMPTS: Final = 20
_LOCK_WAIT_S: Final = 0.05


@attrs.frozen(kw_only=True)
class Recovery:
    """What opening a journal found.

    Attributes:
        head: the last good position.
        segments: how many segment files there are.
        cut_path: the file whose torn tail was cut, or ``None``.
        cut_offset: where it was cut.
        reason: what stood there, in words.
    """

    head: int
    segments: int
    cut_path: Path | None = None
    cut_offset: int = 0
    reason: str = ""


@attrs.define(kw_only=True)
class Segment:
    """One file, as far as it is good: where each record begins, where the next one goes."""

    path: Path
    first: int
    capacity: int
    seed: int
    end: int
    offsets: list[int]

    @property
    def next(self) -> int:
        """The position after its last record."""
        return self.first + len(self.offsets)


class SegmentLog:
    """The segments of one directory.

    Args:
        directory: where they live; made when it is missing.
        segment_bytes: length of a new segment.
        files: the disk.
    """

    def __init__(self, directory: Path, *, segment_bytes: int, files: FileSystem) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._files = files
        self._segments: list[Segment] = []
        self._descriptor = -1
        self._lock = -1
        self._last_hash = GENESIS_HASH
        self._versions = ""
        self._prepared = False
        self._preparing = threading.Lock()
        # Whether a segment got its name and is not begun: then nothing goes to the one before it.
        self._owed = False
        self._named: tuple[Header, int] | None = None

    def open(self) -> Recovery:
        """Take the lock, check every record, cut a torn tail.

        Raises:
            CorruptJournalError: damage that no crash explains.
            UnavailableError: another process holds the lock.
            OSError: the disk fails.
        """
        try:
            return self._recover()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Release descriptor and lock. Safe to call twice."""
        named = -1 if self._named is None else self._named[1]
        for descriptor in (self._descriptor, named, self._lock):
            if descriptor >= 0:
                self._files.close(descriptor)
        self._descriptor = self._lock = -1
        self._owed, self._named = False, None

    def sync(self) -> None:
        """Sync the newest segment. Raises `OSError`."""
        self._files.sync(self._descriptor)

    # ------------------------------------------------------------------------------ writing

    def write(self, frames: list[bytes]) -> tuple[int, JournalError | None]:
        """Write and sync; return how many frames are durable, and why not all of them."""
        written = 0
        while written < len(frames):
            segment = self._segments[-1]
            full = segment.end + RECORD_BYTES + len(frames[written]) > segment.capacity
            if full or self._owed:
                try:
                    self._begin_segment(segment.next, self._last_hash)
                except OSError as error:
                    refusal = f"a new segment of the journal can not be made: {error}"
                    return written, JournalFullError(refusal)
                continue
            try:
                written += self._write_records(segment, frames[written:])
            except OSError as error:
                return written, InDoubtError(f"{segment.path}: {error}")
        return written, None

    def _write_records(self, segment: Segment, frames: list[bytes]) -> int:
        group = segment.next
        records: list[bytes] = []
        offsets: list[int] = []
        end = segment.end
        for frame in frames:
            if end + RECORD_BYTES + len(frame) > segment.capacity:
                break
            offsets.append(end)
            records.append(encode_record(segment.seed, group + len(records), group, frame))
            end += len(records[-1])
        self._files.write(self._descriptor, segment.end, b"".join(records))
        self._files.sync(self._descriptor)
        segment.offsets.extend(offsets)
        segment.end = end
        self._last_hash = records[-1][-HASH_BYTES:]
        return len(records)

    def begin_versions(self, versions: str) -> None:
        """Let what is written from now on stand in a segment that names these versions.

        Raises:
            OSError: no segment can be made; nothing was begun under these versions.
        """
        segment, before = self._segments[-1], self._versions
        if versions == before:
            return
        self._versions = versions
        try:
            self._begin_segment(segment.next, self._last_hash)
        except OSError:
            self._versions = before
            raise

    def _begin_segment(self, first: int, previous: bytes) -> None:
        """Make a zero-filled segment durable under its name, then write to it.

        One that has its name and could not be begun, as the disk was full, is begun by the next try.
        Nobody may make the next one ready meanwhile: it would have the name that this one still has.
        """
        with self._preparing:
            capacity = self._segment_bytes
            header = Header(
                first=first, capacity=capacity, previous=previous, versions=self._versions
            )
            path = self._segment_path(first)
            if self._named is None or self._named[0] != header:
                self._name_prepared(header, path)
            assert self._named is not None
            self._files.sync_directory(self._directory)
            base = self._segments[0].first if self._segments else first
            self._write_manifest(base, first)
            if self._descriptor >= 0:
                self._files.close(self._descriptor)
            self._descriptor = self._named[1]
            self._owed, self._named = False, None
            if self._segments and self._segments[-1].first == first:
                self._segments.pop()  # it was empty, and its file has given way to this one
            self._segments.append(
                Segment(
                    path=path,
                    first=first,
                    capacity=capacity,
                    seed=seed_of(header),
                    end=header.size,
                    offsets=[],
                )
            )

    def _name_prepared(self, header: Header, path: Path) -> None:
        """Give the zeros that are ready a header and a segment's name, in place of an earlier try."""
        self._prepare()
        if self._named is not None:
            self._files.close(self._named[1])
            self._named = None
        temporary, descriptor = self._directory / _PREPARED, -1
        self._prepared = False
        try:
            descriptor = self._files.open(temporary, create=False)
            self._files.write(descriptor, 0, encode_header(header))
            self._files.sync(descriptor)
            self._owed = True
            self._files.rename(temporary, path)
        except OSError:
            if descriptor >= 0:
                self._files.close(descriptor)
            raise
        self._named = header, descriptor

    @property
    def wants_preparation(self) -> bool:
        """Whether the newest segment is more than half full and the next is not made yet."""
        segment = self._segments[-1]
        return not self._prepared and 2 * segment.end > segment.capacity

    def prepare(self) -> None:
        """Make the next segment's zeros durable; nothing happens when they are. Any thread."""
        with self._preparing:
            self._prepare()

    def _prepare(self) -> None:
        if self._prepared:
            return
        temporary = self._directory / _PREPARED
        descriptor = self._files.open(temporary, create=True)
        try:
            self._fill(descriptor, 0, self._segment_bytes)
            self._files.sync(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                self._files.remove(temporary)
            raise
        finally:
            self._files.close(descriptor)
        self._prepared = True

    def _fill(self, descriptor: int, start: int, end: int) -> None:
        for offset in range(start, end, _CHUNK_BYTES):
            self._files.write(descriptor, offset, bytes(min(_CHUNK_BYTES, end - offset)))

    def _write_manifest(self, base: int, newest: int) -> None:
        temporary = self._directory / f"{MANIFEST}.new"
        descriptor = self._files.open(temporary, create=True)
        try:
            self._files.write(descriptor, 0, encode_manifest(base, newest))
            self._files.sync(descriptor)
        finally:
            self._files.close(descriptor)
        self._files.rename(temporary, self._directory / MANIFEST)
        self._files.sync_directory(self._directory)

    # ----------------------------------------------------------------------------- recovery

    def _recover(self) -> Recovery:
        self._files.make_directory(self._directory)
        lock = self._take_lock()
        if lock is None:
            raise UnavailableError(
                f"another process writes the journal {self._directory}; stop it first"
            )
        self._lock = lock
        self._prepared = False
        self._segments = []
        self._last_hash = GENESIS_HASH
        self._versions = ""
        names = self._files.names(self._directory)
        for name in names:
            if name.endswith(".new"):
                self._files.remove(self._directory / name)
        base, newest = self._read_manifest(MANIFEST in names)
        paths = [self._directory / name for name in names if name.endswith(_SUFFIX)]
        paths = self._forget_trimmed(paths, base)
        if not paths:
            if newest:
                raise CorruptJournalError(
                    str(self._segment_path(newest)), 0, "the segment is missing"
                )
            self._begin_segment(1, GENESIS_HASH)
            return Recovery(head=0, segments=1)
        recovery = [self._load(path, base, last=path is paths[-1]) for path in paths][-1]
        last = self._segments[-1]
        if last.first < newest:
            raise CorruptJournalError(str(self._segment_path(newest)), 0, "the segment is missing")
        if last.first > newest:
            self._write_manifest(self._segments[0].first, last.first)
        else:
            self._files.sync_directory(self._directory)  # who wrote the names may have failed to
        return recovery

    def _take_lock(self) -> int | None:
        """Take the lock; wait for what a killed writer's unborn child may still hold for a moment."""
        for _ in range(_LOCK_ATTEMPTS):
            lock = self._files.lock(self._directory / "lock")
            if lock is not None:
                return lock
            time.sleep(_LOCK_WAIT_S)
        return None

    def _segment_path(self, first: int) -> Path:
        return self._directory / f"{first:020d}{_SUFFIX}"

    def _read_manifest(self, there: bool) -> tuple[int, int]:  # noqa: FBT001 # private, one caller
        if not there:
            return 1, 0
        path = self._directory / MANIFEST
        named = parse_manifest(self._read_file(path))
        if isinstance(named, str):
            raise CorruptJournalError(str(path), 0, named)
        return named

    def _forget_trimmed(self, paths: list[Path], base: int) -> list[Path]:
        """Remove segments below the manifest's base: a trim that was cut short.

        What has another name than ours is somebody's, and stays, to be refused.
        """
        first, kept = self._segment_path(base).name, []
        for path in paths:
            ours = len(path.name) == len(first) and path.stem.isdecimal()
            if ours and path.name < first:
                self._files.remove(path)
            else:
                kept.append(path)
        return kept

    def _load(self, path: Path, base: int, *, last: bool) -> Recovery:
        """Check one segment against the ones before it, and cut its torn tail when it is last."""
        content = self._read_file(path)
        header = parse_header(content)
        if isinstance(header, str):
            raise CorruptJournalError(str(path), 0, header)
        expected = self._segments[-1].next if self._segments else base
        if path.name != self._segment_path(header.first).name:
            reason = f"it holds the segment that begins at record {header.first}"
            raise CorruptJournalError(str(path), 0, reason)
        if header.first != expected:
            reason = f"it begins at record {header.first} and record {expected} is missing"
            raise CorruptJournalError(str(path), 0, reason)
        if (self._segments or base == 1) and header.previous != self._last_hash:
            raise CorruptJournalError(str(path), 0, "it does not continue the segment before it")
        found = scan(content, header)
        if found.damage is not None and not (found.damage.torn and last):
            raise CorruptJournalError(str(path), found.damage.offset, found.damage.reason)
        self._last_hash = content[found.end - HASH_BYTES : found.end]
        if not found.offsets:
            self._last_hash = header.previous
        segment = Segment(
            path=path,
            first=header.first,
            capacity=header.capacity,
            seed=seed_of(header),
            end=found.end,
            offsets=list(found.offsets),
        )
        self._segments.append(segment)
        self._versions = header.versions
        if last:
            self._descriptor = self._files.open(path, create=False)
            self._cut(content, segment, found)
        damage = found.damage
        return Recovery(
            head=segment.next - 1,
            segments=len(self._segments),
            cut_path=path if damage else None,
            cut_offset=damage.offset if damage else 0,
            reason=damage.reason if damage else "",
        )

    def _cut(self, content: bytes, segment: Segment, found: Scan) -> None:
        """Zero everything behind the last whole record, and give the file its full length back."""
        if found.damage is not None:
            _log.warning(
                "%s: torn tail cut at byte %d (%s); it was never acknowledged",
                segment.path,
                found.end,
                found.damage.reason,
            )
        elif len(content) >= segment.capacity:
            return
        self._fill(self._descriptor, found.end, max(segment.capacity, len(content)))
        self._files.sync(self._descriptor)

    def _read_file(self, path: Path) -> bytes:
        descriptor = self._files.open(path, create=False, write=False)
        try:
            return self._files.read(descriptor, 0, self._files.size(descriptor))
        finally:
            self._files.close(descriptor)

    # -------------------------------------------------------------------- reading, trimming

    def segment_of(self, position: int) -> Segment | None:
        """Return the segment that may hold a position; ``None`` when it is trimmed."""
        index = bisect_right(self._segments, position, key=lambda segment: segment.first) - 1
        return self._segments[index] if index >= 0 else None

    def read(self, segment: Segment, first: int, upto: int) -> list[bytes]:
        """Return frames ``first`` to at most ``upto`` of a segment, about a chunk of them.

        Raises:
            CorruptJournalError: a record no longer reads as it was written.
            OSError: the disk fails.
        """
        index = first - segment.first
        stop = min(upto - segment.first + 1, len(segment.offsets))
        start = segment.offsets[index]
        last = bisect_right(segment.offsets, start + _CHUNK_BYTES, index + 1, stop)
        end = segment.offsets[last] if last < len(segment.offsets) else segment.end
        descriptor = self._files.open(segment.path, create=False, write=False)
        try:
            content = self._files.read(descriptor, start, end - start)
        finally:
            self._files.close(descriptor)
        frames: list[bytes] = []
        for offset in segment.offsets[index:last]:
            record = frame_at(content, offset - start, segment.seed)
            if record is None or record[0] != first + len(frames):
                raise CorruptJournalError(str(segment.path), offset, "it changed after its sync")
            frames.append(record[2])
        return frames

    def trim(self, upto: int) -> None:
        """Remove whole segments that end at or below a position; the newest stays."""
        kept = [segment for segment in self._segments[:-1] if segment.next - 1 > upto]
        kept.append(self._segments[-1])
        gone = self._segments[: len(self._segments) - len(kept)]
        if not gone:
            return
        self._write_manifest(kept[0].first, kept[-1].first)
        self._segments = kept
        for segment in gone:
            self._files.remove(segment.path)
        self._files.sync_directory(self._directory)
