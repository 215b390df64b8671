"""ProjectingProcess: rows of the records, written by another process.

Projecting costs about as much as checking an order's signature does. Done here, it would take that time from
the event loop's interpreter, and longer where transactions are small. So the parent only writes what happened
into a pipe, and the child makes rows of it.

It must never run ahead of the journal: it is given what is durable and applied, by the `Projection` that
counts what it has acknowledged. It never needs to be believed: the position stands in the rows' own
transaction, and one that died in the middle is begun anew and told again.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence as Items
from typing import BinaryIO, Final

import msgspec

from hybrid_dex.errors import HybridDexError, SequenceError, UnavailableError
from hybrid_dex.exchange.child import NOT_UNDERSTOOD, FollowerError, begin, framed, pickled, receive
from hybrid_dex.exchange.child import start as start_child
from hybrid_dex.interfaces.records import Records
from hybrid_dex.model.events import EventBatch

__all__ = ["ProjectingProcess", "serve"]

_SCRIPT: Final = "from hybrid_dex.exchange.projecting import serve; serve()"
_NICER: Final = 2
_LENGTH_BYTES: Final = 8
_END_S: Final = 10.0
# JSON, as the journal: amounts exceed 64 bits, where msgpack ends.
_encoder: Final = msgspec.json.Encoder()


class _Failure(msgspec.Struct, frozen=True):
    """Why batches were not projected; an empty text when they were.

    Attributes:
        text: what the error says.
        in_sequence: whether a batch is missing before these.
    """

    text: str = ""
    in_sequence: bool = False


class ProjectingProcess:
    """The writing side of records in a process of its own, which starts when it is first needed.

    Args:
        records: what writes them there; it has to be pickled, and is opened and closed there.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process that runs now, if one does."""
        return None if self._process is None else self._process.pid

    async def project(self, batches: Items[EventBatch]) -> None:
        """Apply events and the new position in one transaction; repeats are ignored.

        Raises:
            FollowerError: these records can not be sent to another process.
            SequenceError: a batch is missing before one of these.
            UnavailableError: the database can not be reached, or the process ended; nothing was
                written, or all of it.
        """
        process = self._process or await self._start()
        try:
            answer = await _ask(process, _encoder.encode(batches))
        except (OSError, EOFError) as error:
            code = await self._end()
            if code == NOT_UNDERSTOOD:
                raise FollowerError(
                    "the records can not be read by the process that projects"
                ) from error
            raise UnavailableError(f"the process that projects ended with code {code}") from error
        except BaseException:
            await self._end()  # its next answer would be the one to this
            raise
        failure = msgspec.json.decode(answer, type=_Failure)
        if failure.text:
            raise (SequenceError if failure.in_sequence else UnavailableError)(failure.text)

    async def close(self) -> None:
        """End the process after what it does now. Safe to call twice."""
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()
            with contextlib.suppress(TimeoutError):  # then it is killed: within a transaction
                await asyncio.wait_for(process.wait(), _END_S)
            await self._end()

    async def _start(self) -> asyncio.subprocess.Process:
        content = pickled(self._records, "the records")
        process = self._process = await start_child(_SCRIPT, stderr=None)
        assert process.stdin is not None
        process.stdin.write(framed(content))
        return process

    async def _end(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.returncode is None:
            # One whose pipe is closed ends by itself, and says by its code why.
            try:
                await asyncio.wait_for(process.wait(), _END_S / 10)
            except TimeoutError:
                process.kill()
        return await process.wait()


async def _ask(process: asyncio.subprocess.Process, message: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(framed(message))
    await process.stdin.drain()
    length = int.from_bytes(await process.stdout.readexactly(_LENGTH_BYTES), "big")
    return await process.stdout.readexactly(length)


def serve() -> None:
    """Be the child: project what comes until nothing comes any more."""
    pipe = sys.stdin.buffer
    records: Records = begin(pipe, _NICER)  # type: ignore[assignment] # what the parent sends
    asyncio.run(_serve(records, pipe))


async def _serve(records: Records, pipe: BinaryIO) -> None:
    decoder = msgspec.json.Decoder(list[EventBatch])
    is_open = False
    while True:
        try:
            message = receive(pipe)
        except UnavailableError:
            break
        failure = _Failure()
        try:
            if not is_open:
                await records.open()
                is_open = True
            await records.project(decoder.decode(message))
        except (HybridDexError, OSError) as error:
            failure = _Failure(str(error), isinstance(error, SequenceError))
        if not _answer(failure):
            break
    await records.close()


def _answer(failure: _Failure) -> bool:
    """Tell the parent; return whether it is there."""
    try:
        sys.stdout.buffer.write(framed(_encoder.encode(failure)))
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # it was killed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in the buffer
        return False
    return True
