"""SortedBook: price-time priority on sorted levels, the book that ships.

A side is a mapping of levels by key; a level is a mapping of orders, oldest first. A key is the
price for bids and the negated price for asks, so that on both sides the greatest key is the best
and no two levels share one. The best key is kept at hand, all keys in a sorted list. Prices
come and go at the edges of a book, so a level that runs empty keeps its place for a while: the
sorted list is touched when a price appears that was not there lately. The key of every order's level
is kept by its id, so a cancel searches nothing. No mapping with a row for each order holds anything
that the garbage collector walks over, so it passes by all of them.

It must never decide anything but who is next: fills, funds and self-trade belong to the engine.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any, Final

from sortedcontainers import SortedList

from hybrid_dex.interfaces.book import Allocation, Incoming, Resting
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.table import FIRST_TURN, Table
from hybrid_dex.model.units import AccountId, OrderId, Price, Quantity
from hybrid_dex.model.views import Depth, Level, Top

__all__ = ["SortedBook"]

_EMPTY: Final = -(2**63)
"""The best key of an empty side: it crosses nothing."""
_SPARE_GAPS: Final = 32
_SPARE_LEVELS: Final = 256
_NEAR: Final = 16
"""How many ticks behind the best level are looked at before the sorted keys are asked: of the
benchmark's mixed orders the next one is among them 98 times of 100."""
_BUY: Final = Side.BUY
_OPEN_OF: Final = attrgetter("quantity")
_NOT_SUMMED: Final = (-1, 0, 0)
"""What no level is like: none has so few orders."""


class _Level:
    """All orders at one price, oldest first.

    A plain dict keeps the order of arrival, but finds its first entry by walking over the gaps
    that removed ones leave in front. So who walks over a level rebuilds it first, if more left
    since the last time than it had to `spare`.

    What is open of them is summed when somebody asks. The sum is kept with how many orders there
    were and how many could leave: who comes changes the first alone and who leaves changes both, so
    it holds for as long as these are the same. What changes otherwise forgets it.
    """

    __slots__ = ("half", "key", "orders", "spare", "summed")

    def __init__(self, half: "_Half", key: int) -> None:
        self.half = half
        self.key = key
        self.orders: dict[OrderId, Resting] = {}
        self.spare = _SPARE_GAPS
        self.summed = _NOT_SUMMED

    @property
    def quantity(self) -> int:
        """The sum of what is open. O(orders) after one came or left."""
        size, spare, quantity = self.summed
        if size != len(self.orders) or spare != self.spare:
            quantity = sum(map(_OPEN_OF, self.orders.values()))
            self.summed = len(self.orders), self.spare, quantity
        return quantity

    def close_gaps(self) -> dict[OrderId, Resting]:
        """Rebuild the orders and return them; say how many may leave until the next time."""
        self.orders, self.summed = dict(self.orders), _NOT_SUMMED
        self.spare = _SPARE_GAPS + len(self.orders) // 2
        return self.orders


