"""Replica: the engine's state in another process, kept by applying the journal's records there.

The engine is deterministic, so whoever has its journal has its state, its views and its events. A
gateway therefore reads from memory, as if the engine were its own, and asks the engine only to
write. A replica must never show what is not durable, and never show a state that the engine did
not have: it applies whole records, in order, each linked to the one before by its hash, under the
same versions of engine, book and risk.

    Records (an `Exchange` has them) --- checkpoint, then records in order ---> Replica.feed

When a record does not follow - the journal was trimmed meanwhile, or a command broke an invariant
that a later record tells of - `feed` raises, and `begin` takes the next checkpoint. That may be
older than what was told: then the view waits until the records have come there again, and goes on
from it. Who follows the replica hears that something is missing, exactly as from an exchange, where
the checkpoint is newer, or what was told turned out not to be so.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import attrs

from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import InvariantError, JournalError, UnavailableError, VersionMismatchError
from hybrid_dex.exchange.followers import Followers, Subscription
from hybrid_dex.exchange.isolations import Isolations
from hybrid_dex.exchange.options import ExchangeOptions
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.interfaces.snapshots import Snapshot
from hybrid_dex.model.events import EventBatch

__all__ = ["Checkpoint", "RecordSource", "Replica", "StaleReplicaError"]


class StaleReplicaError(JournalError):
    """A replica can not go on from where it is: begin again from a checkpoint."""


@attrs.frozen(kw_only=True)
class Checkpoint:
    """Where a replica begins.

    Attributes:
        versions: of the engine that takes commands now; a replica must have the same.
        snapshot: the state to start from; ``None`` is the journal's beginning.
        epoch: the writer's term there.
        head: the last record at this moment; a replica that applied it is not older than this.
    """

    versions: str
    snapshot: Snapshot | None
    epoch: int
    head: int


class RecordSource(Protocol):
    """What a replica is kept from; an open `Exchange` is one."""

    async def checkpoint(self, after: int | None = None) -> Checkpoint:
        """Return where to begin.

        Args:
            after: the record that is applied already, if any: while the journal still has the one
                after it, no snapshot is needed and none is read.

        Raises:
            UnavailableError: not now.
        """
        ...

    def records(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield every durable record after a position, and go on with new ones.

        Raises:
            JournalError: the records right after it are trimmed.
        """
        ...


