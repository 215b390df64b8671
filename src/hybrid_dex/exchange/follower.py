"""A process that follows the journal: it takes a snapshot while the writer goes on matching.

The parent sends, through the child's standard input, the recipe of an engine, the snapshot to
start from, and the frames since; the child replays them and answers with one snapshot. Nothing of
the parent's memory is shared, so neither its lock nor its garbage collector notices.

A message is its length in eight bytes, then the bytes; an empty one ends the frames.
"""

import asyncio
import copy
import pickle
import sys
from collections.abc import AsyncIterator, Callable
from typing import BinaryIO, Final

import attrs
import msgspec

from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import HybridDexError
from hybrid_dex.exchange.isolations import Isolations
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.interfaces.book import Book
from hybrid_dex.interfaces.risk import Risk
from hybrid_dex.interfaces.snapshots import Snapshot
from hybrid_dex.model.market import Market

__all__ = ["EngineRecipe", "FollowerError", "follow", "take_snapshot"]

_LENGTH_BYTES: Final = 8
_SCRIPT: Final = "from hybrid_dex.exchange.follower import follow; follow()"


class FollowerError(HybridDexError):
    """The following process could not be given its engine, or ended without an answer."""


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


async def take_snapshot(
    recipe: EngineRecipe,
    snapshot: Snapshot | None,
    epoch: int,
    frames: AsyncIterator[tuple[int, bytes]],
    isolations: Isolations,
) -> Snapshot:
    """Return the snapshot after the last of these frames, taken by another process.

    Raises:
        FollowerError: the book or the risk can not be sent to another process, or it failed.
    """
    try:
        start = pickle.dumps((recipe, snapshot, epoch, isolations))
    except Exception as error:  # pickle raises whatever an object raises
        raise FollowerError(f"book and risk can not be sent to another process: {error}") from error
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _SCRIPT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdin is not None
        try:
            await _send(process.stdin, pickle.dumps(sys.path))
            await _send(process.stdin, start)
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
        raise FollowerError(f"the process that takes snapshots failed: {last}")
    return msgspec.msgpack.decode(answer, type=Snapshot)


async def _send(pipe: asyncio.StreamWriter, message: bytes) -> None:
    pipe.write(len(message).to_bytes(_LENGTH_BYTES, "big") + message)
    await pipe.drain()


def follow() -> None:
    """Be the child: read a recipe and frames, write a snapshot."""
    pipe = sys.stdin.buffer
    sys.path[:] = pickle.loads(_receive(pipe))  # noqa: S301 # our own parent's
    recipe, snapshot, epoch, isolations = pickle.loads(_receive(pipe))  # noqa: S301 # our own parent's
    replay = Replay(recipe(), snapshot, epoch, isolations)
    while message := _receive(pipe):
        replay.feed(int.from_bytes(message[:8], "big"), message[8:])
    sys.stdout.buffer.write(msgspec.msgpack.encode(replay.snapshot()))
    sys.stdout.buffer.flush()


def _receive(pipe: BinaryIO) -> bytes:
    length = int.from_bytes(_read(pipe, _LENGTH_BYTES), "big")
    return _read(pipe, length)


def _read(pipe: BinaryIO, length: int) -> bytes:
    content = pipe.read(length)
    if len(content) != length:
        raise FollowerError("the exchange ended before its snapshot was taken")
    return content
