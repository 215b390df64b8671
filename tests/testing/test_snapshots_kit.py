"""SnapshotsKit passes the snapshots that ship and refuses every broken one, rule by rule."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.defaults.memory_snapshots import MemorySnapshots
from hybrid_dex.interfaces.snapshots import Snapshot, Snapshots
from hybrid_dex.testing import SnapshotsKit
from tests.testing.mutants import is_refused


class MemoryKit(SnapshotsKit):
    """Any snapshots in memory: the same ones for the same place."""

    lacks: ClassVar = {
        "a_damaged_one_is_skipped": "memory has no disk that could be damaged",
        "another_process_shares_them": "memory is this process's own",
    }
    kind: Callable[[], Snapshots] = MemorySnapshots

    def make_snapshots(self) -> Snapshots:
        stores: dict[Path, Snapshots] = self.__dict__.setdefault("stores", {})
        if self.place not in stores:
            stores[self.place] = type(self).kind()
        return stores[self.place]


class TestMemorySnapshots(MemoryKit):
    pass


class TestFileSnapshots(SnapshotsKit):
    def make_snapshots(self) -> Snapshots:
        return FileSnapshots(self.place / "snapshots")

    async def damage(self, snapshot: Snapshot) -> None:
        (path,) = (self.place / "snapshots").glob(f"*{snapshot.position}.snapshot")
        content = bytearray(path.read_bytes())
        content[-3] ^= 1
        path.write_bytes(content)


class BeginsWithOne(MemorySnapshots):
    async def latest(self) -> Snapshot | None:
        found = await super().latest()
        return found or Snapshot(0, b"", 0, b"", "", b"")


class Text(MemorySnapshots):
    async def put(self, snapshot: Snapshot) -> None:
        text = snapshot.state.decode("latin-1").strip("\x00")
        await super().put(msgspec.structs.replace(snapshot, state=text.encode("latin-1")))


class LatestByTime(MemorySnapshots):
    last: Snapshot | None = None

    async def put(self, snapshot: Snapshot) -> None:
        await super().put(snapshot)
        self.last = snapshot

    async def latest(self) -> Snapshot | None:
        return self.last


class SortsAsText(MemorySnapshots):
    """By names of ten digits, which longer numbers do not fit in."""

    async def latest(self) -> Snapshot | None:
        return max(self._snapshots, key=lambda one: f"{one.position:010}", default=None)


class BeforeIncludes(MemorySnapshots):
    async def before(self, position: int) -> Snapshot | None:
        return await super().before(position + 1)


class KeepsTwo(MemorySnapshots):
    async def put(self, snapshot: Snapshot) -> None:
        await super().put(snapshot)
        self._snapshots = self._snapshots[-2:]


class KeepsAll(MemorySnapshots):
    async def put(self, snapshot: Snapshot) -> None:
        before = list(self._snapshots)
        await super().put(snapshot)
        self._snapshots = [*(one for one in before if one not in self._snapshots), *self._snapshots]


class KeepsTheLastOnly(MemorySnapshots):
    async def put(self, snapshot: Snapshot) -> None:
        await super().put(snapshot)
        self._snapshots = self._snapshots[-3:]


class KeepsTheFirst(MemorySnapshots):
    async def put(self, snapshot: Snapshot) -> None:
        if all(one.position != snapshot.position for one in self._snapshots):
            await super().put(snapshot)


MUTANTS: list[tuple[str, Callable[[], Snapshots]]] = [
    ("none_at_first", BeginsWithOne),
    ("a_snapshot_comes_back_as_it_was", Text),
    ("latest_is_the_highest_position", LatestByTime),
    ("latest_is_the_highest_position", SortsAsText),
    ("before_is_the_next_lower_position", BeforeIncludes),
    ("the_last_three_are_kept", KeepsTwo),
    ("old_ones_are_forgotten", KeepsAll),
    ("an_earlier_versions_last_one_is_kept", KeepsTheLastOnly),
    ("the_same_position_again_replaces", KeepsTheFirst),
]


@pytest.mark.parametrize(
    ("rule", "mutant"), MUTANTS, ids=lambda part: getattr(part, "__name__", part)
)
def test_broken_snapshots_are_refused(rule: str, mutant: Callable[[], Snapshots]) -> None:
    """By the rule that they break, in words that name the rule."""
    assert is_refused(type("MutantKit", (MemoryKit,), {"kind": mutant}), rule)


class ForgetsAll(SnapshotsKit):
    """A new store each time: nothing survives."""

    def make_snapshots(self) -> Snapshots:
        return MemorySnapshots()


class PassesOnDamage(TestFileSnapshots):
    """The damage leaves no trace, as for a store that checks nothing."""

    async def damage(self, snapshot: Snapshot) -> None:
        pass


class SharesAnother(TestFileSnapshots):
    """What another process gets is another store."""

    def make_snapshots(self) -> Snapshots:
        here, there = self.place / "here", FileSnapshots(self.place / "there")
        snapshots = type("Apart", (FileSnapshots,), {"for_another_process": lambda _: there})
        return snapshots(here)


@pytest.mark.parametrize(
    ("rule", "kit"),
    [
        ("another_process_shares_them", SharesAnother),
        ("what_was_put_survives", ForgetsAll),
        ("a_damaged_one_is_skipped", PassesOnDamage),
    ],
)
def test_a_store_that_does_not_keep_is_refused(rule: str, kit: type[SnapshotsKit]) -> None:
    """Forgetting and rot are found."""
    assert is_refused(kit, rule)


def test_every_rule_has_snapshots_that_break_it() -> None:
    """A rule that nothing can break checks nothing."""
    kept = {"what_was_put_survives", *MemoryKit.lacks}
    assert {rule for rule, _ in MUTANTS} | kept == set(SnapshotsKit.rules())
