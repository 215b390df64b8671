"""Snapshots: states of the engine at a journal position, to start from."""

from typing import Protocol, runtime_checkable

import msgspec

from hybrid_dex.model.units import Sequence

__all__ = ["SharedSnapshots", "Snapshot", "Snapshots"]


class Snapshot(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The engine's whole state after a command.

    Attributes:
        position: the journal position of the frame that ends with that command.
        frame_hash: that frame's chain hash, so that the journal can be checked to be the same.
        sequence: the command's sequence number.
        state_hash: `Engine.state_hash()` at that point, 32 bytes.
        versions: the versions line of the engine that wrote it.
        state: `Engine.snapshot()`.
    """

    position: int
    frame_hash: bytes
    sequence: Sequence
    state_hash: bytes
    versions: str
    state: bytes


class Snapshots(Protocol):
    """Where snapshots are kept.

    The last three are; and of each earlier versions line the last one, as only its own versions
    could make it again and a replay of what came after begins there.
    """

    async def put(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; durable when this returns, or raises and has changed nothing."""
        ...

    async def latest(self) -> Snapshot | None:
        """Return the newest good snapshot, skipping damaged ones; ``None`` when there is none."""
        ...

    async def before(self, position: int) -> Snapshot | None:
        """Return the newest good snapshot at a lower position than this, or ``None``."""
        ...


@runtime_checkable
class SharedSnapshots(Protocol):
    """Snapshots that another process can read and put, too."""

    def for_another_process(self) -> Snapshots:
        """Return the same store; it can be pickled."""
        ...
