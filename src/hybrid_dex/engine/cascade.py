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
from hybrid_dex.engine.links import Links
from hybrid_dex.engine.orders import LiveOrder
from hybrid_dex.engine.trading import Trading
from hybrid_dex.interfaces.book import Incoming
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import (
    AdvanceTime,
    BatchOrders,
    PlaceLinked,
    PlaceOrder,
    ReplaceOrder,
    SetMarketState,
)
from hybrid_dex.model.events import OrderTriggered
from hybrid_dex.model.order import CancelReason, TimeInForce
from hybrid_dex.model.units import MAX_FILLS_PER_GROUP, Quantity

__all__ = ["MAX_CASCADE_FILLS", "MAX_TRIGGERED", "Cascade"]

MAX_TRIGGERED: Final = 100
"""At most so many triggered orders enter the book within one command."""

MAX_CASCADE_FILLS: Final = 2 * MAX_FILLS_PER_GROUP - 1
"""At most so many fills do signed orders make of it: the last begins before a group is full."""

_MATCHES: Final[frozenset[type[object]]] = frozenset(
    (PlaceOrder, ReplaceOrder, BatchOrders, PlaceLinked, AdvanceTime, SetMarketState)
)
"""The commands that what was left of a cascade may follow. Cancels and the chain's facts are taken
while matching pauses, so they must not match."""


class Cascade:
    """Lets triggered orders in.

    Args:
        desk: the state.
        trading: lets an order meet the book.
        links: sees to what follows from one order to another.
    """

    __slots__ = ("_desk", "_links", "_trading")

    def __init__(self, desk: Desk, trading: Trading, links: Links) -> None:
        self._desk = desk
        self._links = links
        self._trading = trading

    def follow(self, kind: type[object]) -> None:
        """See what a command of this kind set off, and let it happen; only where an order waits."""
        desk = self._desk
        desk.reach()
        fills = self._settle()
        entered = 0
        for venue in tuple(desk.venues.values()) if kind in _MATCHES else ():
            stops = venue.stops
            while venue.has_fired():
                desk.begin_group()
                room = matching.MAX_FILLS_PER_COMMAND - desk.fill_index
                if (
                    entered == MAX_TRIGGERED
                    or fills >= MAX_FILLS_PER_GROUP
                    or room < MAX_FILLS_PER_GROUP
                ):
                    break
                self._enter(venue, desk.waiting[next(iter(stops.fired))])
                entered += 1
                fills += desk.reach() + self._settle()
        desk.fill_index = desk.reached = 0

    def _settle(self) -> int:
        """See to linked orders; return how many fills that made."""
        if not self._desk.linked:
            return 0
        self._links.settle()
        return self._desk.reach()

    def _enter(self, venue: Venue, order: LiveOrder) -> None:
        """An order's trigger was reached: it meets the book as if it came now."""
        desk, conditions = self._desk, order.conditions
        desk.touched = (desk.sequence, order.market)
        assert conditions is not None, "only a waiting order is watched"
        assert conditions.trigger_price is not None, "and it waits for a price"
        if conditions.other:
            self._links.fire(venue, order)
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
            whole = order.settles_whole() and matching.can_fill_whole(
                desk, venue, incoming, kin, order.self_trade
            )
        self._trading.work(venue, order, whole=whole is True)
