"""Projection and Snapshotting: what follows the journal without the writer waiting for it.

Both replay frames on an engine of their own: a snapshot in a process of its own, records that are
far behind in a worker thread, a few frames at a time. What the records are told may be written to
them by another process, too (`ProjectingProcess`). Neither reads the live engine, so matching
never pauses for them.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from itertools import islice
from typing import Final

from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import HybridDexError
from hybrid_dex.exchange.follower import (
    EngineRecipe,
    FollowerError,
    keep_snapshot,
    oldest_kept,
    take_snapshot,
)
from hybrid_dex.exchange.isolations import Isolations
from hybrid_dex.exchange.options import ExchangeOptions
from hybrid_dex.exchange.projecting import ProjectingProcess
from hybrid_dex.exchange.replay import Replay, begin_replay, newest_linked
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.journal import Journal, SharedJournal
from hybrid_dex.interfaces.records import Records, SharedRecords
from hybrid_dex.interfaces.snapshots import SharedSnapshots, Snapshot, Snapshots
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.units import Sequence

__all__ = ["Projection", "Snapshotting", "replay_chunks"]

_log: Final = logging.getLogger(__name__)
_CHUNK_FRAMES: Final = 64
_PROJECT_BATCHES: Final = 1_024
_PROJECT_EVENTS: Final = 1_024
"""What is projected at once: so many batches, or as many as have so many events, ladders for
instance. More would cost memory anew for each message to another process."""
_ANSWERED_FIRST: Final = 2
"""Turns of the loop that those who wait for an answer get before the records are told."""


async def _frames(journal: Journal, after: int, upto: int) -> AsyncGenerator[tuple[int, bytes]]:
    async for position, raw in journal.read(after):
        if position > upto:
            return
        yield position, raw


async def replay_chunks(
    replay: Replay, journal: Journal, upto: int
) -> AsyncIterator[list[EventBatch]]:
    """Bring a replay forward to a position, yielding what happened in chunks."""
    chunk: list[tuple[int, bytes]] = []
    if replay.position >= upto:
        return
    async for position, raw in journal.read(replay.position):
        chunk.append((position, raw))
        if len(chunk) == _CHUNK_FRAMES or position == upto:
            yield await asyncio.to_thread(replay.feed_many, chunk)
            chunk = []
        if position == upto:
            return


def _process_for(records: Records) -> ProjectingProcess | None:
    shared = records.for_another_process() if isinstance(records, SharedRecords) else None
    return None if shared is None else ProjectingProcess(shared)


class Projection:
    """Keeps the records at the journal's head.

    Batches wait in memory, within a limit. When the records are further behind than that, as
    after a restart or an outage, the missing ones are made again from the journal.

    Args:
        records: open records.
        journal: the journal.
        snapshots: where a replay may start.
        make_engine: makes a fresh engine.
        isolations: which commands broke an invariant.
        clock: how waits are made.
        options: limits.
        position: tells the last applied frame.
        sequence: the last command at start.
    """

    def __init__(
        self,
        records: Records,
        *,
        journal: Journal,
        snapshots: Snapshots | None,
        make_engine: Callable[[], Engine],
        isolations: Isolations,
        clock: Clock,
        options: ExchangeOptions,
        position: Callable[[], int],
        sequence: Sequence,
    ) -> None:
        self._records = records
        self._process = _process_for(records) if options.projection_process else None
        self._journal = journal
        self._snapshots = snapshots
        self._make_engine = make_engine
        self._isolations = isolations
        self._clock = clock
        self._options = options
        self._position = position
        self._newest = sequence
        self._projected = Sequence(0)
        self._batches: deque[EventBatch] = deque(maxlen=options.projection_batches)
        self._wake = asyncio.Event()
        self._wake.set()
        self._caught_up = asyncio.Event()
        self._draining = False
        self._ok = True

    @property
    def ok(self) -> bool:
        """Whether the last projection worked."""
        return self._ok

    @property
    def lag(self) -> int:
        """Commands that the records are behind."""
        return max(0, self._newest - self._projected)

    def offer(self, batches: list[EventBatch]) -> None:
        """Take what happened; the oldest give way when too many wait."""
        self._batches.extend(batches)
        self._newest = batches[-1].sequence
        self._caught_up.clear()
        self._wake.set()

    async def drain(self) -> None:
        """Return once the records are at the head."""
        self._draining = True
        try:
            await self._caught_up.wait()
        finally:
            self._draining = False

    async def run(self) -> None:
        """Project until canceled. An outage is waited out, with growing pauses."""
        try:
            await self._follow()
        finally:
            if self._process is not None:
                await self._process.close()

    async def _follow(self) -> None:
        wait_s = 0.0
        while True:
            try:
                self._projected = await self._records.position()
                await self._project()
            except (HybridDexError, OSError) as error:
                _log.warning("the records can not follow now: %s", error)
            except Exception:  # noqa: BLE001 # no bug in the records is a reason to stop trading
                _log.exception("the records broke down; they are tried again, trading goes on")
            # One that begins now is waited out from the shortest pause on.
            again, self._ok = not self._ok, False
            wait_s = min(2 * wait_s, self._options.retry_max_s) if again else self._options.retry_s
            await self._clock.sleep(wait_s)

    async def _project(self) -> None:
        while True:
            if self._projected > self._newest:
                raise HybridDexError(
                    f"the records are at command {self._projected}, the exchange at "
                    f"{self._newest}: they belong to another journal; rebuild them"
                )
            if self._projected == self._newest:
                self._ok = True
                self._caught_up.set()
                self._wake.clear()
                await self._wake.wait()
                for _ in range(_ANSWERED_FIRST):
                    await asyncio.sleep(0)
                continue
            self._pass_by()
            if self._batches and self._batches[0].sequence == self._projected + 1:
                await self._put(self._next())
                await self._gather()
            else:
                await self._rebuild()

    def _next(self) -> list[EventBatch]:
        """Return the batches that are projected together; they stay until that is done."""
        found: list[EventBatch] = []
        events = 0
        for batch in islice(self._batches, _PROJECT_BATCHES):
            found.append(batch)
            events += len(batch.events)
            if events >= _PROJECT_EVENTS:
                break
        return found

    async def _gather(self) -> None:
        """Let more come together: a transaction costs about as much for one command as for many."""
        if self._projected < self._newest and not self._draining:
            self._pass_by()
            waiting = self._next()
            events = sum(len(batch.events) for batch in waiting)
            is_next = bool(waiting) and waiting[0].sequence == self._projected + 1
            if is_next and len(waiting) < _PROJECT_BATCHES and events < _PROJECT_EVENTS:
                await self._clock.sleep(self._options.projection_pause_s)

    def _pass_by(self) -> None:
        """Let go of what is projected."""
        while self._batches and self._batches[0].sequence <= self._projected:
            self._batches.popleft()

    async def _put(self, batches: list[EventBatch]) -> None:
        if self._process is not None:
            try:
                await self._process.project(batches)
            except FollowerError as error:
                self._process = None
                _log.warning("records are written by this process from now on: %s", error)
        if self._process is None:
            await self._records.project(batches)
        self._projected = batches[-1].sequence
        self._ok = True

    async def _rebuild(self) -> None:
        """Make the missing batches again."""
        upto, before = self._position(), self._projected
        replay, _ = await begin_replay(
            self._make_engine,
            self._journal,
            self._snapshots,
            at_most=self._projected,
            isolations=self._isolations,
        )
        _log.info("records follow from command %d", self._projected + 1)
        async for batches in replay_chunks(replay, self._journal, upto):
            missing = [batch for batch in batches if batch.sequence > self._projected]
            if missing:
                await self._put(missing)
        assert self._projected > before, "the journal lacks what the records miss"


class Snapshotting:
    """Takes a snapshot every so many commands.

    Args:
        snapshots: where they are kept.
        journal: the journal.
        recipe: what makes a fresh engine.
        isolations: which commands broke an invariant.
        clock: how waits are made.
        options: how often.
        position: tells the last applied frame.
        covered: the command that the newest snapshot covers.
        sequence: the last command at start.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        *,
        journal: Journal,
        recipe: EngineRecipe,
        isolations: Isolations,
        clock: Clock,
        options: ExchangeOptions,
        position: Callable[[], int],
        covered: Sequence,
        sequence: Sequence,
    ) -> None:
        self._snapshots = snapshots
        self._journal = journal
        self._recipe = recipe
        self._isolations = isolations
        self._use_process = options.snapshot_process
        self._clock = clock
        self._options = options
        self._position = position
        self._covered = covered
        self._newest = sequence
        self._wake = asyncio.Event()
        self._wake.set()

    @property
    def lag(self) -> int:
        """Commands since the last snapshot."""
        return self._newest - self._covered

    def offer(self, batches: list[EventBatch]) -> None:
        """Learn that commands happened."""
        self._newest = batches[-1].sequence
        if self.lag >= self._options.snapshot_every:
            self._wake.set()

    async def run(self) -> None:
        """Take snapshots until canceled. One that fails is logged and tried again later."""
        wait_s = self._options.retry_s
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self.lag < self._options.snapshot_every:
                continue
            try:
                await self._take()
                wait_s = self._options.retry_s
            except (HybridDexError, OSError) as error:
                _log.warning("no snapshot could be taken: %s", error)
                await self._clock.sleep(wait_s)
                wait_s = min(2 * wait_s, self._options.retry_max_s)
                self._wake.set()

    async def _take(self) -> None:
        upto = self._position()
        if self._use_process:
            try:
                await self._take_in_process(upto)
                return
            except FollowerError as error:
                self._use_process = False
                _log.warning("snapshots are taken in a thread from now on: %s", error)
        replay, _ = await begin_replay(
            self._recipe, self._journal, self._snapshots, isolations=self._isolations
        )
        async for _ in replay_chunks(replay, self._journal, upto):
            pass
        await self.put(await asyncio.to_thread(replay.snapshot))

    async def _take_in_process(self, upto: int) -> None:
        journal, snapshots = self._journal, self._snapshots
        if isinstance(journal, SharedJournal) and isinstance(snapshots, SharedSnapshots):
            taken = await keep_snapshot(
                self._recipe,
                journal.reader(),
                snapshots.for_another_process(),
                upto,
                self._isolations,
                wants_oldest=self._options.trim_journal,
            )
            self._covered = taken.sequence
            if taken.oldest:
                await self._journal.trim(taken.oldest)
            return
        snapshot, epoch = await newest_linked(self._journal, self._snapshots)
        after = snapshot.position if snapshot else 0
        async with contextlib.aclosing(_frames(self._journal, after, upto)) as frames:
            snapshot = await take_snapshot(self._recipe, snapshot, epoch, frames, self._isolations)
        await self.put(snapshot)

    async def put(self, snapshot: Snapshot) -> None:
        """Keep a snapshot, and forget the journal below the oldest kept one where that is set."""
        await self._snapshots.put(snapshot)
        self._covered = snapshot.sequence
        if self._options.trim_journal:
            await self._journal.trim(await oldest_kept(self._snapshots, snapshot))
