"""Level 2 of one market, rebuilt from events: snapshots at any time, and deltas without gaps.

The feed keeps its own table of the orders on the book, so it never asks the engine, and lives in
any process that follows the events. It must agree with the engine's depth after every command; a
test holds the two together over random histories.

All events of a command are taken as one step. What an immediate order does to the book and takes
back within its command is never shown, and a command that leaves every level as it was makes no
delta. Deltas of one market form a chain: each names the sequence of the one before.
"""

from collections.abc import Iterable
from typing import Final

import attrs
import msgspec
from sortedcontainers import SortedDict

from hybrid_dex.interfaces.book import Resting
from hybrid_dex.model.events import (
    Event,
    EventBatch,
    FillMade,
    MarketStateChanged,
    OrderAccepted,
    OrderActivated,
    OrderCanceled,
    OrderExpired,
    OrderReduced,
    OrderRefilled,
    OrderReplaced,
    OrderTriggered,
    fresh_events,
)
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.market_events import MarketUncrossed
from hybrid_dex.model.order import Side
from hybrid_dex.model.reports import BookUpdate
from hybrid_dex.model.table import Table
from hybrid_dex.model.units import MarketId, OrderId, Price, Quantity, Sequence, TimestampNs
from hybrid_dex.model.views import Depth, Level

__all__ = ["BookFeed"]

_START: Final = Sequence(0)
_EPOCH: Final = TimestampNs(0)


class _Entry(msgspec.Struct, gc=False):
    """An order on the book; `shown` is what of it is displayed, in lots."""

    side: Side
    price: Price
    shown: int


@attrs.define
class _Side:
    """The levels of one side: price in ticks to open lots, and what they were before this command."""

    levels: SortedDict[Price, int] = attrs.field(factory=SortedDict)
    before: dict[Price, int] = attrs.field(factory=dict)

    def add(self, price: Price, lots: int) -> None:
        """Change a level by ``lots``, which may be negative."""
        levels = self.levels
        known = levels.get(price, 0)
        self.before.setdefault(price, known)
        quantity = known + lots
        assert quantity >= 0, f"level {price} would hold {quantity} lots"
        if not quantity:
            levels.pop(price, None)
        elif known:
            # Its place among the prices stays.
            dict.__setitem__(levels, price, quantity)  # type: ignore[index] # it is one; its stub hides that
        else:
            levels[price] = quantity

    def take_changes(self) -> list[Level]:
        """Return the levels that differ from before, by rising price, and forget before."""
        if not self.before:
            return []
        changes = [
            Level(price, Quantity(quantity))
            for price, before in sorted(self.before.items())
            if (quantity := self.levels.get(price, 0)) != before
        ]
        self.before.clear()
        return changes


def crosses_after(state: MarketState, *, crossed: bool) -> bool:
    """Return whether bids may reach the asks in this state, by whether they might before it."""
    if state in {MarketState.HALTED, MarketState.CANCEL_ONLY}:
        return crossed
    return state is MarketState.AUCTION_OPEN


