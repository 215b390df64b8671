"""ListBook: the price-time book that is plainly right, and slow.

One list of orders a side, kept in priority order by sorting it. Other books are held against it;
it also shows an author how little a book has to do. It must never be optimised.
"""

from collections.abc import Iterator
from itertools import islice

from hybrid_dex.interfaces.book import Allocation, Incoming, Resting
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import OrderId, Price, Quantity
from hybrid_dex.model.views import Depth, Level, Top

__all__ = ["ListBook"]


class ListBook:
    """One market's resting orders in lists.

    Args:
        market: whose orders; a price-time book needs nothing of it.

    >>> from hybrid_dex import LocalExchange, Market
    >>> market = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
    >>> LocalExchange([market], book=ListBook).book(market).bids
    ()
    """

    def __init__(self, market: Market) -> None:
        self._bids: list[Resting] = []
        self._asks: list[Resting] = []

    @property
    def best_bid(self) -> Price | None:
        """The highest price somebody buys at."""
        return self._bids[0].price if self._bids else None

    @property
    def best_ask(self) -> Price | None:
        """The lowest price somebody sells at."""
        return self._asks[0].price if self._asks else None

    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        """Yield what the aggressor may take, best price first, oldest first within a price."""
        for shown in list(self._side(Side(1 - incoming.side))):
            crosses = (
                shown.price <= incoming.price
                if incoming.side is Side.BUY
                else shown.price >= incoming.price
            )
            if incoming.open <= 0 or not crosses:
                return
            quantity = Quantity(min(incoming.open, shown.quantity))
            yield Allocation(shown.order_id, shown.account, shown.price, quantity, shown.quantity)

    def add(self, order: Resting) -> None:
        """Put an order at the back of its level."""
        if any(one.order_id == order.order_id for one in self.orders()):
            raise KeyError(order.order_id)
        side = self._side(order.side)
        side.append(order)
        # The sort is stable: of two orders at one price the older one stays in front.
        side.sort(key=lambda one: one.price if one.side is Side.SELL else -one.price)

    def remove(self, order_id: OrderId) -> Resting:
        """Take an order out and return it as it stood."""
        order = self._find(order_id)
        self._side(order.side).remove(order)
        return order

    def reduce(self, order_id: OrderId, by: Quantity) -> None:
        """Lower an order's open quantity in place; at zero it leaves."""
        order = self._find(order_id)
        if not 0 < by <= order.quantity:
            raise ValueError(f"{order.quantity} lots are open; it can not be reduced by {by}")
        if by == order.quantity:
            self.remove(order_id)
            return
        side = self._side(order.side)
        left = Quantity(order.quantity - by)
        side[side.index(order)] = Resting(
            order.order_id, order.account, order.side, order.price, left
        )

    def top(self) -> Top:
        """Return the best level of each side."""
        depth = self.depth(1)
        return Top(next(iter(depth.bids), None), next(iter(depth.asks), None))

    def depth(self, levels: int) -> Depth:
        """Return up to ``levels`` aggregated levels a side, best first."""
        return Depth(_levels(self._bids, levels), _levels(self._asks, levels))

    def orders(self) -> Iterator[Resting]:
        """Yield every order in priority order: all bids, then all asks."""
        yield from self._bids
        yield from self._asks

    def _side(self, side: Side) -> list[Resting]:
        return self._bids if side is Side.BUY else self._asks

    def _find(self, order_id: OrderId) -> Resting:
        for order in self.orders():
            if order.order_id == order_id:
                return order
        raise KeyError(order_id)


def _levels(orders: list[Resting], count: int) -> tuple[Level, ...]:
    """Add up neighbours of one price."""
    sums: dict[Price, int] = {}
    for order in orders:
        sums[order.price] = sums.get(order.price, 0) + order.quantity
    return tuple(Level(price, Quantity(total)) for price, total in islice(sums.items(), count))
