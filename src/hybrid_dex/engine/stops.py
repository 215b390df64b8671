"""Stops: the orders of one market that wait for a price, and those whose price has come.

Two sorted lists, one for each direction in which a price can reach a trigger, the nearest trigger
first. A fill asks each for its first row; only what is reached costs more, O(log n) an order.
"""

from typing import Final, TypeAlias

from sortedcontainers import SortedList

from hybrid_dex.engine.orders import LiveOrder
from hybrid_dex.model.order import OrderType, Side
from hybrid_dex.model.units import OrderId

__all__ = ["Stops", "is_reached"]

_Row: TypeAlias = tuple[int, OrderId]
_LAST: Final = OrderId(2**63)


class Stops:
    """Waiting orders by trigger. Who they are is the desk's to know.

    Attributes:
        fired: the orders whose trigger was reached and that have not entered the book yet, in the
            order in which they will.
    """

    __slots__ = ("_falling", "_rising", "fired")

    def __init__(self) -> None:
        self._rising: SortedList[_Row] = SortedList()
        self._falling: SortedList[_Row] = SortedList()
        self.fired: dict[OrderId, None] = {}

    def __len__(self) -> int:
        return len(self._rising) + len(self._falling) + len(self.fired)

    def watch(self, order: LiveOrder) -> None:
        """An order waits for its trigger. O(log n)."""
        rows, row = self._row(order)
        rows.add(row)

    def drop(self, order: LiveOrder) -> None:
        """An order waits no longer, whether or not its trigger was reached. O(log n)."""
        if order.order_id in self.fired:
            del self.fired[order.order_id]
        else:
            rows, row = self._row(order)
            rows.remove(row)

    def reach(self, low: int, high: int) -> None:
        """Fills were made between these prices: line up whom that fires, in order of acceptance."""
        rising = self._rising.bisect_right((high, _LAST))
        falling = self._falling.bisect_right((-low, _LAST))
        if rising or falling:
            reached = [order_id for _, order_id in self._rising[:rising]]
            reached += [order_id for _, order_id in self._falling[:falling]]
            del self._rising[:rising]
            del self._falling[:falling]
            self.fired.update(dict.fromkeys(sorted(reached)))

    def _row(self, order: LiveOrder) -> tuple["SortedList[_Row]", _Row]:
        conditions = order.conditions
        assert conditions is not None, "only a waiting order is watched"
        assert conditions.trigger_price is not None, "and it waits for a price"
        if _rises(order.order_type, order.side):
            return self._rising, (conditions.trigger_price, order.order_id)
        return self._falling, (-conditions.trigger_price, order.order_id)


def is_reached(order_type: OrderType, side: Side, trigger_price: int, price: int) -> bool:
    """Return whether a fill at a price reaches this trigger."""
    return price >= trigger_price if _rises(order_type, side) else price <= trigger_price


def _rises(order_type: OrderType, side: Side) -> bool:
    """Whether the price reaches the trigger from below."""
    return order_type.is_stop is (side is Side.BUY)
