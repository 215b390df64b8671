"""Snapshot files are whole or not there; three are kept, damaged ones are skipped."""

from __future__ import annotations

import errno
import pickle
import random
from pathlib import Path

import msgspec
import pytest

from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.errors import UnavailableError
from hybrid_dex.interfaces.snapshots import Snapshot
from hybrid_dex.model.units import Sequence
from tests.crash.simulated_disk import SimulatedDisk

DIRECTORY = Path("/snapshots")


def snapshot(position: int, state: bytes = b"state") -> Snapshot:
    return Snapshot(position, bytes(32), Sequence(position), bytes(32), "engine 1", state)


def files_in(directory: Path) -> list[Path]:
    return sorted(directory.iterdir())


async def test_the_newest_comes_first_and_three_are_kept(tmp_path: Path) -> None:
    snapshots = FileSnapshots(tmp_path / "made")
    assert await snapshots.latest() is None
    for position in (3, 9, 27, 81):
        await snapshots.put(snapshot(position))
    assert await snapshots.latest() == snapshot(81)
    assert await snapshots.before(81) == snapshot(27)
    assert await snapshots.before(10) == snapshot(9)
    assert await snapshots.before(9) is None
    assert len(files_in(tmp_path / "made")) == 3


async def test_an_older_one_that_is_done_meanwhile_leaves_a_newer_one_alone() -> None:
    """Two processes: the one that closes, and the one that still takes the snapshot before."""
    disk = SimulatedDisk()
    newer, older = FileSnapshots(DIRECTORY, files=disk), FileSnapshots(DIRECTORY, files=disk)
    newer._put(snapshot(1))

    def meanwhile(name: str, path: Path) -> None:
        if name == "sync" and path.name == f"{9:020d}.new":
            disk.before = lambda name, path: None
            older._put(snapshot(5))

    disk.before = meanwhile
    await newer.put(snapshot(9))
    assert await newer.latest() == snapshot(9)
    assert await newer.before(9) == snapshot(5)


async def test_any_flipped_bit_or_cut_is_noticed(tmp_path: Path, rng: random.Random) -> None:
    snapshots = FileSnapshots(tmp_path)
    await snapshots.put(snapshot(1))
    await snapshots.put(snapshot(2))
    newest = files_in(tmp_path)[-1]
    content = newest.read_bytes()
    for bit in range(len(content) * 8):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        newest.write_bytes(changed)
        assert await snapshots.latest() == snapshot(1)
    for length in range(0, len(content), 7):
        newest.write_bytes(content[:length])
        assert await snapshots.latest() == snapshot(1)


async def test_one_under_anothers_name_is_skipped(tmp_path: Path) -> None:
    snapshots = FileSnapshots(tmp_path)
    await snapshots.put(snapshot(1))
    path = files_in(tmp_path)[-1]
    (tmp_path / f"{7:020d}.snapshot").write_bytes(path.read_bytes())
    (tmp_path / "notes.txt").write_text("not a snapshot")
    assert await snapshots.latest() == snapshot(1)


@pytest.mark.parametrize("operation", ["create", "write", "sync", "rename", "sync_directory"])
async def test_a_failing_disk_keeps_what_was_there(operation: str) -> None:
    disk = SimulatedDisk()
    snapshots = FileSnapshots(DIRECTORY, files=disk)
    await snapshots.put(snapshot(1))

    def fail(name: str, path: Path) -> None:
        if name == operation:
            raise OSError(errno.ENOSPC, "no space left on device")

    disk.before = fail
    with pytest.raises(UnavailableError, match="no space left"):
        await snapshots.put(snapshot(2))
    disk.before = lambda name, path: None
    assert await snapshots.before(2) == snapshot(1)
    await snapshots.put(snapshot(3))
    assert await snapshots.latest() == snapshot(3)


async def test_a_power_cut_leaves_the_old_one_or_the_new_one(rng: random.Random) -> None:
    """At every operation, with any of the unsynced sectors lost or torn."""
    disk = SimulatedDisk()
    snapshots = FileSnapshots(DIRECTORY, files=disk)
    await snapshots.put(snapshot(1, rng.randbytes(3_000)))
    first = await snapshots.latest()
    second = snapshot(2, rng.randbytes(3_000))
    states: list[SimulatedDisk] = []
    disk.before = lambda operation, path: states.extend(disk.power_cut(rng) for _ in range(5))
    await snapshots.put(second)
    disk.before = lambda operation, path: None
    assert len(states) >= 25
    for state in states:
        assert await FileSnapshots(DIRECTORY, files=state).latest() in (first, second)
    assert await FileSnapshots(DIRECTORY, files=disk.power_cut(rng)).latest() == second


async def test_a_directory_that_can_not_be_read_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnavailableError, match="can not be read"):
        await FileSnapshots(tmp_path / "file").latest()


async def test_the_last_one_of_earlier_versions_stays_for_good(tmp_path: Path) -> None:
    """A replay of what newer versions wrote begins there, and nothing else could make it again."""
    first, second = FileSnapshots(tmp_path), FileSnapshots(tmp_path)
    for position in (1, 2):
        await first.put(snapshot(position))
    newer = [msgspec.structs.replace(snapshot(n), versions="engine 2") for n in (2, 3, 5, 7, 9)]
    for one in newer:
        await second.put(one)
    assert [path.name.lstrip("0") for path in files_in(tmp_path)] == [
        "2.last.snapshot",
        "5.snapshot",
        "7.snapshot",
        "9.snapshot",
    ]
    assert [await first.latest(), await first.before(9), await first.before(7)] == newer[:1:-1]
    assert await first.before(5) == snapshot(2)
    assert await first.before(2) is None
    await second.put(msgspec.structs.replace(snapshot(11), versions="engine 3"))
    assert [path.name for path in files_in(tmp_path) if ".last" in path.name] == [
        f"{2:020d}.last.snapshot",
        f"{9:020d}.last.snapshot",
    ]


async def test_another_process_sees_and_keeps_the_same_snapshots(tmp_path: Path) -> None:
    snapshots = FileSnapshots(tmp_path)
    await snapshots.put(snapshot(1))
    other = pickle.loads(pickle.dumps(snapshots.for_another_process()))
    assert await other.latest() == snapshot(1)
    await other.put(snapshot(2))
    assert await snapshots.latest() == snapshot(2)
