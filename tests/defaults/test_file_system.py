"""The machine's own disk: what is made survives a power cut."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from hybrid_dex.defaults import file_system as module
from hybrid_dex.defaults.file_system import LocalFileSystem


def test_a_new_directory_is_synced_into_each_of_its_parents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory is a name in its parent; without its sync a power cut takes all that is in it."""
    synced: list[str] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    files = LocalFileSystem()
    files.make_directory(tmp_path / "data" / "journal")
    assert synced == [str(tmp_path), str(tmp_path / "data")]
    files.make_directory(tmp_path / "data" / "journal")
    assert len(synced) == 2


def test_a_sync_reaches_the_disk_where_there_is_no_fdatasync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is on macOS, which asks for its own way past the drive's cache."""
    asked: list[int] = []
    monkeypatch.delattr(os, "fdatasync")
    monkeypatch.setattr(module, "_FULL_SYNC", 51)
    monkeypatch.setattr(fcntl, "fcntl", lambda _, command: asked.append(command))
    files = LocalFileSystem()
    descriptor = files.open(tmp_path / "log", create=True)
    files.sync(descriptor)
    files.close(descriptor)
    assert asked == [51]
