"""Replay: an engine brought forward by the journal's frames.

Recovery, snapshots and the rebuilding of records all go this way. It must never apply a frame
that does not continue the one before it, nor a command under versions other than those that first
applied it: the same commands would give another state.

The versions in force are those of the last epoch frame, or of the snapshot that replay began at.
So versions - limits of the risk belong to them - change when nothing follows the snapshot: close the
exchange with the old program, which leaves one, and start the new one.

A command that broke an invariant is applied as it was when it was first (`Isolations`). What the
journal records about it decides; a command that breaks one now, while its record is missing, is
believed only where the writer can have ended before it wrote the record.
"""

import hashlib
from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import Final

from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import HybridDexError, InvariantError, JournalError, VersionMismatchError
from hybrid_dex.exchange.isolations import Isolations
from hybrid_dex.interfaces.journal import JournalReader
from hybrid_dex.interfaces.snapshots import Snapshot, Snapshots
from hybrid_dex.model.commands import BatchOrders, Command, PlaceLinked, PlaceOrder
from hybrid_dex.model.events import EventBatch, fresh_events
from hybrid_dex.model.frame import (
    GENESIS_HASH,
    HASH_BYTES,
    Frame,
    FrameKind,
    decode_frame,
    isolations_of,
)
from hybrid_dex.model.units import MarketId, Sequence

__all__ = ["Replay", "apply_command", "begin_replay", "newest_linked"]

_RECORDED_WITHIN: Final = 1_024
"""Frames that a writer may have had in flight when a command broke an invariant."""


def apply_command(
    engine: Engine, command: Command, isolated: tuple[MarketId, ...] = ()
) -> tuple[EventBatch, EventBatch]:
    """Apply a command; return what its caller is told, and what happened.

    They differ only where a client order id is repeated, alone or in a batch: the caller is told
    the first command's events again.
    """
    events = engine.apply_isolated(command, isolated) if isolated else engine.apply(command)
    answer = EventBatch(command.sequence, command.at_ns, events)
    if type(command) is PlaceOrder:
        if command.client_order_id is None:
            return answer, answer
    elif type(command) is not BatchOrders and type(command) is not PlaceLinked:
        return answer, answer
    return answer, EventBatch(answer.sequence, answer.at_ns, fresh_events(answer))


class Replay:
    """An engine and its place in the journal.

    Args:
        engine: a fresh engine.
        snapshot: what to start from; ``None`` for the journal's beginning.
        epoch: the epoch in force at the snapshot.
        isolations: which commands broke an invariant; none when not given.
        thorough: also make sure that the restored state is written again as the same bytes, where
            this program's versions wrote them. O(state).
    """

    def __init__(
        self,
        engine: Engine,
        snapshot: Snapshot | None = None,
        epoch: int = 0,
        isolations: Isolations | None = None,
        *,
        thorough: bool = False,
    ) -> None:
        self.engine = engine
        self.isolations = Isolations() if isolations is None else isolations
        self._unrecorded: dict[tuple[int, MarketId], tuple[int, int]] = {}
        self.position = 0
        self.frame_hash = GENESIS_HASH
        self.epoch = epoch
        self.at_ns = engine.at_ns
        self._own_versions = engine.versions  # once: making the line costs more than a command
        self._versions = self._own_versions
        if snapshot is not None:
            self._restore(snapshot, thorough=thorough)
        self._began = self.engine.sequence

    @property
    def versions(self) -> str:
        """What the journal's commands are applied with here, by the last epoch or the snapshot."""
        return self._versions

    @property
    def unrecorded(self) -> list[tuple[int, MarketId]]:
        """Isolations that were applied and are not in the journal yet: the next writer's first."""
        return list(self._unrecorded)

    def _restore(self, snapshot: Snapshot, *, thorough: bool) -> None:
        engine = self.engine
        good = hashlib.sha256(snapshot.state).digest() == snapshot.state_hash
        if good:
            engine.restore(snapshot.state)
            good = engine.sequence == snapshot.sequence
        if good and thorough and self._own_versions == snapshot.versions:
            good = engine.snapshot() == snapshot.state
        if not good:
            raise JournalError(
                f"the snapshot at record {snapshot.position} does not restore to the state it names"
            )
        self.position = snapshot.position
        self.frame_hash = snapshot.frame_hash
        self.at_ns = self.engine.at_ns
        self._versions = snapshot.versions

    def feed(
        self, position: int, raw: bytes, keep: Callable[[Command], bool] | None = None
    ) -> list[EventBatch]:
        """Apply one frame and return what its commands did.

        Args:
            position: the frame's.
            raw: the frame.
            keep: tells the commands to apply; from the first that is not to be, the rest of the
                frame is left out, and no other frame may follow.

        Raises:
            JournalError: the frame is damaged or does not continue the last one.
            VersionMismatchError: its commands were applied by other versions.
            InvariantError: a command breaks the engine's rules; names the market when only that
                one is to blame. Add both to the isolations, and begin again.
        """
        if position != self.position + 1:
            raise JournalError(f"record {self.position + 1} of the journal is missing")
        try:
            frame = decode_frame(raw)
        except VersionMismatchError:
            raise
        except JournalError as error:
            raise JournalError(f"record {position}: {error}") from error
        if frame.previous != self.frame_hash:
            raise JournalError(
                f"record {position} of the journal does not continue record {self.position}; "
                "the snapshot or a part of the journal belongs to another exchange"
            )
        if frame.epoch < self.epoch:
            raise JournalError(f"record {position} goes back from epoch {self.epoch}")
        batches = self._apply(position, frame, keep)
        self.position = position
        self.frame_hash = raw[-HASH_BYTES:]
        self.epoch = frame.epoch
        self.at_ns = max(self.at_ns, frame.at_ns)
        return batches

    def feed_many(self, frames: Iterable[tuple[int, bytes]]) -> list[EventBatch]:
        """Apply frames in order and return what their commands did."""
        return [batch for position, raw in frames for batch in self.feed(position, raw)]

    def _apply(
        self, position: int, frame: Frame, keep: Callable[[Command], bool] | None
    ) -> list[EventBatch]:
        if frame.kind is FrameKind.EPOCH:
            self._versions = frame.note
        self._check_records(position, frame)
        if not frame.commands:
            return []
        if self._versions != self._own_versions:
            raise VersionMismatchError(
                f"the journal from record {position} was written by {self._versions!r} and this "
                f"program is {self._own_versions!r}; start and close the exchange with the old "
                "versions once, or let `hybrid-dex journal migrate` of the old program run: either "
                "leaves a snapshot that the new ones start from. Where only limits changed, "
                "`migrate` of this program does"
            )
        batches = []
        commands = frame.commands if keep is None else takewhile(keep, frame.commands)
        for command in commands:
            isolated = self.isolations.of(command.sequence) if self.isolations else ()
            for market in isolated:
                self._unrecorded[command.sequence, market] = (position, frame.epoch)
            try:
                batches.append(apply_command(self.engine, command, isolated)[1])
            except InvariantError as error:
                raise InvariantError(
                    f"command {command.sequence} in record {position}: {error}; the journal is kept",
                    sequence=command.sequence,
                    market=error.market,
                ) from error
        return batches

    def _check_records(self, position: int, frame: Frame) -> None:
        """Hold what is isolated against what the journal records."""
        for sequence, market in isolations_of(frame):
            if sequence > self._began and market not in self.isolations.of(Sequence(sequence)):
                raise InvariantError(
                    f"record {position}: command {sequence} broke an invariant in {market} once",
                    sequence=sequence,
                    market=market,
                )
            self._unrecorded.pop((sequence, market), None)
        if frame.kind is not FrameKind.COMMANDS:
            return
        for (sequence, market), (broke_at, epoch) in self._unrecorded.items():
            if frame.epoch != epoch or position - broke_at > _RECORDED_WITHIN:
                raise InvariantError(
                    f"command {sequence} in record {broke_at} breaks an invariant in {market} now, "
                    "and did not when it was written: book, risk or program are not the same; "
                    "start with the ones that wrote the journal, which is kept"
                )

    def snapshot(self) -> Snapshot:
        """Return the state here. O(state)."""
        state = self.engine.snapshot()
        return Snapshot(
            position=self.position,
            frame_hash=self.frame_hash,
            sequence=self.engine.sequence,
            state_hash=hashlib.sha256(state).digest(),  # as `Engine.state_hash`
            versions=self._own_versions,
            state=state,
        )


