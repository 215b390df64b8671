"""Journal: the replicated or local log that is the truth, and the lock.

A frame is opaque here (see `hybrid_dex.model.frame`). Positions count frames from 1. Ownership is
proven by `append` at the expected position only; there is no lease.

Two things a journal may do besides, and is asked for only when it can: start a new segment when
versions change, and be read by other processes while it is written.
"""

from collections.abc import AsyncIterator, Awaitable
from typing import Protocol, runtime_checkable

import attrs

__all__ = [
    "Journal",
    "JournalCapabilities",
    "JournalReader",
    "SegmentedJournal",
    "SharedJournal",
]


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

    Raises, from `append`: `FencedError`, `AmbiguousAppendError`, `InDoubtError`, `UnavailableError`,
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


class JournalReader(Protocol):
    """What it takes to replay a journal; every `Journal` is one."""

    async def head(self) -> int:
        """Return the last position, 0 when empty."""
        ...

    async def read_at(self, position: int) -> bytes | None:
        """Return the frame at a position, or ``None``."""
        ...

    def read(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield every frame after a position, then end."""
        ...


@runtime_checkable
class SegmentedJournal(Protocol):
    """A journal in segments whose headers name the versions that apply their commands."""

    async def begin_segment(self, versions: str) -> None:
        """Let the next frame stand in a segment of these versions, a new one where they differ.

        Raises `UnavailableError`, `JournalFullError`.
        """
        ...


@runtime_checkable
class SharedJournal(Protocol):
    """A journal that other processes can read while this one writes it."""

    def reader(self) -> JournalReader:
        """Return what reads it; it can be pickled, and takes no lock.

        The reader may see frames that are written and not acknowledged yet.
        """
        ...
