"""Table: what is kept by the id of an order, and may be millions.

A dict that runs out of room is copied whole, in one step: at a million entries that takes 30 ms and
more, in which nothing else is done. An order's id begins with the number of its command, so a table
keeps the orders of some thousand commands after another in a dict of their own.
"""

from typing import Final, Generic, TypeVar

from hybrid_dex.model.units import OrderId

__all__ = ["FIRST_TURN", "Table"]

_BITS: Final = 23
"""Ids that differ in so many low bits alone are in one dict: the orders of 32,768 commands."""
FIRST_TURN: Final = 1 << _BITS
"""The `next_turn` of a fresh table."""

V = TypeVar("V")


class Table(Generic[V]):
    """A mapping by order id whose every change takes a bounded time. In no order.

    Where every nanosecond counts, what is new is written to `young`: its owner sees that it is new,
    and asks for the `part` instead when its id is not below `next_turn`.

    Attributes:
        young: those with the highest ids; `part` may begin a new one.
        next_turn: the id from which on they belong into another dict than `young`.

    >>> table: Table[str] = Table()
    >>> table[OrderId(7)] = "seven"
    >>> table[OrderId(2**23)] = "large"
    >>> table.young, table.find(OrderId(7)), OrderId(8) in table, len(table)
    ({8388608: 'large'}, 'seven', False, 2)
    """

    __slots__ = ("_number", "_parts", "next_turn", "young")

    def __init__(self) -> None:
        self.young: dict[OrderId, V] = {}
        # All dicts by the high bits of their ids, and those bits of the young one.
        self._parts = {0: self.young}
        self._number = 0
        self.next_turn = FIRST_TURN

    def part(self, order_id: OrderId) -> dict[OrderId, V]:
        """Return the dict that an id belongs into, which may be a new one."""
        number = order_id >> _BITS
        if number > self._number:
            if not self.young:
                del self._parts[self._number]
            self.young = self._parts[number] = {}
            self._number = number
            self.next_turn = (number + 1) << _BITS
        part = self._parts.get(number)
        if part is None:
            part = self._parts[number] = {}
        return part

    def find(self, order_id: OrderId) -> V | None:
        """Return what stands under an id, or ``None``."""
        found = self.young.get(order_id)
        return self.older(order_id) if found is None else found

    def older(self, order_id: OrderId) -> V | None:
        """Return what stands under an id that is not in `young`, or ``None``."""
        part = self._parts.get(order_id >> _BITS)
        return None if part is None else part.get(order_id)

    def pop(self, order_id: OrderId) -> V | None:
        """Take out and return what stands under an id, or ``None``."""
        found = self.young.pop(order_id, None)
        return self.pop_older(order_id) if found is None else found

    def pop_older(self, order_id: OrderId) -> V | None:
        """Take out and return what stands under an id that is not in `young`, or ``None``."""
        number = order_id >> _BITS
        part = self._parts.get(number)
        found = None if part is None else part.pop(order_id, None)
        if part is None or found is None:
            return None
        left = len(part)
        if not left:
            del self._parts[number]
        elif not left & (left - 1):  # half of them left since the last time, and so half the room
            self._parts[number] = dict(part)
        return found

    def __getitem__(self, order_id: OrderId) -> V:
        """Return what stands under an id."""
        found = self.find(order_id)
        if found is None:
            raise KeyError(order_id)
        return found

    def __setitem__(self, order_id: OrderId, value: V) -> None:
        """Put something under an id, in place of what stands there."""
        part = self.young if order_id >> _BITS == self._number else self.part(order_id)
        part[order_id] = value

    def __delitem__(self, order_id: OrderId) -> None:
        """Take out what stands under an id."""
        if self.pop(order_id) is None:
            raise KeyError(order_id)

    def __contains__(self, order_id: OrderId) -> bool:
        """Return whether something stands under an id."""
        return self.find(order_id) is not None

    def __len__(self) -> int:
        """Return how many there are. O(dicts)."""
        return sum(map(len, self._parts.values()))