async def begin_replay(
    make_engine: Callable[[], Engine],
    journal: JournalReader,
    snapshots: Snapshots | None,
    *,
    at_most: int | None = None,
    isolations: Isolations | None = None,
    thorough: bool = False,
) -> tuple[Replay, list[str]]:
    """Return a replay that starts at the newest snapshot that is good, and why others are not.

    Args:
        make_engine: makes a fresh engine.
        journal: the journal that the snapshot must belong to.
        snapshots: where to look; ``None`` starts at the journal's beginning.
        at_most: the highest command sequence that the snapshot may cover.
        isolations: which commands broke an invariant, as far as it is known.
        thorough: as of `Replay`.

    Raises:
        JournalError: a snapshot is newer than the journal, or of another journal.
    """
    skipped: list[str] = []
    snapshot = await snapshots.latest() if snapshots is not None else None
    while snapshot is not None:
        assert snapshots is not None
        epoch = await _check_link(journal, snapshot)
        if at_most is None or snapshot.sequence <= at_most:
            try:
                return Replay(
                    make_engine(), snapshot, epoch, isolations, thorough=thorough
                ), skipped
            except HybridDexError as error:
                skipped.append(str(error))
        snapshot = await snapshots.before(snapshot.position)
    return Replay(make_engine(), isolations=isolations), skipped


async def newest_linked(
    journal: JournalReader, snapshots: Snapshots
) -> tuple[Snapshot | None, int]:
    """Return the newest snapshot, which the journal goes through, and the epoch there.

    Raises: as `begin_replay`.
    """
    snapshot = await snapshots.latest()
    return (None, 0) if snapshot is None else (snapshot, await _check_link(journal, snapshot))


async def _check_link(journal: JournalReader, snapshot: Snapshot) -> int:
    """Return the epoch at a snapshot after making sure that the journal goes through it."""
    head = await journal.head()
    if snapshot.position > head:
        raise JournalError(
            f"the snapshot covers record {snapshot.position} and the journal ends at {head}: the "
            "journal lost its end or belongs to another exchange; restore it, do not start"
        )
    raw = await journal.read_at(snapshot.position)
    if raw is None:  # trimmed; the next frame must name the snapshot's hash
        return 0
    if raw[-HASH_BYTES:] != snapshot.frame_hash:
        raise JournalError(
            f"the snapshot at record {snapshot.position} belongs to another journal; "
            "restore the journal it was taken from, or remove the snapshot"
        )
    return decode_frame(raw).epoch
