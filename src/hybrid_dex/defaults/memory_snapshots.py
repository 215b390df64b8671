"""MemorySnapshots: snapshots that live as long as the process."""

from typing import Final

from hybrid_dex.interfaces.snapshots import Snapshot

__all__ = ["MemorySnapshots"]

_KEPT: Final = 3


class MemorySnapshots:
    """The last three snapshots, in a list."""

    def __init__(self) -> None:
        self._snapshots: list[Snapshot] = []

    async def put(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; one at the same position gives way."""
        others = [one for one in self._snapshots if one.position != snapshot.position]
        self._snapshots = sorted([*others, snapshot], key=lambda one: one.position)[-_KEPT:]

    async def latest(self) -> Snapshot | None:
        """Return the newest, or ``None``."""
        return self._snapshots[-1] if self._snapshots else None

    async def before(self, position: int) -> Snapshot | None:
        """Return the newest at a lower position, or ``None``."""
        lower = [one for one in self._snapshots if one.position < position]
        return lower[-1] if lower else None