class _Half:
    """One side: the keys of its levels in a sorted list, and the best of those with orders.

    Attributes:
        levels: of both sides, by key, the empty ones included.
        keys: those of this side, ascending.
        empty: the keys of its levels without orders, in the order in which they ran empty.
        best: the greatest key of a level with orders, or `_EMPTY`.
        reached: its opposite, the key from which on an order of the other side trades.
    """

    __slots__ = ("best", "empty", "keys", "levels", "reached")

    def __init__(self, levels: dict[int, _Level]) -> None:
        self.levels = levels
        self.keys: SortedList[int] = SortedList()
        self.empty: dict[int, None] = {}
        self.best, self.reached = _EMPTY, -_EMPTY

    def open_level(self, key: int) -> _Level:
        """Make an empty level where there was none."""
        level = self.levels[key] = _Level(self, key)
        self.keys.add(key)
        self.empty[key] = None
        return level

    def fill_level(self, key: int) -> None:
        """Count an empty level among those with orders."""
        del self.empty[key]
        if key > self.best:
            self.best, self.reached = key, -key

    def empty_level(self, level: _Level) -> None:
        """Take a level whose last order left out of those with orders."""
        key, empty = level.key, self.empty
        level.orders, level.spare, level.summed = {}, _SPARE_GAPS, _NOT_SUMMED
        empty[key] = None
        if key == self.best:
            self.best = self.after(key)
            self.reached = -self.best
        if len(empty) > _SPARE_LEVELS:
            for oldest in tuple(islice(empty, _SPARE_LEVELS // 2)):
                del empty[oldest], self.levels[oldest]
                self.keys.remove(oldest)

    def after(self, key: int) -> int:
        """The next key behind this one of a level with orders, or `_EMPTY`."""
        empty, levels = self.empty, self.levels
        if len(empty) < len(self.keys):
            last = key - _NEAR
            if last < 0 < key:
                last = 1  # further down are the asks
            for behind in range(key - 1, last - 1, -1):
                if behind not in empty and behind in levels:
                    return behind
            for behind in self.keys.irange(maximum=key, inclusive=(True, False), reverse=True):
                if behind not in empty:
                    return behind
        return _EMPTY

    def sorted_levels(self) -> Iterator[_Level]:
        """Yield the levels with orders, best first."""
        levels = self.levels
        for key in reversed(self.keys):
            level = levels[key]
            if level.orders:
                yield level


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

    __slots__ = ("_asks", "_bids", "_key_of", "_levels", "_newest", "_table", "_turn")

    def __init__(self, market: Market) -> None:
        self._levels: dict[int, _Level] = {}
        # The key of every order's level; what is new is written without a call.
        self._table: Table[int] = Table()
        self._key_of = self._table.young
        # The greatest id that was here, so that a greater one is not; and the table's next turn.
        self._newest, self._turn = -1, FIRST_TURN
        self._bids = _Half(self._levels)
        self._asks = _Half(self._levels)

    @property
    def best_bid(self) -> Price | None:
        """The highest price of a resting buy, ticks."""
        best = self._bids.best
        return None if best == _EMPTY else best  # type: ignore[return-value] # its unit

    @property
    def best_ask(self) -> Price | None:
        """The lowest price of a resting sell, ticks."""
        best = self._asks.best
        return None if best == _EMPTY else -best  # type: ignore[return-value] # its unit

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
        order_id = order.order_id
        if order_id > self._newest and order_id < self._turn:  # a chain takes longer
            self._newest, part = order_id, self._key_of
        else:
            part = self._admit(order_id)
        key: int = order.price
        if order.side is not _BUY:
            key = -key
        try:
            level = self._levels[key]
        except KeyError:
            level = (self._bids if key > 0 else self._asks).open_level(key)
        orders = level.orders
        if not orders:
            level.half.fill_level(key)
        orders[order_id] = order
        part[order_id] = level.key

    def place(
        self, order_id: OrderId, account: AccountId, side: Side, price: Price, quantity: Quantity
    ) -> Sequence[Resting]:
        """Match an order, then put what is left of it at the back of its level.

        The same as `match`, `reduce` and `add`, in one step, for whoever decides nothing in between:
        a simulation, or a market without accounts. The engine does decide, and never calls this.

        Returns:
            The orders that it traded with, as they stood before, in the order in which it did. All
            but the last are gone; of the last it took what it still wanted, at most the whole.

        Raises:
            KeyError: an order of this id is in the book.

        >>> from hybrid_dex import Market, Side
        >>> book = SortedBook(Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001"))
        >>> book.place(OrderId(1), "alice", Side.SELL, Price(10), Quantity(5))
        ()
        >>> [met] = book.place(OrderId(2), "bob", Side.BUY, Price(11), Quantity(7))
        >>> met.order_id, met.price, met.quantity, book.top().bid
        (1, 10, 5, Level(price=11, quantity=2))
        """
        key: int
        if side is _BUY:
            if price >= self._asks.reached:
                return self._trade(order_id, account, side, price, quantity)
            key = price
        else:
            if price <= self._bids.best:
                return self._trade(order_id, account, side, price, quantity)
            key = -price
        # As `add` does, without the call that every order would pay for.
        if order_id > self._newest and order_id < self._turn:  # a chain takes longer
            self._newest, part = order_id, self._key_of
        else:
            part = self._admit(order_id)
        try:
            level = self._levels[key]
        except KeyError:
            level = (self._bids if key > 0 else self._asks).open_level(key)
        orders = level.orders
        if not orders:
            level.half.fill_level(key)
        orders[order_id] = Resting(order_id, account, side, price, quantity)
        part[order_id] = level.key
        return ()

    def remove(self, order_id: OrderId) -> Resting:
        """Take an order out and return it as it stood."""
        order = self.cancel(order_id)
        if order is None:
            raise KeyError(order_id)
        return order

    def cancel(self, order_id: OrderId) -> Resting | None:
        """Take an order out if it is in the book: `remove` for whoever does not know.

        Returns:
            The order as it stood, or None.
        """
        key = self._key_of.pop(order_id, None)
        if key is None and (
            self._turn == FIRST_TURN or (key := self._table.pop_older(order_id)) is None
        ):
            return None
        level = self._levels[key]
        orders = level.orders
        order = orders.pop(order_id)
        if orders:
            level.spare -= 1
        else:
            level.half.empty_level(level)
        return order

    def reduce(self, order_id: OrderId, by: Quantity) -> None:
        """Lower an order's open quantity in place; at zero it leaves."""
        key = self._key_of.get(order_id) or self._table.older(order_id)
        if key is None:
            raise KeyError(order_id)
        level = self._levels[key]
        order = level.orders[order_id]
        left = order.quantity - by
        if left == 0:
            self.remove(order_id)
        elif left > 0 < by:
            level.orders[order_id] = Resting(
                order_id, order.account, order.side, order.price, Quantity(left)
            )
            level.summed = _NOT_SUMMED
        else:
            message = (
                f"order {order_id} has {order.quantity} lots open; it can not be reduced by {by}"
            )
            raise ValueError(message)

    def top(self) -> Top:
        """Return the best level of each side."""
        bid = self._levels.get(self._bids.best)
        ask = self._levels.get(self._asks.best)
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

    def _admit(self, order_id: OrderId) -> dict[OrderId, int]:
        """Return where an id belongs that is not simply the next one; refuse one that is here."""
        if order_id in self._table:
            raise KeyError(order_id)
        part = self._table.part(order_id)
        self._key_of, self._turn = self._table.young, self._table.next_turn
        self._newest = max(self._newest, order_id)
        return part

    def _trade(
        self, order_id: OrderId, account: AccountId, side: Side, price: Price, quantity: Quantity
    ) -> Sequence[Resting]:
        """`place` of an order that meets another one."""
        if order_id <= self._newest and order_id in self._table:
            raise KeyError(order_id)
        half, limit = (self._asks, -price) if side is _BUY else (self._bids, price)
        met: list[Resting] = []
        levels, key_of, table = half.levels, self._key_of, self._table
        wanted: Any = quantity  # and stays one; to call every difference so costs a call each
        while wanted and half.best >= limit:
            level = levels[half.best]
            orders = level.orders if level.spare > 0 else level.close_gaps()
            before = len(met)
            for one in orders.values():
                met.append(one)
                wanted -= one.quantity
                if wanted <= 0:
                    break
            gone = met[before:]
            if wanted < 0:  # the last one stays, with what is left of it
                gone.pop()
                left: Any = -wanted
                orders[one.order_id] = Resting(one.order_id, one.account, one.side, one.price, left)
                level.summed, wanted = _NOT_SUMMED, 0
            for one in gone:
                gone_id = one.order_id
                del orders[gone_id]
                try:
                    del key_of[gone_id]
                except KeyError:
                    table.pop_older(gone_id)
            if orders:
                level.spare -= len(gone)
            else:
                half.empty_level(level)
        if wanted:
            self.add(Resting(order_id, account, side, price, wanted))
        return tuple(met)  # which the collector forgets about, unlike a list


def _view(level: _Level) -> Level:
    return Level(Price(abs(level.key)), Quantity(level.quantity))


def _sweep(half: _Half, limit: int, incoming: Incoming) -> Iterator[Allocation]:
    """Walk the levels up to a limit while the caller reduces and removes what it was shown.

    An order that was shown and left in place is stepped over. It can only stand before the next
    one, so the walk goes on behind as many orders as were left.
    """
    key, dry = half.best, False
    while key >= limit:
        level, left = half.levels[key], 0
        orders = level.orders if level.spare > 0 else level.close_gaps()
        walk: Iterator[Resting] = iter(())
        while left < len(orders):
            if left:
                order = next(walk)
            else:
                for order in orders.values():  # noqa: B007 # the first, without two calls
                    break
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
                continue
            if level.spare <= 0:
                orders = level.close_gaps()
            if left:
                walk = islice(orders.values(), left, None)
        key = half.after(key) if dry else half.best
