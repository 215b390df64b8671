"""A local copy of a book: one snapshot, then deltas, and never a book that was not.

Sans-IO: updates in, a verdict out. A delta applies when it follows from what the replica holds
(its ``previous`` is at or below the replica's sequence, its ``sequence`` above). An older one is
passed over. Any other is a gap: the replica is then out of sync, shows nothing, and needs a
snapshot. Deltas that come before the first snapshot are kept for it, up to a bound.
"""

import enum
from typing import Final

import attrs
from sortedcontainers import SortedDict

from hybrid_dex.model.market import Market
from hybrid_dex.model.reports import BookUpdate
from hybrid_dex.model.units import Price, Quantity, Sequence
from hybrid_dex.model.views import Depth, Level, Top
from hybrid_dex.wire.markets import CHECKSUM_LEVELS, book_checksum

__all__ = ["BookReplica", "Step"]

_MAX_EARLY: Final = 1_000


class Step(enum.Enum):
    """What became of an update."""

    APPLIED = "applied"
    PASSED_OVER = "passed over"
    """Nothing new, or kept until the snapshot comes."""
    GAP = "gap"
    """Something is missing: get a snapshot."""


@attrs.define(eq=False)
class BookReplica:
    """One market's book as last heard.

    Attributes:
        market: whose book.
        synced: whether it shows the book; until a snapshot, and after a gap, it does not.
        sequence: the command that it is as of.
        at_ns: when that was, by the exchange's clock.
    """

    market: Market
    synced: bool = attrs.field(default=False, init=False)
    sequence: Sequence = attrs.field(default=Sequence(0), init=False)
    at_ns: int = attrs.field(default=0, init=False)
    _bids: SortedDict[Price, Quantity] = attrs.field(factory=SortedDict, init=False, repr=False)
    _asks: SortedDict[Price, Quantity] = attrs.field(factory=SortedDict, init=False, repr=False)
    _early: list[BookUpdate] = attrs.field(factory=list, init=False, repr=False)

    def apply(self, update: BookUpdate) -> Step:
        """Take a snapshot or a delta of this market."""
        assert update.market == self.market.id
        if update.previous is None:
            return self._take_snapshot(update)
        if not self.synced:
            if len(self._early) >= _MAX_EARLY:
                return self.lose()
            self._early.append(update)
            return Step.PASSED_OVER
        return self._take_delta(update)

    def lose(self) -> Step:
        """Forget everything, as after a lost connection; the next snapshot begins anew."""
        self.synced = False
        self._bids.clear()
        self._asks.clear()
        self._early.clear()
        return Step.GAP

    def top(self) -> Top:
        """Return the best level of each side; both are ``None`` while out of sync."""
        bid = self._bids.peekitem(-1) if self._bids else None
        ask = self._asks.peekitem(0) if self._asks else None
        return Top(Level(*bid) if bid else None, Level(*ask) if ask else None)

    def depth(self, levels: int | None = None) -> Depth:
        """Return up to ``levels`` levels a side, best first."""
        bids = [Level(price, lots) for price, lots in reversed(self._bids.items())]
        asks = [Level(price, lots) for price, lots in self._asks.items()]
        return Depth(tuple(bids[:levels]), tuple(asks[:levels]))

    def bids(self, levels: int | None = None) -> list[tuple[str, str]]:
        """Return price and quantity as decimal text, best first."""
        return self._texts(self.depth(levels).bids)

    def asks(self, levels: int | None = None) -> list[tuple[str, str]]:
        """Return price and quantity as decimal text, best first."""
        return self._texts(self.depth(levels).asks)

    def _texts(self, levels: tuple[Level, ...]) -> list[tuple[str, str]]:
        market = self.market
        return [
            (market.format_price(level.price), market.format_quantity(level.quantity))
            for level in levels
        ]

    def _take_snapshot(self, update: BookUpdate) -> Step:
        if self.synced and update.sequence < self.sequence:
            return Step.PASSED_OVER
        early = self._early.copy()
        self.lose()
        self._bids.update((level.price, level.quantity) for level in update.bids)
        self._asks.update((level.price, level.quantity) for level in update.asks)
        self.synced, self.sequence, self.at_ns = True, update.sequence, update.at_ns
        if self._crossed() and not update.may_cross:
            return self.lose()
        if not self._checks(update):
            return self.lose()
        for delta in early:
            if self._take_delta(delta) is Step.GAP:
                return Step.GAP
        return Step.APPLIED

    def _take_delta(self, update: BookUpdate) -> Step:
        assert update.previous is not None
        if update.sequence <= self.sequence:
            return Step.PASSED_OVER
        if update.previous > self.sequence:
            return self.lose()
        for levels, changes in ((self._bids, update.bids), (self._asks, update.asks)):
            for level in changes:
                if level.quantity:
                    levels[level.price] = level.quantity
                else:
                    levels.pop(level.price, None)
        self.sequence, self.at_ns = update.sequence, update.at_ns
        wrong = (self._crossed() and not update.may_cross) or not self._checks(update)
        return self.lose() if wrong else Step.APPLIED

    def _checks(self, update: BookUpdate) -> bool:
        """Whether the book is what the exchange says that it is now."""
        if update.checksum is None:
            return True
        return (
            book_checksum(self.bids(CHECKSUM_LEVELS), self.asks(CHECKSUM_LEVELS)) == update.checksum
        )

    def _crossed(self) -> bool:
        """Outside an auction a bid that reaches an ask never rested: something was lost."""
        top = self.top()
        return bool(top.bid and top.ask and top.bid.price >= top.ask.price)
