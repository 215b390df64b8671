"""Cascade: what the fills of a command set off.

A stop fires when a fill's price reaches its trigger. Everything that one command fired enters the
book after that command, in the order of acceptance; what those fire in turn queues behind them. All
of it belongs to the one command: it is not journaled again, and replays.

A cascade is bounded, so that no command takes unbounded time or matches more than settlement takes.
Past `MAX_TRIGGERED` orders, or once they have made as many fills as one group settles, the rest
waits for the next command that may match, and goes first after that.
"""

from typing import Final

from hybrid_dex.engine import matching
from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.orders import LiveOrder
from hybrid_dex.engine.trading import Trading
from hybrid_dex.interfaces.book import Incoming
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import (
    AdvanceTime,
    BatchOrders,
    PlaceOrder,
    ReplaceOrder,
    SetMarketState,
)
from hybrid_dex.model.events import FillMade, OrderTriggered
from hybrid_dex.model.order import CancelReason, TimeInForce
from hybrid_dex.model.units import MAX_FILLS_PER_GROUP, MarketId, Quantity

__all__ = ["MAX_CASCADE_FILLS", "MAX_TRIGGERED", "Cascade"]

MAX_TRIGGERED: Final = 100
"""At most so many triggered orders enter the book within one command."""

MAX_CASCADE_FILLS: Final = 2 * MAX_FILLS_PER_GROUP - 1
"""At most so many fills do signed orders make of it: the last begins before a group is full."""

_MATCHES: Final[frozenset[type[object]]] = frozenset(
    (PlaceOrder, ReplaceOrder, BatchOrders, AdvanceTime, SetMarketState)
)
"""The commands that what was left of a cascade may follow. Cancels and the chain's facts are taken
while matching pauses, so they must not match."""


class Cascade:
    """Lets triggered orders in.

    Args:
        desk: the state.
        trading: lets an order meet the book.
    """

    __slots__ = ("_desk", "_trading")

    def __init__(self, desk: Desk, trading: Trading) -> None:
        self._desk = desk
        self._trading = trading

    def follow(self, kind: type[object]) -> None:
        """See what a command of this kind set off, and let it happen; only where an order waits."""
        seen = len(self._desk.events)
        self._reach(0)
        if kind not in _MATCHES:
            return
        entered = fills = 0
        desk = self._desk
        for venue in tuple(self._desk.venues.values()):
            stops = venue.stops
            while venue.has_fired():
                desk.fill_index = self._next_group()
                room = matching.MAX_FILLS_PER_COMMAND - desk.fill_index
                if (
                    entered == MAX_TRIGGERED
                    or fills >= MAX_FILLS_PER_GROUP
                    or room < MAX_FILLS_PER_GROUP
                ):
                    desk.fill_index = 0
                    return
                self._enter(venue, desk.waiting[next(iter(stops.fired))])
                entered += 1
                fills += self._reach(seen)
                seen = len(desk.events)
        desk.fill_index = 0

    def _next_group(self) -> int:
        """Return where the next settlement group begins, behind all fills of this command."""
        for event in reversed(self._desk.events):
            if type(event) is FillMade:
                made = (event.fill_id & 0xFFFF) + 1
                return -(-made // MAX_FILLS_PER_GROUP) * MAX_FILLS_PER_GROUP
        return 0

    def _reach(self, first: int) -> int:
        """Tell the markets between which prices the fills from an event on were; count these."""
        ranges: dict[MarketId, tuple[int, int]] = {}
        fills = 0
        for event in self._desk.events[first:]:
            if type(event) is FillMade:
                fills += 1
                price: int = event.price
                low, high = ranges.get(event.market, (price, price))
                ranges[event.market] = (min(low, price), max(high, price))
        for market, (low, high) in ranges.items():
            self._desk.venues[market].stops.reach(low, high)
        return fills

    def _enter(self, venue: Venue, order: LiveOrder) -> None:
        """An order's trigger was reached: it meets the book as if it came now."""
        desk, conditions = self._desk, order.conditions
        desk.touched = (desk.sequence, order.market)
        assert conditions is not None, "only a waiting order is watched"
        assert conditions.trigger_price is not None, "and it waits for a price"
        desk.take_off(venue, order)
        desk.emit(
            OrderTriggered(
                order.order_id,
                order.account,
                order.market,
                order.side,
                conditions.trigger_price,
                order.price,
                Quantity(order.open),
                conditions.display_quantity,
            )
        )
        incoming = Incoming(order.side, order.price, Quantity(order.open))
        if order.post_only and matching.refuse_crossing(venue, incoming) is not None:
            desk.end_canceled(venue, order, CancelReason.POST_ONLY)
            return
        whole: bool | Refusal = True
        if order.time_in_force is TimeInForce.FOK:
            kin = desk.controls.kin_of(order.account)
            whole = matching.can_fill_whole(desk, venue, incoming, kin, order.self_trade)
        self._trading.work(venue, order, whole=whole is True)
