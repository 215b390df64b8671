"""SnapshotsKit: every rule of the `Snapshots` interface, for whoever keeps snapshots elsewhere.

Two stores that are made in one rule stand on the same place (see `Kit.place`). Damage can not be
done through the interface; whoever can do it overrides `damage`, else declares that rule lacking.
"""

import pickle
from collections.abc import Awaitable

from hybrid_dex.interfaces.snapshots import SharedSnapshots, Snapshot, Snapshots
from hybrid_dex.model.units import MAX_SEQUENCE, Sequence
from hybrid_dex.testing.rules import Kit, demand, expect, made, rule

__all__ = ["SnapshotsKit"]


class SnapshotsKit(Kit):
    """Subclass it as ``TestYourSnapshots`` and write `make_snapshots`."""

    def make_snapshots(self) -> Snapshots | Awaitable[Snapshots]:
        """Return snapshots on the store that belongs to `place`."""
        raise NotImplementedError

    async def damage(self, snapshot: Snapshot) -> None:
        """Alter a byte of a stored snapshot, behind the store's back."""
        raise NotImplementedError("override damage(), or declare that you lack this rule")

    @rule
    async def test_none_at_first(self) -> None:
        """A new store has no latest snapshot and none before any position."""
        snapshots = await made(self.make_snapshots())
        expect("latest", await snapshots.latest(), None)
        expect("before 9", await snapshots.before(9), None)

    @rule
    async def test_a_snapshot_comes_back_as_it_was(self) -> None:
        """Every field, byte for byte, whatever the state's size."""
        snapshots = await made(self.make_snapshots())
        for position, state in enumerate((b"", bytes(range(256)), b"\x00" * 3_000_000), 1):
            snapshot = _snapshot(position, state)
            await snapshots.put(snapshot)
            found = await snapshots.latest()
            demand(found == snapshot, f"another snapshot than the one of {len(state)} bytes")

    @rule
    async def test_latest_is_the_highest_position(self) -> None:
        """Not the one that was put last, and by number, however many digits it has."""
        snapshots = await made(self.make_snapshots())
        for position in (9, 100, 20):
            await snapshots.put(_snapshot(position))
        expect("latest", await snapshots.latest(), _snapshot(100))
        for position in (2 * 10**10, MAX_SEQUENCE, 9 * 10**10):
            await snapshots.put(_snapshot(position))
        expect("latest", await snapshots.latest(), _snapshot(MAX_SEQUENCE))
        before = await snapshots.before(MAX_SEQUENCE)
        expect(f"before {MAX_SEQUENCE}", before, _snapshot(9 * 10**10))

    @rule
    async def test_before_is_the_next_lower_position(self) -> None:
        """Before returns the newest below a position, never one at it or above."""
        snapshots = await made(self.make_snapshots())
        for position in (9, 20, 100):
            await snapshots.put(_snapshot(position))
        for position, wanted in ((101, 100), (100, 20), (21, 20), (20, 9), (10, 9)):
            found = await snapshots.before(position)
            expect(f"before {position}", found, _snapshot(wanted))
        expect("before 9", await snapshots.before(9), None)

    @rule
    async def test_the_last_three_are_kept(self) -> None:
        """After many snapshots the newest three are there."""
        snapshots = await made(self.make_snapshots())
        for position in range(1, 9):
            await snapshots.put(_snapshot(position))
        expect("latest", await snapshots.latest(), _snapshot(8))
        expect("before 8", await snapshots.before(8), _snapshot(7))
        expect("before 7", await snapshots.before(7), _snapshot(6))

    @rule
    async def test_old_ones_are_forgotten(self) -> None:
        """What is older than the last three goes, so that the store does not grow for ever."""
        snapshots = await made(self.make_snapshots())
        for position in range(1, 9):
            await snapshots.put(_snapshot(position))
        expect("before 6", await snapshots.before(6), None)

    @rule
    async def test_an_earlier_versions_last_one_is_kept(self) -> None:
        """Of each earlier versions line the newest stays: only its own versions could remake it."""
        snapshots = await made(self.make_snapshots())
        for position in range(1, 4):
            await snapshots.put(_snapshot(position, versions="engine 1"))
        for position in range(4, 9):
            await snapshots.put(_snapshot(position, versions="engine 2"))
        wanted = _snapshot(3, versions="engine 1")
        expect("before 6", await snapshots.before(6), wanted)
        expect("before 3", await snapshots.before(3), None)

    @rule
    async def test_the_same_position_again_replaces(self) -> None:
        """A snapshot put again at a position takes the place of the earlier one."""
        snapshots = await made(self.make_snapshots())
        await snapshots.put(_snapshot(1))
        for state in (b"first", b"second", b"third", b"fourth"):
            await snapshots.put(_snapshot(5, state))
        expect("latest", await snapshots.latest(), _snapshot(5, b"fourth"))
        expect("before 5", await snapshots.before(5), _snapshot(1))

    @rule
    async def test_what_was_put_survives(self) -> None:
        """Another program that looks later finds it."""
        await (await made(self.make_snapshots())).put(_snapshot(7))
        again = await made(self.make_snapshots())
        expect("latest", await again.latest(), _snapshot(7))

    @rule
    async def test_another_process_shares_them(self) -> None:
        """What `for_another_process` returns can be pickled, and is the same store."""
        snapshots = await made(self.make_snapshots())
        demand(isinstance(snapshots, SharedSnapshots), "it has no for_another_process()")
        assert isinstance(snapshots, SharedSnapshots)
        await snapshots.put(_snapshot(1))
        there: Snapshots = pickle.loads(pickle.dumps(snapshots.for_another_process()))  # noqa: S301 # ours
        expect("latest, as seen elsewhere", await there.latest(), _snapshot(1))
        await there.put(_snapshot(2))
        expect("latest, put elsewhere", await snapshots.latest(), _snapshot(2))

    @rule
    async def test_a_damaged_one_is_skipped(self) -> None:
        """A snapshot that is not what was put is never returned; the one before it is."""
        snapshots = await made(self.make_snapshots())
        for position in (1, 2, 3):
            await snapshots.put(_snapshot(position))
        await self.damage(_snapshot(3))
        again = await made(self.make_snapshots())
        expect("latest", await again.latest(), _snapshot(2))
        expect("before 9", await again.before(9), _snapshot(2))


def _snapshot(
    position: int, state: bytes = b"state", versions: str = "engine 1; book Kit; risk kit 1"
) -> Snapshot:
    return Snapshot(
        position=position,
        frame_hash=position.to_bytes(32, "big"),
        sequence=Sequence(min(10 * position, MAX_SEQUENCE)),
        state_hash=bytes(range(32)),
        versions=versions,
        state=state,
    )
