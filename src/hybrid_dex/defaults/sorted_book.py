"""SortedBook: price-time priority on sorted levels, the book that ships.

A side is a mapping of levels by key; a level is a mapping of orders, oldest first. A key is the
price for bids and the negated price for asks, so that on both sides the greatest key is the best
and "crosses" is one comparison. The best key is kept at hand and the others in a sorted list, best
last: it is touched only when a level opens or closes, and not at all by a side of one level. Every
order knows its level, so a cancel searches nothing.

It must never decide anything but who is next: fills, funds and self-trade belong to the engine.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Final

from sortedcontainers import SortedList

from hybrid_dex.interfaces.book import Allocation, Incoming, Resting
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import OrderId, Price, Quantity
from hybrid_dex.model.views import Depth, Level, Top

__all__ = ["SortedBook"]

_EMPTY: Final = -(2**63)
"""The best key of an empty side: it crosses nothing."""
_SPARE_GAPS: Final = 32
_BUY: Final = Side.BUY


class _Level:
    """All orders at one price, oldest first, and the sum of what is open.

    A plain dict keeps the order of arrival, but finds its first entry by walking over the gaps
    that removed ones leave in front; it is rebuilt before they outnumber half of what is left.
    `_Half.open_level` fills the slots: an initializer would cost more than the rest of it.
    """

    __slots__ = ("gaps", "key", "orders", "quantity")

    key: int
    orders: dict[int, Resting]
    quantity: int
    gaps: int


class _Half:
    """One side: its levels by key, the best key, and the keys behind it in a sorted list."""

    __slots__ = ("best", "levels", "worse")

    def __init__(self) -> None:
        self.levels: dict[int, _Level] = {}
        self.best = _EMPTY
        self.worse: SortedList[int] = SortedList()

    def open_level(self, key: int) -> _Level:
        level = self.levels[key] = _Level()
        level.key, level.orders, level.quantity, level.gaps = key, {}, 0, 0
        best = self.best
        if key > best:
            self.best = key
            if best != _EMPTY:
                self.worse.add(best)
        else:
            self.worse.add(key)
        return level

    def close_level(self, key: int) -> None:
        del self.levels[key]
        worse = self.worse
        if key != self.best:
            worse.remove(key)
        else:
            self.best = worse.pop() if worse else _EMPTY

    def after(self, key: int) -> int:
        """The next key behind this one, or `_EMPTY`."""
        behind = self.worse.irange(maximum=key, inclusive=(True, False), reverse=True)
        return next(behind, _EMPTY)

    def sorted_levels(self) -> Iterator[_Level]:
        """Yield the levels, best first."""
        levels = self.levels
        if levels:
            for key in chain((self.best,), reversed(self.worse)):
                yield levels[key]


class SortedBook:
    """One market's resting orders in price-time priority.

    Args:
        market: whose orders; a price-time book needs nothing of it.

    >>> from hybrid_dex import Market, Side
    >>> book = SortedBook(Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001"))
    >>> book.add(Resting(OrderId(1), "alice", Side.BUY, Price(10), Quantity(5)))
    >>> book.top().bid
    Level(price=10, quantity=5)
    """

    __slots__ = ("_asks", "_bids", "_level_of")

    def __init__(self, market: Market) -> None:
        self._bids = _Half()
        self._asks = _Half()
        self._level_of: dict[int, _Level] = {}

    def match(self, incoming: Incoming) -> Iterable[Allocation]:
        """Yield what the aggressor may take, best price first, oldest first within a price."""
        limit: int = incoming.price
        if incoming.side is _BUY:
            half, limit = self._asks, -limit
        else:
            half = self._bids
        if half.best < limit or incoming.open <= 0:
            return ()
        return _sweep(half, limit, incoming)

    def add(self, order: Resting) -> None:
        """Put an order at the back of its level."""
        order_id, level_of = order.order_id, self._level_of
        if order_id in level_of:
            raise KeyError(order_id)
        key: int = order.price
        if order.side is _BUY:
            half = self._bids
        else:
            half, key = self._asks, -key
        level = half.levels.get(key)
        if level is None:
            level = half.open_level(key)
        level.orders[order_id] = order
        level.quantity += order.quantity
        level_of[order_id] = level

    def remove(self, order_id: OrderId) -> Resting:
        """Take an order out and return it as it stood."""
        level = self._level_of.pop(order_id)
        orders = level.orders
        order = orders.pop(order_id)
        if orders:
            level.quantity -= order.quantity
            gaps = level.gaps = level.gaps + 1
            if gaps > _SPARE_GAPS and gaps > _SPARE_GAPS + len(orders) // 2:
                level.orders = dict(list(orders.items()))
                level.gaps = 0
        elif order.side is _BUY:
            self._bids.close_level(level.key)
        else:
            self._asks.close_level(level.key)
        return order

    def reduce(self, order_id: OrderId, by: Quantity) -> None:
        """Lower an order's open quantity in place; at zero it leaves."""
        level = self._level_of[order_id]
        order = level.orders[order_id]
        left = order.quantity - by
        if left == 0:
            self.remove(order_id)
        elif left > 0 < by:
            level.orders[order_id] = Resting(
                order_id, order.account, order.side, order.price, Quantity(left)
            )
            level.quantity -= by
        else:
            message = (
                f"order {order_id} has {order.quantity} lots open; it can not be reduced by {by}"
            )
            raise ValueError(message)

    def top(self) -> Top:
        """Return the best level of each side."""
        bid = self._bids.levels.get(self._bids.best)
        ask = self._asks.levels.get(self._asks.best)
        return Top(None if bid is None else _view(bid), None if ask is None else _view(ask))

    def depth(self, levels: int) -> Depth:
        """Return up to ``levels`` aggregated levels a side, best first."""
        bids, asks = (
            tuple(_view(level) for level in islice(half.sorted_levels(), levels))
            for half in (self._bids, self._asks)
        )
        return Depth(bids, asks)

    def orders(self) -> Iterator[Resting]:
        """Yield every order in priority order: all bids, then all asks."""
        for half in (self._bids, self._asks):
            for level in half.sorted_levels():
                yield from level.orders.values()


def _view(level: _Level) -> Level:
    return Level(Price(abs(level.key)), Quantity(level.quantity))


def _sweep(half: _Half, limit: int, incoming: Incoming) -> Iterator[Allocation]:
    """Walk the levels up to a limit while the caller reduces and removes what it was shown.

    An order that was shown and left in place is stepped over. It can only stand before the next
    one, so the walk goes on behind as many orders as were left.
    """
    key, dry = half.best, False
    while key >= limit:
        level = half.levels[key]
        left = 0
        walk: Iterator[Resting] = iter(())
        order = next(iter(level.orders.values()), None)
        while order is not None:
            order_id, wanted, resting = order.order_id, incoming.open, order.quantity
            yield Allocation(
                order_id,
                order.account,
                order.price,
                wanted if wanted < resting else resting,  # noqa: FURB136 # a call costs more
                resting,
            )
            if incoming.open <= 0:
                return
            orders = level.orders
            if order_id in orders:
                walk = walk if left else islice(orders.values(), 1, None)
                left, dry = left + 1, True
                order = next(walk, None)
            elif left:
                walk = islice(orders.values(), left, None)
                order = next(walk, None)
            else:
                order = next(iter(orders.values()), None)
        key = half.after(key) if dry else half.best
