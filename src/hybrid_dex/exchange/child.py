"""A child process of the exchange and the pipes to it: what followers in a process stand on.

The child is this Python, running one function of this library. It is told everything by its standard
input, in messages: eight bytes of length, then the bytes. The first two are where modules are found,
and what it is to work on, pickled. Nothing of the parent's memory is shared, so neither its lock nor
its garbage collector notices; nothing stands in the arguments, where other programs could read it. The
child is nicer than the parent: where processors are few, matching comes first.
"""

import asyncio
import os
import pickle
import signal
import sys
from typing import BinaryIO, Final

from hybrid_dex.errors import HybridDexError, UnavailableError

__all__ = ["NOT_UNDERSTOOD", "FollowerError", "begin", "framed", "pickled", "receive", "start"]

LENGTH_BYTES: Final = 8
NOT_UNDERSTOOD: Final = 3
"""Exit code of a child that can not read what it is given: a book of the parent's main script, say."""


class FollowerError(HybridDexError):
    """The following process can not be given what it needs: another one would not fare better."""


def pickled(content: object, what: str) -> bytes:
    """Return an object as a child reads it. Raises `FollowerError`, which names it as ``what``."""
    try:
        return pickle.dumps(content)
    except Exception as error:  # pickle raises whatever an object raises
        raise FollowerError(f"{what} can not be sent to another process: {error}") from error


def framed(message: bytes) -> bytes:
    """Return a message as it stands in a pipe."""
    return len(message).to_bytes(LENGTH_BYTES, "big") + message


async def start(script: str, *, stderr: int | None) -> asyncio.subprocess.Process:
    """Start a child that runs a line of Python; its first message is on the way."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
    )
    assert process.stdin is not None
    process.stdin.write(framed(pickle.dumps(sys.path)))
    return process


def begin(pipe: BinaryIO, nicer: int) -> object:
    """Return, in the child, what it is to work on; end it when that can not be read there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to both; the parent ends us
    os.nice(nicer)
    sys.path[:] = pickle.loads(receive(pipe))  # noqa: S301 # our own parent's
    try:
        asked: object = pickle.loads(receive(pipe))  # noqa: S301 # our own parent's
    except Exception as error:  # noqa: BLE001 # pickle raises whatever an object raises
        sys.stderr.write(f"{error!r}\n")
        sys.exit(NOT_UNDERSTOOD)
    return asked


def receive(pipe: BinaryIO) -> bytes:
    """Return the next message, in the child. Raises `UnavailableError` when the exchange ended."""
    return _read(pipe, int.from_bytes(_read(pipe, LENGTH_BYTES), "big"))


def _read(pipe: BinaryIO, length: int) -> bytes:
    content = pipe.read(length)
    if len(content) != length:
        raise UnavailableError("the exchange ended before its snapshot was taken")
    return content
