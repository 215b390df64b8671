"""Time travel: the whole exchange as it stood after any command of its journal.

It reads journal and snapshots and writes neither, so it may look at a running exchange. A state
is never guessed: it is a snapshot, or what replay makes of one, by the versions that the journal
names. Where they change, as limits do, it goes on with the new ones from the state that the old left.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Final

import attrs
import msgspec

from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import (
    ConfigurationError,
    InvariantError,
    JournalError,
    VersionMismatchError,
)
from hybrid_dex.exchange.isolations import Isolations
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.interfaces.journal import JournalReader
from hybrid_dex.interfaces.snapshots import Snapshot, Snapshots
from hybrid_dex.model.commands import Command
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.frame import HASH_BYTES, FrameKind, decode_frame

__all__ = ["EngineMaker", "Happened", "TimeTravel", "Until"]

EngineMaker = Callable[[str], Callable[[], Engine]]
"""Gives what makes engines of the versions that a journal names."""

_NO_VERSIONS: Final = ""


@attrs.frozen(kw_only=True)
class Until:
    """Where a replay ends: after a command, or with the last one of a moment.

    Attributes:
        sequence: the last command; ``None`` for no such end.
        at_ns: when the last command may have been stamped; ``None`` for no such end.
    """

    sequence: int | None = None
    at_ns: int | None = None

    def admits(self, command: Command) -> bool:
        """Whether a command lies before the end."""
        return (self.sequence is None or command.sequence <= self.sequence) and (
            self.at_ns is None or command.at_ns <= self.at_ns
        )

    def reached(self, sequence: int) -> bool:
        """Whether no later command can lie before the end."""
        return self.sequence is not None and sequence >= self.sequence


@attrs.frozen(kw_only=True)
class Happened:
    """One command, where the journal has it, and what it did."""

    position: int
    command: Command
    batch: EventBatch


class TimeTravel:
    """Replays of one journal.

    Args:
        journal: the records.
        snapshots: where a replay may begin; ``None`` begins at the journal's beginning.
        engine_of: makes the engine that the journal's versions ask for.
    """

    def __init__(
        self, journal: JournalReader, snapshots: Snapshots | None, engine_of: EngineMaker
    ) -> None:
        self._journal = journal
        self._snapshots = snapshots
        self._engine_of = engine_of

    async def state(self, until: Until) -> Replay:
        """Return the replay after the last command that `until` admits.

        Raises:
            ConfigurationError: the journal ends before that command.
            VersionMismatchError: another program wrote these commands.
            JournalError: the records that are needed are trimmed or damaged.
        """
        reached: Replay | None = None
        async for replay, _, _ in self._run(until, until):
            reached = replay
        assert reached is not None
        last = reached.engine.sequence
        if until.sequence is not None and last < until.sequence and until.at_ns is None:
            raise ConfigurationError(
                f"the journal ends at command {last}; there is no command {until.sequence} yet"
            )
        return reached

    async def happened(self, after: int, until: Until) -> AsyncGenerator[Happened]:
        """Yield every command behind the one numbered ``after``, with what it did, up to `until`.

        Raises: as `state`.
        """
        told = after
        async for replay, raw, batches in self._run(Until(sequence=after), until):
            if not batches:
                continue
            commands = {command.sequence: command for command in decode_frame(raw).commands}
            for batch in batches:
                if batch.sequence > told:
                    told = batch.sequence
                    command = commands[batch.sequence]
                    yield Happened(position=replay.position, command=command, batch=batch)

    async def _run(
        self, begin: Until, until: Until
    ) -> AsyncIterator[tuple[Replay, bytes, list[EventBatch]]]:
        """Yield the replay at its beginning and after every frame.

        Where a command turns out to have broken an invariant, all begins again, knowing it.
        """
        isolations = Isolations()
        while True:
            replay = await self._begin(begin, isolations)
            yield replay, b"", []
            if until.reached(replay.engine.sequence):
                return
            ended = False

            def admits(command: Command) -> bool:
                nonlocal ended
                ended = ended or not until.admits(command)
                return not ended

            try:
                async for position, raw in self._journal.read(replay.position):
                    try:
                        batches = replay.feed(position, raw, admits)
                    except VersionMismatchError:
                        replay = self._changed(replay)
                        batches = replay.feed(position, raw, admits)
                    yield replay, raw, batches
                    if ended or until.reached(replay.engine.sequence):
                        return
            except InvariantError as error:
                if not error.market:
                    raise
                isolations.add(error.sequence, error.market)
            else:
                return

    def _changed(self, replay: Replay) -> Replay:
        """Go on where versions changed, as the exchange did: from the state that the old ones left.

        Raises:
            VersionMismatchError: this program can not make an engine of the new ones.
        """
        versions = replay.versions
        state = msgspec.structs.replace(replay.snapshot(), versions=versions)
        return Replay(self._engine_of(versions)(), state, replay.epoch, replay.isolations)

    async def _begin(self, until: Until, isolations: Isolations) -> Replay:
        """Return a replay at the newest good snapshot that is not behind the end."""
        snapshot = await self._snapshots.latest() if self._snapshots is not None else None
        while snapshot is not None:
            assert self._snapshots is not None
            epoch = await self._epoch_at(snapshot, until)
            if epoch is not None:
                engine = await self._engine(snapshot)
                with contextlib.suppress(JournalError):  # it is not what it says: as at a start
                    return Replay(engine, snapshot, epoch, isolations)
            snapshot = await self._snapshots.before(snapshot.position)
        return Replay(await self._engine(None), isolations=isolations)

    async def _epoch_at(self, snapshot: Snapshot, until: Until) -> int | None:
        """Return the epoch at a snapshot, ``None`` when it does not serve."""
        if until.sequence is not None and snapshot.sequence > until.sequence:
            return None
        raw = await self._journal.read_at(snapshot.position)
        if raw is None:  # trimmed, so its time is not known; or the journal lost its end
            lost = await self._journal.head() < snapshot.position
            return None if lost or until.at_ns is not None else 0
        frame = decode_frame(raw)
        late = until.at_ns is not None and frame.at_ns > until.at_ns
        return None if late or raw[-HASH_BYTES:] != snapshot.frame_hash else frame.epoch

    async def _engine(self, snapshot: Snapshot | None) -> Engine:
        """Make the engine that the first commands behind a snapshot were applied with."""
        versions = _NO_VERSIONS if snapshot is None else snapshot.versions
        async for _, raw in self._journal.read(0 if snapshot is None else snapshot.position):
            frame = decode_frame(raw)
            if frame.kind is FrameKind.EPOCH:
                versions = frame.note
            if frame.commands:
                break
        if versions == _NO_VERSIONS:
            raise VersionMismatchError("the journal is empty: nothing happened yet")
        return self._engine_of(versions)()
