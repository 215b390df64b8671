"""StilledBook: the orders of a market that broke an invariant, kept and never matched.

The book that broke is not asked again. Its orders stand here in the priority they had, so that
they can be canceled, reduced and counted while the market is halted, and so that a fresh book can
take them over when the market opens again.
"""

from collections.abc import Iterable, Iterator

from hybrid_dex.interfaces.book import Allocation, Incoming, Resting
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import OrderId, Price, Quantity
from hybrid_dex.model.views import Depth, Level, Top

__all__ = ["StilledBook"]


class StilledBook:
    """Resting orders in priority order. Whatever is asked for takes as long as they are many.

    Args:
        orders: all bids, then all asks, each by priority.
    """

    __slots__ = ("_orders",)

    def __init__(self, orders: Iterable[Resting]) -> None:
        self._orders = {order.order_id: order for order in orders}

    @property
    def best_bid(self) -> Price | None:
        """The highest price somebody buys at."""
        bid = self.top().bid
        return None if bid is None else bid.price

    @property
    def best_ask(self) -> Price | None:
        """The lowest price somebody sells at."""
        ask = self.top().ask
        return None if ask is None else ask.price

    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        """Yield whom an aggressor would meet. Nobody does in a halted market: it is for looks."""
        for order in self.orders():
            if incoming.open <= 0:
                return
            buys = order.side is Side.BUY
            reaches = order.price >= incoming.price if buys else order.price <= incoming.price
            if order.side is not incoming.side and reaches:
                lots = min(incoming.open, order.quantity)
                yield Allocation(order.order_id, order.account, order.price, lots, order.quantity)

    def add(self, order: Resting) -> None:
        """Put an order behind all others of its price."""
        if order.order_id in self._orders:
            raise KeyError(order.order_id)
        self._orders[order.order_id] = order

    def remove(self, order_id: OrderId) -> Resting:
        """Take an order out and return it as it stood."""
        return self._orders.pop(order_id)

    def reduce(self, order_id: OrderId, by: Quantity) -> None:
        """Lower an order's open quantity in place; it leaves at zero."""
        order = self._orders[order_id]
        if not 1 <= by <= order.quantity:
            raise ValueError(f"{order.quantity} lots are open; it can not be reduced by {by}")
        left = Quantity(order.quantity - by)
        if left:
            self._orders[order_id] = Resting(order_id, order.account, order.side, order.price, left)
        else:
            self.remove(order_id)

    def top(self) -> Top:
        """Return the best level of each side."""
        depth = self.depth(1)
        return Top(next(iter(depth.bids), None), next(iter(depth.asks), None))

    def depth(self, levels: int) -> Depth:
        """Return up to ``levels`` aggregated levels a side, best first."""
        sums: tuple[dict[Price, int], dict[Price, int]] = ({}, {})
        for order in self.orders():
            side = sums[order.side]
            side[order.price] = side.get(order.price, 0) + order.quantity
        bids, asks = (
            tuple(Level(price, Quantity(lots)) for price, lots in list(side.items())[:levels])
            for side in sums
        )
        return Depth(bids, asks)

    def orders(self) -> Iterator[Resting]:
        """Yield every order in priority order: all bids, then all asks."""
        return iter(sorted(self._orders.values(), key=_rank))


def _rank(order: Resting) -> tuple[Side, int]:
    """Best price first; the sort is stable, so the older one stays in front."""
    return order.side, order.price if order.side is Side.SELL else -order.price
