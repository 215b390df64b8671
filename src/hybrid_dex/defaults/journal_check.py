"""JournalCheck: is a journal whole? Every byte of every record, without lock and without change.

What a start checks is checked here too - headers, checksums, positions, the manifest - and what only
a replay would notice: that every frame continues the one before it, that commands are numbered
without a gap, that time and epochs never go back. It reads a running exchange's journal as well.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import attrs

from hybrid_dex.defaults.file_journal_reader import FileJournalReader, FoundSegment
from hybrid_dex.defaults.journal_segment import Header
from hybrid_dex.errors import CorruptJournalError, HybridDexError
from hybrid_dex.model.frame import GENESIS_HASH, HASH_BYTES, Frame, FrameKind, decode_frame

__all__ = ["CheckedSegment", "JournalCheck", "check_journal"]


@attrs.frozen(kw_only=True)
class CheckedSegment:
    """One segment file.

    Attributes:
        path: the file.
        first: the position of its first record; 0 when its header can not be read.
        records: how many good records it holds.
        used: bytes in use.
        versions: what its header names; of one without, what its epochs name.
    """

    path: Path
    first: int
    records: int
    used: int
    versions: str


@attrs.define(kw_only=True)
class JournalCheck:
    """What was found.

    Attributes:
        segments: the files, oldest first, up to the first bad one.
        first: the oldest record that is kept; more than 1 when the journal was trimmed.
        head: the newest good record; 0 when there is none.
        frame_hash: its chain hash.
        commands: how many commands the records hold.
        sequence: the newest command.
        at_ns: when it was stamped.
        epoch: the newest writer's term.
        versions: the newest epoch's.
        tail: what stands behind the head, in words: a write that was cut short, or goes on.
        bad: the first bad place, or ``None``.
    """

    segments: list[CheckedSegment] = attrs.field(factory=list)
    first: int = 0
    head: int = 0
    frame_hash: bytes = GENESIS_HASH
    commands: int = 0
    sequence: int = 0
    at_ns: int = 0
    epoch: int = 0
    tail: str = ""
    bad: CorruptJournalError | None = None
    versions: str = ""

    def take(self, path: Path, offset: int, position: int, raw: bytes) -> None:
        """Check one frame against the ones before it.

        Raises:
            CorruptJournalError: it does not follow.
        """
        try:
            frame = decode_frame(raw)
        except HybridDexError as error:
            raise CorruptJournalError(str(path), offset, f"record {position}: {error}") from error
        if frame.previous != self.frame_hash:
            reason = f"record {position} does not continue record {position - 1}"
            raise CorruptJournalError(str(path), offset, reason)
        self.first = self.first or position
        complaint = self._order(frame)
        if complaint:
            raise CorruptJournalError(str(path), offset, f"record {position}: {complaint}")
        self.head, self.frame_hash = position, raw[-HASH_BYTES:]
        self.epoch, self.at_ns = frame.epoch, max(self.at_ns, frame.at_ns)
        if frame.kind is FrameKind.EPOCH:
            self.versions = frame.note
        if frame.commands:
            self.commands += len(frame.commands)
            self.sequence = frame.commands[-1].sequence

    def _order(self, frame: Frame) -> str:
        """Return what is out of order, or an empty string."""
        if frame.epoch < self.epoch:
            return f"epoch {frame.epoch} follows epoch {self.epoch}"
        numbers: list[int] = [command.sequence for command in frame.commands]
        if self.commands or self.first == 1:  # else the journal is trimmed: any number may be first
            numbers.insert(0, self.sequence)
        for one, after in pairwise(numbers):
            if after != one + 1:
                return f"command {after} follows command {one}"
        times = [self.at_ns, *(command.at_ns for command in frame.commands)]
        if any(after < one for one, after in pairwise(times)):
            return "its time lies before the one of an earlier command"
        return ""


def check_journal(reader: FileJournalReader) -> JournalCheck:
    """Read everything.

    Raises:
        UnavailableError: there is no such directory, or the disk can not be read.
        JournalError: segments were trimmed meanwhile; begin again.
    """
    check = JournalCheck()
    paths = reader.paths()
    try:
        for path in paths:
            _check_segment(check, reader, path, newest=path == paths[-1])
        _check_manifest(reader, paths)
    except CorruptJournalError as error:
        check.bad = error
    return check


def _check_manifest(reader: FileJournalReader, paths: Sequence[Path]) -> None:
    """The segments that the manifest names are there; one that began meanwhile may be newer."""
    _, newest = reader.named()
    if newest and newest not in {path.name for path in reader.paths()}:
        raise CorruptJournalError(newest, 0, "the segment is missing: the manifest names it")
    reader.oldest(paths)


def _check_segment(
    check: JournalCheck, reader: FileJournalReader, path: Path, *, newest: bool
) -> None:
    found = reader.segment(path, newest=newest)
    if isinstance(found.header, str):
        raise CorruptJournalError(str(path), 0, found.header)
    header = found.header
    _check_place(check, path, header)
    scan = found.scan
    assert scan is not None
    for number, offset in enumerate(scan.offsets):
        position = header.first + number
        check.take(path, offset, position, found.frame(offset))
    check.head = max(check.head, header.first - 1 + len(scan.offsets))
    check.segments.append(_summary(check, path, header, found))
    damage = scan.damage
    if damage is not None and newest and damage.torn:
        check.tail = f"byte {damage.offset} of {path}: {damage.reason}"
    elif damage is not None:
        raise CorruptJournalError(str(path), damage.offset, damage.reason)


def _check_place(check: JournalCheck, path: Path, header: Header) -> None:
    if int(path.name.partition(".")[0]) != header.first:
        reason = f"it holds the segment that begins at record {header.first}"
        raise CorruptJournalError(str(path), 0, reason)
    if check.segments and header.first != check.head + 1:
        reason = f"it begins at record {header.first} and record {check.head + 1} is missing"
        raise CorruptJournalError(str(path), 0, reason)
    if (check.segments or header.first == 1) and header.previous != check.frame_hash:
        raise CorruptJournalError(str(path), 0, "it does not continue the segment before it")
    if not check.segments:
        check.frame_hash = header.previous


def _summary(
    check: JournalCheck, path: Path, header: Header, found: FoundSegment
) -> CheckedSegment:
    assert found.scan is not None
    return CheckedSegment(
        path=path,
        first=header.first,
        records=len(found.scan.offsets),
        used=found.scan.end,
        versions=header.versions or check.versions,
    )
