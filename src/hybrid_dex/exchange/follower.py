"""A process that follows the journal: it takes a snapshot while the writer goes on matching.

Where journal and snapshots can be read by another process, as files can, the child is told which
ones and does everything itself: the parent never touches the state's bytes, and a hundred megabytes
of it would be felt there. Otherwise the parent sends the snapshot to start from and the frames
since, each a message, of which an empty one is the last, and gets the new one back.
"""

import asyncio
import copy
import os
import sys
from collections.abc import AsyncIterator, Callable
from typing import Final, cast

import attrs
import msgspec

from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import UnavailableError
from hybrid_dex.exchange.child import (
    NOT_UNDERSTOOD,
    FollowerError,
    begin,
    framed,
    pickled,
    receive,
    start,
)
from hybrid_dex.exchange.isolations import Isolations
from hybrid_dex.exchange.replay import Replay, begin_replay
from hybrid_dex.interfaces.book import Book
from hybrid_dex.interfaces.journal import JournalReader
from hybrid_dex.interfaces.risk import Risk
from hybrid_dex.interfaces.snapshots import Snapshot, Snapshots
from hybrid_dex.model.market import Market
from hybrid_dex.model.units import Sequence

__all__ = [
    "EngineRecipe",
    "FollowerError",
    "Taken",
    "follow",
    "keep_snapshot",
    "oldest_kept",
    "take_snapshot",
]

_SCRIPT: Final = "from hybrid_dex.exchange.follower import follow; follow()"
_NICER: Final = 10
_NAMED: Final = "book and risk"
_KEPT: Final = 3
_LOOK_AFTER_FRAMES: Final = 256


@attrs.frozen(kw_only=True)
class EngineRecipe:
    """What it takes to make a fresh engine, here or in another process.

    Attributes:
        book: makes a market's book.
        risk: the rules, in their initial state; every engine gets a copy.
        requires_signature: as of the settlement.
    """

    book: Callable[[Market], Book]
    risk: Risk
    requires_signature: bool

    def __call__(self) -> Engine:
        """Return a fresh engine."""
        return Engine(
            book=self.book,
            risk=copy.deepcopy(self.risk),
            requires_signature=self.requires_signature,
        )


class Taken(msgspec.Struct, frozen=True, array_like=True):
    """A snapshot that another process took and kept.

    Attributes:
        position: the record that it ends with.
        sequence: the command that it covers.
        oldest: the oldest position that a start may need, if that was asked for; otherwise 0.
    """

    position: int
    sequence: Sequence
    oldest: int


@attrs.frozen
class _Errand:
    """What the child does by itself: bring a snapshot up to a position and keep it."""

    recipe: EngineRecipe
    journal: JournalReader
    snapshots: Snapshots
    upto: int
    isolations: Isolations
    wants_oldest: bool


async def keep_snapshot(
    recipe: EngineRecipe,
    journal: JournalReader,
    snapshots: Snapshots,
    upto: int,
    isolations: Isolations,
    *,
    wants_oldest: bool,
) -> Taken:
    """Let another process take the snapshot after a record, and keep it.

    Raises:
        FollowerError: something can not be sent to another process.
        UnavailableError: that process failed; it may be tried again.
    """
    errand = _Errand(recipe, journal, snapshots, upto, isolations, wants_oldest)
    answer = await _ask([pickled(errand, _NAMED)], None)
    return msgspec.msgpack.decode(answer, type=Taken)


async def take_snapshot(
    recipe: EngineRecipe,
    snapshot: Snapshot | None,
    epoch: int,
    frames: AsyncIterator[tuple[int, bytes]],
    isolations: Isolations,
) -> Snapshot:
    """Return the snapshot after the last of these frames, taken by another process.

    Raises:
        FollowerError: the book or the risk can not be sent to another process.
        UnavailableError: that process failed; it may be tried again.
    """
    answer = await _ask([pickled((recipe, snapshot, epoch, isolations), _NAMED)], frames)
    return msgspec.msgpack.decode(answer, type=Snapshot)


async def _ask(messages: list[bytes], frames: AsyncIterator[tuple[int, bytes]] | None) -> bytes:
    """Start the child, send messages and frames, return what it answers."""
    process = await start(_SCRIPT, stderr=asyncio.subprocess.PIPE)
    try:
        assert process.stdin is not None
        try:
            for message in messages:
                await _send(process.stdin, message)
            if frames is not None:
                async for position, raw in frames:
                    await _send(process.stdin, position.to_bytes(8, "big") + raw)
                await _send(process.stdin, b"")
        except (BrokenPipeError, ConnectionResetError):
            pass  # it ended early; what it said comes now
        answer, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        failed = FollowerError if process.returncode == NOT_UNDERSTOOD else UnavailableError
        raise failed(f"the process that takes snapshots failed: {last}")
    return answer


async def _send(pipe: asyncio.StreamWriter, message: bytes) -> None:
    pipe.write(framed(message))
    await pipe.drain()


def follow() -> None:
    """Be the child: do what the parent asks for, and answer."""
    pipe = sys.stdin.buffer
    asked = begin(pipe, _NICER)
    answer: Snapshot | Taken
    if isinstance(asked, _Errand):
        answer = asyncio.run(_keep(asked, os.getppid()))
    else:
        told = cast("tuple[EngineRecipe, Snapshot | None, int, Isolations]", asked)
        recipe, snapshot, epoch, isolations = told
        replay = Replay(recipe(), snapshot, epoch, isolations, thorough=True)
        while message := receive(pipe):
            replay.feed(int.from_bytes(message[:8], "big"), message[8:])
        answer = replay.snapshot()
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))
    sys.stdout.buffer.flush()


async def _keep(errand: _Errand, parent: int) -> Taken:
    replay, _ = await begin_replay(
        errand.recipe,
        errand.journal,
        errand.snapshots,
        isolations=errand.isolations,
        thorough=True,
    )
    async for position, raw in errand.journal.read(replay.position):
        if position > errand.upto:
            break
        replay.feed(position, raw)
        if position % _LOOK_AFTER_FRAMES == 0:
            _require(parent)
    snapshot = replay.snapshot()
    _require(parent)
    await errand.snapshots.put(snapshot)
    oldest = await oldest_kept(errand.snapshots, snapshot) if errand.wants_oldest else 0
    return Taken(snapshot.position, snapshot.sequence, oldest)


def _require(parent: int) -> None:
    """End when the exchange has: another one may write the journal by now."""
    if os.getppid() != parent:
        raise UnavailableError("the exchange ended before its snapshot was taken")


async def oldest_kept(snapshots: Snapshots, newest: Snapshot) -> int:
    """Return the position of the oldest of the last three snapshots."""
    oldest = newest
    for _ in range(_KEPT - 1):
        older = await snapshots.before(oldest.position)
        if older is None:
            break
        oldest = older
    return oldest.position