class BookFeed:
    """The book of one market, fed by events.

    Args:
        market: which; events of others are passed over.
        orders: what rests on the book at ``sequence``, in any order.
        sequence: the last command that ``orders`` contain.
        at_ns: that command's time.
        may_cross: whether the market is in an auction, or was stopped in one.
    """

    def __init__(
        self,
        market: MarketId,
        orders: Iterable[Resting] = (),
        *,
        sequence: Sequence = _START,
        at_ns: TimestampNs = _EPOCH,
        may_cross: bool = False,
    ) -> None:
        self.market: Final = market
        self._may_cross = may_cross
        # What is left to come of the fills of an opening, lots.
        self._uncrossing = 0
        self._orders: Table[_Entry] = Table()
        # The greatest id that entered, so that a greater one is new.
        self._newest = -1
        self._sides: Final = {Side.BUY: _Side(), Side.SELL: _Side()}
        self._applied = self._changed = sequence
        self._at_ns = at_ns
        for order in orders:
            self._put(order.order_id, _Entry(order.side, order.price, order.quantity))
        for side in self._sides.values():
            side.before.clear()

    @property
    def sequence(self) -> Sequence:
        """The last command that was applied."""
        return self._applied

    def apply(self, batch: EventBatch) -> BookUpdate | None:
        """Take one command's events; return what changed, or ``None``.

        A batch at or below `sequence` is passed over, so a follower may begin a little early.
        """
        if batch.sequence <= self._applied:
            return None
        for event in fresh_events(batch):
            if getattr(event, "market", None) == self.market:
                self.take(event)
        self.advance(batch.sequence, batch.at_ns)
        return self.take_changes()

    def advance(self, sequence: Sequence, at_ns: TimestampNs) -> None:
        """Say up to which command all events were taken, and that command's time."""
        self._applied, self._at_ns = sequence, at_ns

    def take_changes(self) -> BookUpdate | None:
        """Return as one delta how levels differ from when this was last asked, or ``None``."""
        bids = self._sides[Side.BUY].take_changes()
        asks = self._sides[Side.SELL].take_changes()
        if not (bids or asks):
            return None
        previous, self._changed = self._changed, self._applied
        return BookUpdate(
            market=self.market,
            sequence=self._applied,
            previous=previous,
            at_ns=self._at_ns,
            bids=tuple(reversed(bids)),
            asks=tuple(asks),
            may_cross=self._may_cross,
        )

    def depth(self, levels: int | None = None) -> Depth:
        """Return up to ``levels`` levels a side, best first; all without a number."""
        bids = self._sides[Side.BUY].levels
        asks = self._sides[Side.SELL].levels
        best_bids = bids.islice(
            max(0, len(bids) - levels) if levels is not None else 0, reverse=True
        )
        return Depth(
            tuple(Level(price, Quantity(bids[price])) for price in best_bids),
            tuple(Level(price, Quantity(asks[price])) for price in asks.islice(0, levels)),
        )

    def snapshot(self, levels: int | None = None) -> BookUpdate:
        """Return the book as it stands after the last command. O(levels)."""
        depth = self.depth(levels)
        return BookUpdate(
            market=self.market,
            sequence=self._applied,
            previous=None,
            at_ns=self._at_ns,
            bids=depth.bids,
            asks=depth.asks,
            may_cross=self._may_cross,
        )

    def enter(self, event: OrderAccepted) -> None:
        """Take the event of this market that is the most common by far."""
        if event.waiting:
            return
        shown, display = event.quantity, event.display_quantity
        if display is not None and display < shown:
            shown = display
        order_id, side, price, orders = event.order_id, event.side, event.price, self._orders
        entry = _Entry(side, price, shown)
        if self._newest < order_id < orders.next_turn:  # nearly always, and then no call is needed
            self._newest = order_id
            orders.young[order_id] = entry
        else:
            orders[order_id] = entry
            self._newest = max(self._newest, order_id)
        self._sides[side].add(price, shown)

    def take(self, event: Event) -> None:
        """Take one event of this market; once all of a command's are taken, `advance` says so."""
        match event:
            case OrderAccepted(market=self.market):
                self.enter(event)
            case OrderTriggered(market=self.market):
                shown: int = min(event.open, event.display_quantity or event.open)
                self._put(event.order_id, _Entry(event.side, event.price, shown))
            case FillMade(market=self.market):
                self._fill(event)
            case MarketUncrossed(market=self.market):
                self._uncrossing = event.quantity
            case OrderActivated(market=self.market, waiting=False):
                self._lower(event.order_id, to=0)
                self._put(event.order_id, _Entry(event.side, event.price, event.active))
            case OrderRefilled(market=self.market):
                self._put(event.order_id, _Entry(event.side, event.price, event.displayed))
            case OrderReduced(market=self.market):
                self._lower(event.order_id, to=event.open)
            case OrderReplaced(market=self.market, waiting=False):
                shown = int(min(event.open, event.display_quantity or event.open))
                known = self._orders.find(event.order_id)
                if event.kept_priority and known is not None:
                    shown = min(shown, known.shown)
                self._lower(event.order_id, to=0)
                self._put(event.order_id, _Entry(event.side, event.price, shown))
            case MarketStateChanged(market=self.market):
                self._may_cross = crosses_after(event.state, crossed=self._may_cross)
            case OrderCanceled(market=self.market) | OrderExpired(market=self.market):
                self._lower(event.order_id, to=0)
            case _:
                pass

    def _fill(self, event: FillMade) -> None:
        if self._uncrossing > 0:
            # Both rest, and an iceberg takes part with what it does not show first.
            self._uncrossing -= event.quantity
            self._lower(event.maker_order, to=event.maker_open)
        else:
            self._lower(event.maker_order, by=event.quantity)
        self._lower(event.taker_order, to=event.taker_open)

    def _put(self, order_id: OrderId, entry: _Entry) -> None:
        if entry.shown:
            self._orders[order_id] = entry
            self._sides[entry.side].add(entry.price, entry.shown)

    def _lower(self, order_id: OrderId, *, by: int = 0, to: int | None = None) -> None:
        """Show less of an order: fewer lots, or no more than so many.

        One that has left the book already stays away: its cancel may follow its fill.
        """
        entry = self._orders.find(order_id)
        if entry is None:
            return
        lots = entry.shown - by if to is None else min(entry.shown, to)
        self._sides[entry.side].add(entry.price, lots - entry.shown)
        entry.shown = lots
        if not lots:
            del self._orders[order_id]
