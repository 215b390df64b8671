"""Settlement flight: fills that are matched and not final.

Holds what a settlement backend must be given again after a restart. It moves no funds: the
ledger does, when a fill leaves here.
"""

from collections.abc import Iterator

import msgspec

from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.units import FillId

__all__ = ["Flight", "Progress"]


class Progress(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """How far a fill has come, and in which batch and transaction."""

    stage: SettlementStage
    batch: int
    transaction: str


class Flight:
    """Unsettled fills in the order in which they were made, which is that of their ids."""

    __slots__ = ("_oldest", "fills", "progress")

    def __init__(self) -> None:
        self.fills: dict[FillId, MatchedFill] = {}
        self.progress: dict[FillId, Progress] = {}
        self._oldest: FillId | None = None

    def stage(self, fill_id: FillId) -> SettlementStage | None:
        """Return an unsettled fill's stage; ``None`` when no unsettled fill has this id."""
        if fill_id not in self.fills:
            return None
        progress = self.progress.get(fill_id)
        return SettlementStage.MATCHED if progress is None else progress.stage

    def advance(self, fill_id: FillId, progress: Progress) -> bool:
        """Note a stage; false when it was noted already."""
        if self.progress.get(fill_id) == progress:
            return False
        self.progress[fill_id] = progress
        return True

    def land(self, fill_id: FillId) -> MatchedFill:
        """Take a fill out: it is final or failed."""
        self.progress.pop(fill_id, None)
        return self.fills.pop(fill_id)

    def oldest(self) -> MatchedFill | None:
        """Return the fill that is longest here. O(1), but for the first look after it landed."""
        oldest = None if self._oldest is None else self.fills.get(self._oldest)
        if oldest is None:
            oldest = next(iter(self.fills.values()), None)
            self._oldest = None if oldest is None else oldest.fill_id
        return oldest

    def __iter__(self) -> Iterator[MatchedFill]:
        return iter(self.fills.values())
