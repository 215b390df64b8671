"""FileSystem: the few file operations that journal and snapshots stand on.

A seam, so that a test can record every operation, fail any of them, and cut the power between any
two. Nothing here retries or interprets an error: an `OSError` reaches the caller as it is.
"""

import errno
import fcntl
import os
from pathlib import Path
from typing import Final, Protocol

import attrs

__all__ = ["FileSystem", "LocalFileSystem"]

_FULL_SYNC: Final[int | None] = getattr(fcntl, "F_FULLFSYNC", None)
"""macOS has this instead of fdatasync; its fsync leaves what was written in the drive's cache."""


class FileSystem(Protocol):
    """What a durable log asks of a disk. Every method may raise `OSError`."""

    def make_directory(self, path: Path) -> None:
        """Make a directory and its parents, so that they survive a power cut; or find it there."""
        ...

    def names(self, directory: Path) -> list[str]:
        """Return the names of the files in a directory, sorted."""
        ...

    def open(self, path: Path, *, create: bool, write: bool = True) -> int:
        """Return a descriptor; a new or emptied file with ``create``."""
        ...

    def close(self, descriptor: int) -> None:
        """Close a descriptor."""
        ...

    def size(self, descriptor: int) -> int:
        """Return the file's length in bytes."""
        ...

    def read(self, descriptor: int, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes; fewer only at the end of the file."""
        ...

    def write(self, descriptor: int, offset: int, content: bytes) -> None:
        """Write everything, or raise with any prefix of it written."""
        ...

    def sync(self, descriptor: int) -> None:
        """Return once everything written to the file survives a power cut."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Replace ``target`` atomically."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file."""
        ...

    def sync_directory(self, path: Path) -> None:
        """Return once creations, renames and removals in it survive a power cut."""
        ...

    def lock(self, path: Path) -> int | None:
        """Return a descriptor that holds the only lock on a file, ``None`` when it is held."""
        ...


@attrs.frozen
class LocalFileSystem:
    """The machine's own disk."""

    def make_directory(self, path: Path) -> None:
        """Make a directory and its parents, so that they survive a power cut; or find it there."""
        missing = [one for one in (path, *path.parents) if not one.exists()]
        for one in reversed(missing):
            one.mkdir(exist_ok=True)
            self.sync_directory(one.parent)

    def names(self, directory: Path) -> list[str]:
        """Return the names of the files in a directory, sorted."""
        return sorted(entry.name for entry in os.scandir(directory) if entry.is_file())

    def open(self, path: Path, *, create: bool, write: bool = True) -> int:
        """Return a descriptor; a new or emptied file with ``create``."""
        flags = os.O_RDWR if write else os.O_RDONLY
        if create:
            flags |= os.O_CREAT | os.O_TRUNC
        return os.open(path, flags | os.O_CLOEXEC, 0o640)

    def close(self, descriptor: int) -> None:
        """Close a descriptor."""
        os.close(descriptor)

    def size(self, descriptor: int) -> int:
        """Return the file's length in bytes."""
        return os.fstat(descriptor).st_size

    def read(self, descriptor: int, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes; fewer only at the end of the file."""
        parts = []
        while size > 0:
            part = os.pread(descriptor, size, offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def write(self, descriptor: int, offset: int, content: bytes) -> None:
        """Write everything, or raise with any prefix of it written."""
        rest = memoryview(content)
        while rest:
            written = os.pwrite(descriptor, rest, offset)
            if written == 0:
                raise OSError(errno.EIO, "the disk took no bytes")
            offset += written
            rest = rest[written:]

    def sync(self, descriptor: int) -> None:
        """Return once everything written to the file survives a power cut."""
        if _FULL_SYNC is None:
            os.fdatasync(descriptor)
        else:
            fcntl.fcntl(descriptor, _FULL_SYNC)

    def rename(self, source: Path, target: Path) -> None:
        """Replace ``target`` atomically."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()

    def sync_directory(self, path: Path) -> None:
        """Return once creations, renames and removals in it survive a power cut."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def lock(self, path: Path) -> int | None:
        """Return a descriptor that holds the only lock on a file, ``None`` when it is held."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
        return descriptor
