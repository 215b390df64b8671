"""MemorySnapshots: snapshots that live as long as the process."""

from itertools import pairwise
from typing import Final

from hybrid_dex.interfaces.snapshots import Snapshot

__all__ = ["MemorySnapshots"]

_KEPT: Final = 3


class MemorySnapshots:
    """The last three snapshots, in a list, and the last one of each earlier versions line."""

    def __init__(self) -> None:
        self._snapshots: list[Snapshot] = []

    async def put(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; one at the same position gives way."""
        others = [one for one in self._snapshots if one.position != snapshot.position]
        rows = sorted([*others, snapshot], key=lambda one: one.position)
        last = [one for one, after in pairwise(rows) if one.versions != after.versions]
        self._snapshots = [one for one in last if one not in rows[-_KEPT:]] + rows[-_KEPT:]

    async def latest(self) -> Snapshot | None:
        """Return the newest, or ``None``."""
        return self._snapshots[-1] if self._snapshots else None

    async def before(self, position: int) -> Snapshot | None:
        """Return the newest at a lower position, or ``None``."""
        lower = [one for one in self._snapshots if one.position < position]
        return lower[-1] if lower else None
