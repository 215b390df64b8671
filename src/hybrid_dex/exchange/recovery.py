"""Recovery: the engine as the journal has it, at its head or after any frame of it.

What a command did when it was first applied is what it does here, also when that was to break an
invariant: the replay that comes to one begins again, knowing it.
"""

import logging
from collections.abc import Callable
from typing import Final

from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import InvariantError
from hybrid_dex.exchange.background import replay_chunks
from hybrid_dex.exchange.isolations import Isolations
from hybrid_dex.exchange.replay import Replay, begin_replay, newest_linked
from hybrid_dex.exchange.replica import Checkpoint
from hybrid_dex.interfaces.journal import Journal
from hybrid_dex.interfaces.snapshots import Snapshots
from hybrid_dex.model.units import Sequence

__all__ = ["checkpoint", "recover", "replay_to"]

_log: Final = logging.getLogger(__name__)


async def recover(
    make_engine: Callable[[], Engine],
    journal: Journal,
    snapshots: Snapshots | None,
) -> tuple[Replay, Sequence]:
    """Return the replay at the journal's head, and the command its snapshot covered.

    Args:
        make_engine: makes a fresh engine.
        journal: an open journal.
        snapshots: where to begin; ``None`` begins at the journal's beginning.

    Raises:
        JournalError: the journal or a snapshot can not be used.
        InvariantError: a command breaks the engine's rules in no one market.
    """
    isolations = Isolations()
    while True:
        replay, skipped = await begin_replay(make_engine, journal, snapshots, isolations=isolations)
        for reason in skipped:
            _log.warning("a snapshot is skipped: %s", reason)
        covered = replay.engine.sequence
        try:
            await _advance(replay, journal, await journal.head())
        except InvariantError as error:
            if not error.market:
                raise
            _log.critical("market %s is halted: %s", error.market, error)
            isolations.add(error.sequence, error.market)
            continue
        _log.info("recovered command %d at record %d", replay.engine.sequence, replay.position)
        return replay, covered


async def replay_to(
    make_engine: Callable[[], Engine],
    journal: Journal,
    snapshots: Snapshots | None,
    isolations: Isolations,
    upto: int,
) -> Replay:
    """Return the replay after a frame, knowing every command before it that broke an invariant.

    Raises: as `recover`.
    """
    replay, _ = await begin_replay(make_engine, journal, snapshots, isolations=isolations)
    if replay.position > upto:
        raise InvariantError(f"the newest snapshot is behind record {upto}")
    await _advance(replay, journal, upto)
    return replay


async def _advance(replay: Replay, journal: Journal, upto: int) -> None:
    async for _ in replay_chunks(replay, journal, upto):
        pass


async def checkpoint(
    versions: str, journal: Journal, snapshots: Snapshots | None, after: int | None
) -> Checkpoint:
    """Return where a replica begins; without a snapshot while the journal has what follows.

    Raises: as `recover`.
    """
    head = await journal.head()
    if after is not None and (after == head or await journal.read_at(after + 1) is not None):
        return Checkpoint(versions=versions, snapshot=None, epoch=0, head=head)
    snapshot, epoch = (None, 0) if snapshots is None else await newest_linked(journal, snapshots)
    return Checkpoint(versions=versions, snapshot=snapshot, epoch=epoch, head=head)
