"""A disk in memory that forgets what was not synced, and fails when it is told to.

Content and directory entries are each kept twice: as the process sees them, and as they survive a
power cut. `power_cut` returns a disk as it might be found afterwards: any subset of the unsynced
sectors, each torn between any two words, and any subset of the unsynced directory changes.
"""

from __future__ import annotations

import errno
import random
import threading
from collections.abc import Callable
from pathlib import Path

import attrs

SECTOR_BYTES = 512
WORD_BYTES = 16
"""What a disk moves at once: a sector is torn between words, never inside one."""


@attrs.define
class File:
    """One file: what is seen, what survives, and what lies between."""

    seen: bytearray = attrs.field(factory=bytearray)
    kept: bytearray = attrs.field(factory=bytearray)
    unsynced: list[tuple[int, bytes]] = attrs.field(factory=list)

    def write(self, offset: int, content: bytes) -> None:
        """Change what is seen."""
        _put(self.seen, offset, content)
        end = offset + len(content)
        while offset < end:
            stop = min(end, offset - offset % SECTOR_BYTES + SECTOR_BYTES)
            self.unsynced.append((offset, bytes(self.seen[offset:stop])))
            offset = stop

    def sync(self) -> None:
        """Let it survive."""
        for offset, content in self.unsynced:
            _put(self.kept, offset, content)
        self.unsynced.clear()

    def after_power_cut(self, rng: random.Random) -> File:
        """Return the file with any of its unsynced sectors, in any state."""
        kept = bytearray(self.kept)
        share = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for offset, content in self.unsynced:
            if rng.random() < share:
                end = offset + len(content)
                if rng.random() < 0.2:
                    end = rng.randrange(offset, end + 1) // WORD_BYTES * WORD_BYTES
                _put(kept, offset, content[: max(0, end - offset)])
        return File(seen=bytearray(kept), kept=kept)


def _put(target: bytearray, offset: int, content: bytes) -> None:
    if content:
        target.extend(bytes(max(0, offset - len(target))))
        target[offset : offset + len(content)] = content


class SimulatedDisk:
    """A `FileSystem`. `before` is called with every operation and its path, and may raise."""

    def __init__(self) -> None:
        self.before: Callable[[str, Path], None] = lambda operation, path: None
        self.seen: dict[Path, File] = {}
        self.kept: dict[Path, File] = {}
        self.changes: list[dict[Path, File | None]] = []
        self.operations: list[str] = []
        self._open: dict[int, tuple[Path, File]] = {}
        self._locked: dict[int, Path] = {}
        self._next = 1_000
        self.guard = threading.RLock()

    def power_cut(self, rng: random.Random) -> SimulatedDisk:
        """Return a disk as it might be found after the power came back."""
        with self.guard:
            entries = dict(self.kept)
            share = rng.choice((0.0, 0.5, 1.0))
            for change in (change for change in self.changes if rng.random() < share):
                entries.update({path: file for path, file in change.items() if file is not None})
                for path in (path for path, file in change.items() if file is None):
                    entries.pop(path, None)
            found = SimulatedDisk()
            found.kept = {path: file.after_power_cut(rng) for path, file in entries.items()}
            found.seen = dict(found.kept)
            return found

    def _do(self, operation: str, path: Path) -> None:
        self.operations.append(operation)
        self.before(operation, path)

    def make_directory(self, path: Path) -> None:
        self._do("make_directory", path)

    def names(self, directory: Path) -> list[str]:
        with self.guard:
            return sorted(path.name for path in self.seen if path.parent == directory)

    def open(self, path: Path, *, create: bool, write: bool = True) -> int:
        with self.guard:
            self._do("create" if create else "open", path)
            if create:
                self.seen[path] = File()
                self.changes.append({path: self.seen[path]})
            elif path not in self.seen:
                raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
            self._next += 1
            self._open[self._next] = (path, self.seen[path])
            return self._next

    def close(self, descriptor: int) -> None:
        with self.guard:
            if self._locked.pop(descriptor, None) is None:
                del self._open[descriptor]

    def size(self, descriptor: int) -> int:
        return len(self._open[descriptor][1].seen)

    def read(self, descriptor: int, offset: int, size: int) -> bytes:
        path, file = self._open[descriptor]
        self._do("read", path)
        with self.guard:
            return bytes(file.seen[offset : offset + size])

    def write(self, descriptor: int, offset: int, content: bytes) -> None:
        path, file = self._open[descriptor]
        with self.guard:
            self._do("write", path)
            file.write(offset, content)

    def sync(self, descriptor: int) -> None:
        path, file = self._open[descriptor]
        self._do("sync", path)
        with self.guard:
            file.sync()

    def rename(self, source: Path, target: Path) -> None:
        with self.guard:
            self._do("rename", target)
            file = self.seen.pop(source)
            self.seen[target] = file
            for descriptor, (_, opened) in self._open.items():
                if opened is file:
                    self._open[descriptor] = (target, file)
            self.changes.append({target: file, source: None})  # atomic: both or neither

    def remove(self, path: Path) -> None:
        with self.guard:
            self._do("remove", path)
            if path not in self.seen:
                raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
            del self.seen[path]
            self.changes.append({path: None})

    def sync_directory(self, path: Path) -> None:
        self._do("sync_directory", path)
        with self.guard:
            self.kept = dict(self.seen)
            self.changes.clear()

    def lock(self, path: Path) -> int | None:
        with self.guard:
            self._do("lock", path)
            if path in self._locked.values():
                return None
            self.seen.setdefault(path, File())
            self._next += 1
            self._locked[self._next] = path
            return self._next
