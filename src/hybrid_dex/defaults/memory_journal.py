"""MemoryJournal: the journal of an exchange that forgets everything, and of most tests.

It has the semantics of every journal but the one that matters: nothing survives the process.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Final

from hybrid_dex.errors import FencedError, JournalError, JournalFullError, UnavailableError
from hybrid_dex.interfaces.journal import JournalCapabilities

__all__ = ["MemoryJournal"]

_MAX_FRAME_BYTES: Final = 1 << 20
_MAX_DEPTH: Final = 256


class MemoryJournal:
    """A journal in a list. It may be opened again after `close`, with what it held."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._trimmed = 0
        self._is_open = False
        self._advanced = asyncio.Event()

    @property
    def capabilities(self) -> JournalCapabilities:
        """Neither replicated nor durable."""
        return JournalCapabilities(
            replicated=False,
            durable_on_ack=False,
            max_frame_bytes=_MAX_FRAME_BYTES,
            max_depth=_MAX_DEPTH,
        )

    async def open(self) -> None:
        """Be ready. Raises `UnavailableError` when another writer has it open."""
        if self._is_open:
            raise UnavailableError("another exchange writes this journal; close that one first")
        self._is_open = True
        self._advanced = asyncio.Event()

    async def close(self) -> None:
        """Release the lock and end followers. Safe to call twice."""
        self._is_open = False
        self._advanced.set()

    async def verify_durability(self) -> None:
        """Memory promises nothing, and keeps it."""

    async def head(self) -> int:
        """Return the last position, 0 when empty."""
        return self._trimmed + len(self._frames)

    def append(self, expected: int, frame: bytes) -> Awaitable[int]:
        """Append at position ``expected`` + 1.

        Raises, when awaited: `FencedError`, `JournalFullError`, `UnavailableError`.
        """
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        head = self._trimmed + len(self._frames)
        if not self._is_open:
            done.set_exception(UnavailableError("the journal is not open"))
        elif expected != head:
            done.set_exception(FencedError(head))
        elif len(frame) > _MAX_FRAME_BYTES:
            limit = f"at most {_MAX_FRAME_BYTES}"
            done.set_exception(
                JournalFullError(f"a frame has {limit} bytes, this one has {len(frame)}")
            )
        else:
            self._frames.append(frame)
            done.set_result(head + 1)
            self._advanced.set()
            self._advanced = asyncio.Event()
        return done

    async def read_at(self, position: int) -> bytes | None:
        """Return the frame at a position, or ``None``."""
        index = position - self._trimmed - 1
        return self._frames[index] if 0 <= index < len(self._frames) else None

    async def read(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield every frame after a position, then end. Raises `JournalError` when trimmed."""
        upto = self._trimmed + len(self._frames)
        for position in range(max(after, 0) + 1, upto + 1):
            if position <= self._trimmed:
                raise JournalError(f"record {position} is trimmed")
            yield position, self._frames[position - self._trimmed - 1]

    async def follow(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield every frame after a position, and new ones until the journal closes."""
        position = max(after, 0)
        while True:
            advanced = self._advanced
            async for number, frame in self.read(position):
                position = number
                yield number, frame
            if not self._is_open:
                return
            if position >= self._trimmed + len(self._frames):
                await advanced.wait()

    async def trim(self, upto: int) -> None:
        """Forget frames up to a position."""
        gone = max(0, min(upto - self._trimmed, len(self._frames)))
        del self._frames[:gone]
        self._trimmed += gone
