"""Journal: the replicated or local log that is the truth, and the lock.

A frame is opaque here (see `hybrid_dex.model.frame`). Positions count frames from 1. Ownership is
proven by `append` at the expected position only; there is no lease.
"""

from collections.abc import AsyncIterator, Awaitable
from typing import Protocol

import attrs

__all__ = ["Journal", "JournalCapabilities"]


@attrs.frozen(kw_only=True)
class JournalCapabilities:
    """What a journal promises.

    Attributes:
        replicated: survives the loss of this machine.
        durable_on_ack: an acknowledged frame survives a power cut.
        max_frame_bytes: the largest frame.
        max_depth: how many appends may be in flight at once.
    """

    replicated: bool
    durable_on_ack: bool
    max_frame_bytes: int
    max_depth: int


class Journal(Protocol):
    """One log for one exchange (or one shard of it).

    Raises, from `append`: `FencedError`, `AmbiguousAppendError`, `UnavailableError`,
    `JournalFullError`.
    """

    @property
    def capabilities(self) -> JournalCapabilities:
        """What this journal promises; constant."""
        ...

    async def open(self) -> None:
        """Take the lock, recover the tail, and be ready. Raises `CorruptJournalError`."""
        ...

    async def close(self) -> None:
        """Release everything. Safe to call twice."""
        ...

    async def verify_durability(self) -> None:
        """Raise `UnavailableError` unless the acknowledgement contract holds here."""
        ...

    async def head(self) -> int:
        """Return the last position, 0 when empty. A hint: only `append` proves ownership."""
        ...

    def append(self, expected: int, frame: bytes) -> Awaitable[int]:
        """Append at position ``expected`` + 1; resolves to that position once durable.

        May be called again before the first resolves, up to `max_depth`; order is kept.
        """
        ...

    async def read_at(self, position: int) -> bytes | None:
        """Return the frame at a position, or ``None``: authoritative."""
        ...

    def read(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield every durable frame after a position, then end."""
        ...

    def follow(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield every durable frame after a position, and go on with new ones."""
        ...

    async def trim(self, upto: int) -> None:
        """Forget frames up to a position; only ever below a durable snapshot."""
        ...
