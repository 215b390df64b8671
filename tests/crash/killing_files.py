"""The machine's own disk, with SIGKILL before, in the middle of, or after one operation."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final

import attrs

from hybrid_dex.defaults.file_system import LocalFileSystem

OPERATIONS: Final = ("write", "sync", "create", "rename", "sync_directory", "remove")
MOMENTS: Final = ("before", "amid", "after")


@attrs.frozen
class KillingFiles(LocalFileSystem):
    """Counts operations of one kind; at the given one the exchange's process ends by SIGKILL.

    A copy that another process got, which takes its snapshots, ends that exchange and itself.
    """

    operation: str
    number: int
    moment: str
    exchange: int = attrs.field(factory=os.getpid)
    passed: list[str] = attrs.field(factory=list)

    def _passes(self, operation: str, moment: str) -> None:
        if (operation, moment) != (self.operation, self.moment):
            return
        self.passed.append(operation)
        if len(self.passed) == self.number:
            os.kill(self.exchange, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    def open(self, path: Path, *, create: bool, write: bool = True) -> int:
        if not create:
            return super().open(path, create=create, write=write)
        self._passes("create", "before")
        descriptor = super().open(path, create=create, write=write)
        self._passes("create", "after")
        return descriptor

    def write(self, descriptor: int, offset: int, content: bytes) -> None:
        self._passes("write", "before")
        half = len(content) // 2
        super().write(descriptor, offset, content[:half])
        self._passes("write", "amid")
        super().write(descriptor, offset + half, content[half:])
        self._passes("write", "after")

    def sync(self, descriptor: int) -> None:
        self._passes("sync", "before")
        super().sync(descriptor)
        self._passes("sync", "after")

    def rename(self, source: Path, target: Path) -> None:
        self._passes("rename", "before")
        super().rename(source, target)
        self._passes("rename", "after")

    def sync_directory(self, path: Path) -> None:
        self._passes("sync_directory", "before")
        super().sync_directory(path)
        self._passes("sync_directory", "after")

    def remove(self, path: Path) -> None:
        self._passes("remove", "before")
        super().remove(path)
        self._passes("remove", "after")
