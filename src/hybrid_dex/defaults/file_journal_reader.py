"""FileJournalReader: a journal's directory, read by another process than its writer.

It takes no lock and changes nothing, so it may look at a running exchange. It must tell the end of
the journal, where a group may just be written, from damage: what a torn write behind the last good
record of the newest segment explains is the end, anything else that is not a record is damage. It may
see a group that is written and not synced yet, which nobody was told of.

Reading blocks: it is for a process of its own.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from hybrid_dex.defaults.file_system import FileSystem, LocalFileSystem
from hybrid_dex.defaults.journal_segment import (
    MANIFEST,
    RECORD_BYTES,
    Header,
    Scan,
    damage_at,
    frame_at,
    parse_header,
    parse_manifest,
    scan,
    seed_of,
)
from hybrid_dex.errors import CorruptJournalError, JournalError, UnavailableError
from hybrid_dex.model.frame import GENESIS_HASH, HASH_BYTES

__all__ = ["FileJournalReader", "FoundSegment", "Record"]

_SUFFIX: Final = ".segment"
_NAME: Final = re.compile(r"[0-9]{20}\.segment")
_LOOKS: Final = 3
"""How often damage is looked at before it is believed: the writer may be writing there."""


@attrs.frozen(kw_only=True)
class Record:
    """One frame and where it stands."""

    position: int
    path: Path
    offset: int
    frame: bytes


@attrs.frozen(kw_only=True)
class FoundSegment:
    """One segment file.

    Attributes:
        path: the file.
        header: its first bytes, or what is wrong with them.
        scan: what it holds; ``None`` without a header.
        content: its bytes.
    """

    path: Path
    header: Header | str
    scan: Scan | None
    content: bytes = attrs.field(repr=False)

    def frame(self, offset: int) -> bytes:
        """Return the frame of the good record at an offset."""
        assert isinstance(self.header, Header)
        record = frame_at(self.content, offset, seed_of(self.header))
        assert record is not None, "the scan found it good"
        return record[2]


class FileJournalReader:
    """The records of one directory.

    Args:
        directory: where the journal lives.
        files: the disk; another one in tests.
    """

    def __init__(self, directory: Path | str, *, files: FileSystem | None = None) -> None:
        self._directory = Path(directory)
        self._files = files or LocalFileSystem()

    def paths(self) -> list[Path]:
        """Return the segment files, oldest first.

        Raises:
            UnavailableError: there is no such directory, it can not be read, or a file in it has a
                segment's ending and no segment's name.
        """
        try:
            names = self._files.names(self._directory)
        except OSError as error:
            raise UnavailableError(f"{self._directory} can not be read: {error}") from error
        found = [name for name in names if name.endswith(_SUFFIX)]
        for name in found:
            if not _NAME.fullmatch(name):
                raise UnavailableError(
                    f"{self._directory / name} is no segment: one is named by its first record, in "
                    "20 digits; give it its name back, or move it elsewhere"
                )
        return [self._directory / name for name in found]

    def oldest(self, paths: Sequence[Path]) -> int:
        """Return the first record of these segments, listed before; 1 of none.

        Raises `CorruptJournalError` when older ones are missing: a trim names in the manifest what it
        keeps before it removes anything.
        """
        oldest, _ = self.named()
        if not paths:
            return 1
        if paths[0].name > oldest:
            raise CorruptJournalError(str(paths[0].with_name(oldest)), 0, "the segment is missing")
        return int(paths[0].name.removesuffix(_SUFFIX))

    def segment(self, path: Path, *, newest: bool) -> FoundSegment:
        """Return what one file holds. O(its bytes). Raises `UnavailableError`."""
        found = self._segment(path)
        for _ in range(_LOOKS if newest else 0):
            if found.scan is None or found.scan.damage is None:
                break
            found = self._segment(path)
        return found

    def _segment(self, path: Path) -> FoundSegment:
        content = self._content(path)
        header = parse_header(content)
        found = None if isinstance(header, str) else scan(content, header)
        return FoundSegment(path=path, header=header, scan=found, content=content)

    def named(self) -> tuple[str, str]:
        """Return the names of the oldest and the newest segment by the manifest.

        Without one, of a journal that was never trimmed, and an empty text. Raises
        `CorruptJournalError`, `UnavailableError`.
        """
        path = self._directory / MANIFEST
        if MANIFEST not in self._files.names(self._directory):
            return _name(1), ""
        named = parse_manifest(self._content(path))
        if isinstance(named, str):
            raise CorruptJournalError(str(path), 0, named)
        return _name(named[0]), _name(named[1])

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield every record after a position, up to the newest one that is whole.

        Raises:
            JournalError: the records right after it are trimmed.
            CorruptJournalError: a bad or missing record with others behind it.
            UnavailableError: a file can not be read.
        """
        expected, known = max(after, 0) + 1, b"" if after > 0 else GENESIS_HASH
        looked, looks = expected, 0
        while (path := self._holder(expected)) is not None:
            content = self._content(path)
            header = parse_header(content)
            if isinstance(header, str):
                raise CorruptJournalError(str(path), 0, header)
            if known and header.first == expected and header.previous != known:
                raise CorruptJournalError(
                    str(path), 0, "it does not continue the segment before it"
                )
            offset, seed, position = header.size, seed_of(header), header.first
            while (record := frame_at(content, offset, seed)) is not None:
                if record[0] != position:
                    reason = f"record {record[0]} stands where record {position} belongs"
                    raise CorruptJournalError(str(path), offset, reason)
                if position == expected:
                    known = record[2][-HASH_BYTES:]
                    expected += 1
                    yield Record(position=position, path=path, offset=offset, frame=record[2])
                offset += RECORD_BYTES + len(record[2])
                position += 1
            damage = damage_at(content, offset, position, seed)
            if self._is_last(path) and (damage is None or damage.torn):
                return
            looked, looks = expected, looks + 1 if looked == expected else 1
            if looks == _LOOKS:
                reason = f"record {position} is missing" if damage is None else damage.reason
                raise CorruptJournalError(str(path), offset, reason)

    def _is_last(self, path: Path) -> bool:
        """Whether no segment follows this one. Raises `CorruptJournalError` when one should."""
        newest = self.named()[1]  # looked at first: a segment is there before it is named
        last = self.paths()[-1]
        if last.name < newest:
            raise CorruptJournalError(str(path.with_name(newest)), 0, "the segment is missing")
        return last == path

    def _holder(self, position: int) -> Path | None:
        """Return the file that a position stands in, or should; ``None`` in an empty journal."""
        paths = self.paths()
        starts = [int(path.name.removesuffix(_SUFFIX)) for path in paths]
        if not paths:
            return None
        if starts[0] > position:
            raise JournalError(
                f"record {position} of {self._directory} is trimmed; the first is {starts[0]}"
            )
        return paths[max(index for index, start in enumerate(starts) if start <= position)]

    def _content(self, path: Path) -> bytes:
        try:
            descriptor = self._files.open(path, create=False, write=False)
            try:
                return self._files.read(descriptor, 0, self._files.size(descriptor))
            finally:
                self._files.close(descriptor)
        except FileNotFoundError as error:
            raise JournalError(f"{path} was trimmed while it was read; begin again") from error
        except OSError as error:
            raise UnavailableError(f"{path} can not be read: {error}") from error

    # -------------------------------------------------------------------- as a `JournalReader`

    async def head(self) -> int:
        """Return the last position, 0 when empty. O(the newest segment)."""
        paths = self.paths()
        position = 0
        if paths:
            position = int(paths[-1].name.removesuffix(_SUFFIX)) - 1
            for record in self.records(position):
                position = record.position
        return position

    async def read_at(self, position: int) -> bytes | None:
        """Return the frame at a position; ``None`` when there is none, or it is trimmed."""
        paths = self.paths()
        if position < 1 or not paths or int(paths[0].name.removesuffix(_SUFFIX)) > position:
            return None
        record = next(self.records(position - 1), None)
        return None if record is None else record.frame

    async def read(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield every frame after a position, then end. Raises as `records`."""
        for record in self.records(after):
            yield record.position, record.frame


def _name(first: int) -> str:
    """Return the name of the segment that begins at a position."""
    return f"{first:020d}{_SUFFIX}"
