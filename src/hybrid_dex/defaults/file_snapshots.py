"""FileSnapshots: snapshots as files beside the journal.

A snapshot is written to a temporary file, synced, renamed, and the directory synced, so that a
name is never seen without its whole content. The last three are kept. A damaged one is skipped
and said in the log; that is safe, because the journal holds everything it held.

    directory/00000000000000004711.snapshot         named by its journal position
    directory/00000000000000000815.last.snapshot    the last of earlier versions: kept for good
"""

import asyncio
import contextlib
import hashlib
import logging
from pathlib import Path
from typing import Final

import msgspec

from hybrid_dex.defaults.file_system import FileSystem, LocalFileSystem
from hybrid_dex.errors import UnavailableError
from hybrid_dex.interfaces.snapshots import Snapshot

__all__ = ["FileSnapshots"]

_log: Final = logging.getLogger(__name__)
_MAGIC: Final = b"HDXSNAP1"
_DIGEST_BYTES: Final = 32
_SUFFIX: Final = ".snapshot"
_LAST: Final = ".last"
_KEPT: Final = 3
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Snapshot)


class FileSnapshots:
    """Snapshots in a directory, named by their journal position.

    Args:
        directory: where they live; made with the first one.
        files: the disk; another one in tests.
    """

    def __init__(self, directory: Path | str, *, files: FileSystem | None = None) -> None:
        self._directory = Path(directory)
        self._files = files or LocalFileSystem()
        self._versions: str | None = None

    def for_another_process(self) -> "FileSnapshots":
        """Return the same directory's snapshots; they can be pickled."""
        return FileSnapshots(self._directory, files=self._files)

    async def put(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; durable when this returns. Raises `UnavailableError`."""
        try:
            await asyncio.to_thread(self._put, snapshot)
        except OSError as error:
            raise UnavailableError(
                f"no snapshot can be kept in {self._directory}: {error}"
            ) from error

    async def latest(self) -> Snapshot | None:
        """Return the newest good snapshot, or ``None``. Raises `UnavailableError`."""
        return await self._newest(None)

    async def before(self, position: int) -> Snapshot | None:
        """Return the newest good snapshot at a lower position, or ``None``."""
        return await self._newest(position)

    async def _newest(self, below: int | None) -> Snapshot | None:
        try:
            return await asyncio.to_thread(self._find, below)
        except OSError as error:
            raise UnavailableError(
                f"the snapshots in {self._directory} can not be read: {error}"
            ) from error

    def _put(self, snapshot: Snapshot) -> None:
        self._files.make_directory(self._directory)
        self._keep_last(snapshot.versions)
        body = _encoder.encode(snapshot)
        head = _MAGIC + hashlib.sha256(body).digest()
        path = self._path(snapshot.position)
        temporary = path.with_suffix(".new")
        try:
            descriptor = self._files.open(temporary, create=True)
            try:
                self._files.write(descriptor, 0, head)
                self._files.write(descriptor, len(head), body)
                self._files.sync(descriptor)
            finally:
                self._files.close(descriptor)
            self._files.rename(temporary, path)
            self._files.sync_directory(self._directory)
        except OSError:
            with contextlib.suppress(OSError):
                self._files.remove(temporary)
            raise
        self._versions = snapshot.versions
        self._tidy(temporary.name)

    def _keep_last(self, versions: str) -> None:
        """Let the newest snapshot stay for good when the next one is of other versions."""
        newest = None if self._versions == versions else self._find(None)
        if newest is None or newest.versions == versions:
            return
        path = self._path(newest.position)
        if path.name in self._files.names(self._directory):
            self._files.rename(path, path.with_suffix(_LAST + _SUFFIX))
            self._files.sync_directory(self._directory)

    def _path(self, position: int) -> Path:
        return self._directory / f"{position:020d}{_SUFFIX}"

    def _tidy(self, written: str) -> None:
        """Remove what is older than the last three, and what an earlier crash left.

        A newer one than was written now may be on its way: an exchange that closes leaves one while
        another process still takes the one before.
        """
        names = self._files.names(self._directory)
        kept = [name for name in names if name.removesuffix(_SUFFIX).isdecimal()]
        left = [name for name in names if name.endswith(".new") and name < written]
        for name in [*kept[:-_KEPT], *left]:
            with contextlib.suppress(FileNotFoundError):  # the other one was faster
                self._files.remove(self._directory / name)

    def _find(self, below: int | None) -> Snapshot | None:
        self._files.make_directory(self._directory)
        for name in reversed(self._files.names(self._directory)):
            position = name.removesuffix(_SUFFIX).removesuffix(_LAST)
            if not name.endswith(_SUFFIX) or not position.isdecimal():
                continue
            if below is not None and int(position) >= below:
                continue
            snapshot = self._load(self._directory / name)
            if isinstance(snapshot, Snapshot) and snapshot.position == int(position):
                if below is None:
                    self._versions = snapshot.versions
                return snapshot
            _log.warning("%s is skipped: it is damaged", self._directory / name)
        return None

    def _load(self, path: Path) -> Snapshot | None:
        descriptor = self._files.open(path, create=False, write=False)
        try:
            content = self._files.read(descriptor, 0, self._files.size(descriptor))
        finally:
            self._files.close(descriptor)
        start = len(_MAGIC) + _DIGEST_BYTES
        body = content[start:]
        if content[:start] != _MAGIC + hashlib.sha256(body).digest():
            return None
        try:
            return _decoder.decode(body)
        except msgspec.MsgspecError:
            return None