class Replica:
    """An engine that follows another one's journal.

    Args:
        make_engine: makes a fresh engine, of the same book and risk as the engine's own.
        options: how many batches are kept, and may wait for one follower.
    """

    def __init__(
        self, make_engine: Callable[[], Engine], options: ExchangeOptions | None = None
    ) -> None:
        options = ExchangeOptions() if options is None else options
        self._make_engine = make_engine
        self._engine = make_engine()
        self._isolations = Isolations()
        self._replay = Replay(self._engine, isolations=self._isolations)
        self._is_stale = False
        self._told_wrong = False
        self._furthest = 0  # the last record that was ever applied here
        self._followers = Followers(
            limit=options.follower_batches,
            history=options.history_batches,
            sequence=self._engine.sequence,
        )
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._tickets = itertools.count()
        self._closed = ""

    @property
    def versions(self) -> str:
        """Versions of engine, book and risk here."""
        return self._engine.versions

    @property
    def position(self) -> int:
        """The last applied record; 0 for none, and for a state that is not gone on from."""
        return 0 if self._is_stale else self._replay.position

    @property
    def epoch(self) -> int:
        """The writer's term, as the last record says it."""
        return self._replay.epoch

    @property
    def view(self) -> ExchangeView:
        """The state as of the last applied record; the same object for good."""
        return self._engine

    def subscribe(self, after: int | None = None) -> Subscription:
        """Follow events; as `Exchange.subscribe`."""
        if self._is_stale or not self._is_shown:
            # Who begins with the view as it is now may have a command half done, and hears of a gap.
            self._told_wrong = True
            after = None if after is None else min(after, self._followers.sequence)
        return self._followers.subscribe(after)

    @property
    def followers(self) -> int:
        """Live subscriptions."""
        return len(self._followers)

    def begin(self, checkpoint: Checkpoint) -> None:
        """Take a checkpoint's state, unless what is here is as new. O(state).

        Raises:
            VersionMismatchError: the engine's versions are not these.
            JournalError: the snapshot is not good, or the journal ends before what is applied here.
        """
        if checkpoint.versions != self._engine.versions:
            raise VersionMismatchError(
                f"the engine is {checkpoint.versions!r} and this gateway {self._engine.versions!r}; "
                "give both the same program, markets' risk and chain settings"
            )
        if checkpoint.head < self._furthest:
            raise JournalError(
                f"the engine's journal ends at record {checkpoint.head}, and record {self._furthest} "
                "is applied here: it lost its end, or is another one"
            )
        snapshot = checkpoint.snapshot
        if snapshot is None and self.position:
            return  # the records go on from here
        waits = self._is_stale or not self._is_shown
        self._replay = Replay(
            self._make_engine(), snapshot, checkpoint.epoch, isolations=self._isolations
        )
        self._furthest = max(
            self._furthest, self.position if snapshot is None else snapshot.position
        )
        self._is_stale = False
        if not waits or self._replay.engine.sequence >= self._followers.sequence:
            self._show([])

    def restart(self) -> None:
        """Let the next `begin` take a checkpoint's state, even the journal's beginning.

        Until the records are there again the view shows what it showed last, of a command that
        broke an invariant what was done by then: an older one would not have what was answered.
        """
        self._is_stale = True

    def feed(self, position: int, raw: bytes) -> None:
        """Apply one record and tell the followers; one that was applied is passed over.

        Raises:
            StaleReplicaError: records are missing before it, or it tells of a broken invariant:
                begin again.
            VersionMismatchError: other versions wrote it.
            JournalError: it is damaged.
        """
        if position <= self.position:
            return
        if position != self.position + 1:
            raise StaleReplicaError(f"record {self.position + 1} is missing before {position}")
        try:
            batches = self._replay.feed(position, raw)
        except InvariantError as error:
            if not error.market:
                raise
            self._isolations.add(error.sequence, error.market)
            self._told_wrong |= error.sequence <= self._followers.sequence
            raise StaleReplicaError(str(error)) from error
        self._furthest = max(self._furthest, position)
        if self._is_shown:
            if batches:
                self._followers.publish(batches)
            self._tell()
        elif self._replay.engine.sequence >= self._followers.sequence:
            self._show(batches)

    @property
    def _is_shown(self) -> bool:
        """Whether the view is where the records are, not before it."""
        return self._replay.engine is self._engine

    def _show(self, batches: list[EventBatch]) -> None:
        """Let the view be where the records are; tell what the last ones did, or that there is a gap."""
        told, replay = self._followers.sequence, self._replay
        self._engine.become(replay.engine)
        replay.engine = self._engine
        new = [batch for batch in batches if batch.sequence > told]
        if self._told_wrong or self._engine.sequence != told + len(new):
            self._followers.skip_to(self._engine.sequence)
        elif new:
            self._followers.publish(new)
        self._told_wrong = False
        self._tell()

    async def reached(self, sequence: int) -> None:
        """Return once a command is applied here.

        Raises:
            UnavailableError: the replica is closed first.
        """
        if self._engine.sequence >= sequence and self._is_shown and not self._is_stale:
            return
        if self._closed:
            raise UnavailableError(self._closed)
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (sequence, next(self._tickets), arrived))
        await arrived

    def close(self, reason: str) -> None:
        """End every follower, and whoever waits. Safe to call twice."""
        self._closed = self._closed or reason
        self._followers.close()
        for _, _, arrived in self._waiting:
            if not arrived.done():
                arrived.set_exception(UnavailableError(self._closed))
        self._waiting.clear()

    def _tell(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._engine.sequence:
            _, _, arrived = heapq.heappop(self._waiting)
            if not arrived.done():
                arrived.set_result(None)
