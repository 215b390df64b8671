"""Snapshots in memory are the last three, by position."""

from __future__ import annotations

import msgspec

from hybrid_dex.defaults.memory_snapshots import MemorySnapshots
from tests.defaults.test_file_snapshots import snapshot


async def test_the_newest_comes_first_and_three_are_kept() -> None:
    snapshots = MemorySnapshots()
    assert await snapshots.latest() is None
    for position in (3, 81, 9, 27):
        await snapshots.put(snapshot(position))
    assert await snapshots.latest() == snapshot(81)
    assert await snapshots.before(81) == snapshot(27)
    assert await snapshots.before(10) == snapshot(9)
    assert await snapshots.before(9) is None


async def test_one_at_the_same_position_gives_way() -> None:
    snapshots = MemorySnapshots()
    await snapshots.put(snapshot(1, b"old"))
    await snapshots.put(snapshot(1, b"new"))
    assert await snapshots.latest() == snapshot(1, b"new")
    assert await snapshots.before(1) is None


async def test_the_last_one_of_earlier_versions_stays() -> None:
    snapshots = MemorySnapshots()
    for position in (1, 2):
        await snapshots.put(snapshot(position))
    for position in (3, 4, 5, 6):
        await snapshots.put(msgspec.structs.replace(snapshot(position), versions="engine 2"))
    found = [await snapshots.before(position) for position in (7, 6, 5, 4, 2)]
    assert [None if one is None else one.position for one in found] == [6, 5, 4, 2, None]
