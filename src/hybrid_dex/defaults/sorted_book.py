"""SortedBook: price-time priority on sorted levels, the book that ships.

A side is a sorted mapping of levels; a level is a mapping of orders, oldest first. Keys
are prices for asks and negated prices for bids, so that on both sides the smallest key is the
best and "crosses" is one comparison. Every order knows its level, so a cancel searches nothing.

It must never decide anything but who is next: fills, funds and self-trade belong to the engine.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from sortedcontainers import SortedDict

from hybrid_dex.interfaces.book import Allocation, Incoming, Resting
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import OrderId, Price, Quantity
from hybrid_dex.model.views import Depth, Level, Top

__all__ = ["SortedBook"]

_EMPTY: Final = 2**63
"""The best key of an empty side: it crosses nothing."""
_SPARE_GAPS: Final = 32
_BUY: Final = Side.BUY


class _Level:
    """All orders at one price, oldest first, and the sum of what is open.

    A plain dict keeps the order of arrival, but finds its first entry by walking over the gaps
    that removed ones leave in front; it is rebuilt before they outnumber half of what is left.
    """

    __slots__ = ("gaps", "half", "key", "orders", "quantity")

    def __init__(self, half: "_Half", key: int) -> None:
        self.half = half
        self.key = key
        self.orders: dict[int, Resting] = {}
        self.quantity = 0
        self.gaps = 0

    def close_gap(self) -> None:
        """An order was removed and others are left."""
        self.gaps += 1
        if self.gaps > _SPARE_GAPS + len(self.orders) // 2:
            self.orders = dict(list(self.orders.items()))
            self.gaps = 0


class _Half:
    """One side: levels by key, the best key kept at hand."""

    __slots__ = ("best", "levels")

    def __init__(self) -> None:
        self.levels: SortedDict[int, _Level] = SortedDict()
        self.best = _EMPTY

    def open_level(self, key: int) -> _Level:
        level = self.levels[key] = _Level(self, key)
        self.best = min(self.best, key)
        return level

    def close_level(self, key: int) -> None:
        levels = self.levels
        del levels[key]
        if key == self.best:
            self.best = next(iter(levels), _EMPTY)

    def after(self, key: int) -> int:
        """The next key behind this one, or `_EMPTY`."""
        return next(self.levels.irange(minimum=key, inclusive=(False, True)), _EMPTY)


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

    __slots__ = ("_halves", "_level_of")

    def __init__(self, market: Market) -> None:
        self._halves = (_Half(), _Half())
        self._level_of: dict[int, _Level] = {}

    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        """Yield what the aggressor may take, best price first, oldest first within a price."""
        if incoming.side is _BUY:
            half, limit = self._halves[1], incoming.price
        else:
            half, limit = self._halves[0], Price(-incoming.price)
        if half.best > limit or incoming.open <= 0:
            return iter(())
        return _sweep(half, limit, incoming)

    def add(self, order: Resting) -> None:
        """Put an order at the back of its level."""
        order_id = order.order_id
        level_of = self._level_of
        if order_id in level_of:
            raise KeyError(order_id)
        side = order.side
        key: int = order.price if side else -order.price
        half = self._halves[side]
        level = half.levels.get(key)
        if level is None:
            level = half.open_level(key)
        level.orders[order_id] = order
        level.quantity += order.quantity
        level_of[order_id] = level

    def remove(self, order_id: OrderId) -> Resting:
        """Take an order out and return it as it stood."""
        level = self._level_of.pop(order_id)
        order = level.orders.pop(order_id)
        if level.orders:
            level.quantity -= order.quantity
            level.close_gap()
        else:
            level.half.close_level(level.key)
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
        bids, asks = self._halves
        bid = None if bids.best == _EMPTY else _view(bids.levels[bids.best])
        ask = None if asks.best == _EMPTY else _view(asks.levels[asks.best])
        return Top(bid, ask)

    def depth(self, levels: int) -> Depth:
        """Return up to ``levels`` aggregated levels a side, best first."""
        bids, asks = (
            tuple(_view(level) for level in islice(half.levels.values(), levels))
            for half in self._halves
        )
        return Depth(bids, asks)

    def orders(self) -> Iterator[Resting]:
        """Yield every order in priority order: all bids, then all asks."""
        for half in self._halves:
            for level in half.levels.values():
                yield from level.orders.values()


def _view(level: _Level) -> Level:
    return Level(Price(abs(level.key)), Quantity(level.quantity))


def _sweep(half: _Half, limit: int, incoming: Incoming) -> Iterator[Allocation]:
    """Walk the levels up to a limit while the caller reduces and removes what it was shown.

    An order that was shown and left in place is stepped over. It can only stand before the next
    one, so the walk goes on behind as many orders as were left.
    """
    key, dry = half.best, False
    while key <= limit:
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
