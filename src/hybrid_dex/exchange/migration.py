"""Migration: a snapshot at the journal's head, from which other versions can go on.

An exchange that closes leaves one. One that was killed does not, and then neither a new program nor
new limits may start: the commands since the last snapshot would give another state. This replays
them with the versions that wrote them, and leaves what a close would have left.
"""

from collections.abc import Callable

from hybrid_dex.engine.engine import Engine
from hybrid_dex.exchange.recovery import recover
from hybrid_dex.interfaces.journal import Journal
from hybrid_dex.interfaces.snapshots import Snapshot, Snapshots

__all__ = ["leave_snapshot"]


async def leave_snapshot(
    make_engine: Callable[[], Engine], journal: Journal, snapshots: Snapshots
) -> Snapshot:
    """Take the journal's lock, replay it to its head, keep the snapshot there, and let go.

    Args:
        make_engine: makes an engine of the versions that wrote the journal last.
        journal: a journal that nobody writes.
        snapshots: where the snapshot is kept.

    Raises:
        UnavailableError: another process writes the journal.
        VersionMismatchError: the engine is of other versions than the journal's commands.
        JournalError: the journal can not be used.
    """
    await journal.open()
    try:
        replay, _ = await recover(make_engine, journal, snapshots)
        snapshot = replay.snapshot()
        await snapshots.put(snapshot)
        return snapshot
    finally:
        await journal.close()
