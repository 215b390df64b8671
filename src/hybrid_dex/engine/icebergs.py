"""Icebergs: orders of which the book shows a slice at a time.

The book knows the displayed slice and nothing else, so that depth and priority need no rule of
their own in any book. What is not displayed, the reserve, stands in the order. When a slice is
taken the next one enters at the back of the level, and an aggressor that is not done meets it there
before any worse price.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.orders import LiveOrder
from hybrid_dex.interfaces.book import Incoming, Resting
from hybrid_dex.model.events import OrderRefilled
from hybrid_dex.model.units import Quantity

__all__ = ["Hidden", "lower", "refill", "show"]

# Its integers are those of the order, and giving each its unit's name again would cost a call each.
_resting: Final[Callable[..., Resting]] = Resting


def show(venue: Venue, order: LiveOrder) -> None:
    """Put an order at the back of its level: all of it, or the first slice."""
    shown, conditions = order.open, order.conditions
    if conditions is not None:
        alive = shown - conditions.asleep
        shown = conditions.slice(alive)
        conditions.reserve = alive - shown
    venue.book.add(_resting(order.order_id, order.account, order.side, order.price, shown))


def refill(desk: Desk, venue: Venue, order: LiveOrder) -> bool:
    """Show the next slice when a fill took the last one; return whether it did."""
    conditions = order.conditions
    if conditions is None or not conditions.reserve or order.open > conditions.reserve:
        return False
    show(venue, order)
    desk.emit(
        OrderRefilled(
            order.order_id,
            order.account,
            order.market,
            order.side,
            order.price,
            Quantity(order.open - conditions.reserve),
        )
    )
    return True


def lower(venue: Venue, order: LiveOrder, by: int) -> None:
    """Take lots off an order that stays on its book, from the reserve first: it keeps its place."""
    conditions = order.conditions
    if conditions is not None:
        hidden = min(by, conditions.reserve)
        conditions.reserve -= hidden
        by -= hidden
    if by:
        venue.book.reduce(order.order_id, Quantity(by))


class Hidden:
    """What icebergs of one level keep back, in a look at how far an aggressor would come."""

    def __init__(self) -> None:
        self._line: deque[tuple[int, int]] = deque()

    def note(self, order: LiveOrder) -> None:
        """The displayed slice of an order was passed."""
        conditions = order.conditions
        if conditions is not None and conditions.reserve:
            self._line.append((conditions.slice(conditions.reserve), conditions.reserve))

    def take(self, incoming: Incoming, most: int) -> int:
        """Let the aggressor take slice after slice of all of them; return the fills, up to most."""
        fills, line = 0, self._line
        while line and incoming.open > 0 and fills < most:
            shown, reserve = line.popleft()
            shown = min(shown, reserve)
            incoming.open = Quantity(max(0, incoming.open - shown))
            fills += 1
            if reserve > shown:
                line.append((shown, reserve - shown))
        line.clear()
        return fills
