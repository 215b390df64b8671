"""Book: holds one market's resting orders and owns how an aggressor is allocated among them.

Pure. The engine decides what an allocation becomes (a fill, or self-trade prevention) and tells
the book with `reduce` and `remove`; the book decides only who is next.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

from hybrid_dex.model.order import Side
from hybrid_dex.model.units import AccountId, OrderId, Price, Quantity
from hybrid_dex.model.views import Depth, Top

__all__ = ["Allocation", "Book", "Incoming", "Resting"]


class Resting(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A resting order as the book knows it: price in ticks, open quantity in lots."""

    order_id: OrderId
    account: AccountId
    side: Side
    price: Price
    quantity: Quantity


class Incoming(msgspec.Struct, gc=False):
    """An aggressor. The engine lowers `open` as it takes allocations; the book reads it.

    Attributes:
        side: the aggressor's side.
        price: the worst price it may trade at, ticks.
        open: what it still wants, lots.
    """

    side: Side
    price: Price
    open: Quantity


class Allocation(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The next resting order in allocation order, and how much of it the aggressor may take."""

    order_id: OrderId
    account: AccountId
    price: Price
    quantity: Quantity
    """min(aggressor open, resting open) for a price-time book, lots."""
    resting: Quantity
    """The whole open quantity of the resting order, lots."""


class Book(Protocol):
    """One market's resting orders.

    Promises: price-time (or another declared) priority; every method is deterministic; a call
    that raises has changed nothing. A `KeyError` for an unknown id is a bug of the engine.
    """

    @property
    def best_bid(self) -> Price | None:
        """The highest price somebody buys at, ticks. O(1): it is read for every order."""
        ...

    @property
    def best_ask(self) -> Price | None:
        """The lowest price somebody sells at, ticks. O(1)."""
        ...

    def match(self, incoming: Incoming) -> Iterable[Allocation]:
        """Yield allocations in order while `incoming.open` > 0 and the price crosses.

        Between two steps the engine may `reduce` or `remove` the order just yielded, and lower
        `incoming.open`; it may also change nothing but `incoming.open` (a dry run), or stop.
        Each resting order is yielded at most once. What comes back is iterated over once: most
        aggressors cross nothing, so an empty tuple is the cheapest answer. Cost: O(1) a step,
        O(log levels) a level.
        """
        ...

    def add(self, order: Resting) -> None:
        """Put an order at the back of its level. O(log levels)."""
        ...

    def remove(self, order_id: OrderId) -> Resting:
        """Take an order out and return it as it stood. O(log levels)."""
        ...

    def reduce(self, order_id: OrderId, by: Quantity) -> None:
        """Lower an order's open quantity in place; it keeps priority, and leaves at zero."""
        ...

    def top(self) -> Top:
        """Return the best level of each side. O(1) or O(log levels)."""
        ...

    def depth(self, levels: int) -> Depth:
        """Return up to ``levels`` aggregated levels a side, best first."""
        ...

    def orders(self) -> Iterator[Resting]:
        """Yield every order in priority order: all bids, then all asks. For snapshot and hash."""
        ...
