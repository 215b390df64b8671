"""Triggers: what happens by time alone, which today is expiry.

A heap of (time, order). An order that ended or got another time leaves its old row behind; rows
that no longer say the truth are dropped when they surface. When they outnumber the true ones a
second heap is begun, and with every row that comes a few of the first one are moved to it, or
dropped: the rows stay within a few times the live orders, and no order waits until all are seen.
"""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import Final, TypeAlias

from hybrid_dex.engine.orders import LiveOrder, Orders
from hybrid_dex.model.units import MAX_TIMESTAMP_NS, OrderId

__all__ = ["Expiries"]

_Row: TypeAlias = tuple[int, OrderId]

_SPARE_ROWS: Final = 64
_MOVED: Final = 4
"""How many rows of the first heap are looked at for one that comes."""
_NEVER_NS: Final = MAX_TIMESTAMP_NS + 1


class Expiries:
    """When live orders expire, in (time, order id) order.

    Before `looks_ns` nothing is due: the engine compares it once a command.
    """

    __slots__ = ("_first", "_orders", "_second", "looks_ns")

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        # The first is empty unless its rows are being moved; what comes goes to the second.
        self._first: list[_Row] = []
        self._second: list[_Row] = []
        self.looks_ns: int = _NEVER_NS

    def watch(self, order: LiveOrder) -> None:
        """Note when a resting order ends; safe to repeat."""
        due_ns = order.due_ns
        if due_ns is None:
            return
        heappush(self._second, (due_ns, order.order_id))
        if due_ns < self.looks_ns:  # noqa: PLR1730 # a call costs more
            self.looks_ns = due_ns
        if self._first:
            self._move()
        elif len(self._second) > 2 * self._orders.live_total + _SPARE_ROWS:
            self._first, self._second = self._second, []

    def rebuild(self, orders: Iterable[LiveOrder]) -> None:
        """Forget all rows and note these orders."""
        self._first = []
        self._second = [
            (order.due_ns, order.order_id) for order in orders if order.due_ns is not None
        ]
        heapify(self._second)
        self.looks_ns = self._second[0][0] if self._second else _NEVER_NS

    def next_due_ns(self) -> int | None:
        """Return the earliest time at which a live order ends."""
        row = self._next()
        return None if row is None else row[0]

    def due(self, at_ns: int) -> OrderId | None:
        """Return the next order with a time at or before this, or ``None``."""
        if self.looks_ns > at_ns:
            return None
        row = self._next()
        return row[1] if row is not None and row[0] <= at_ns else None

    def _next(self) -> _Row | None:
        """Return the earliest row that says the truth; drop those before it."""
        first, second = self._first, self._second
        while first or second:
            rows = first if first and (not second or first[0] < second[0]) else second
            if self._is_true(rows[0]):
                self.looks_ns = rows[0][0]
                return rows[0]
            heappop(rows)
        self.looks_ns = _NEVER_NS
        return None

    def _move(self) -> None:
        """Take the last rows of the first heap, which leaves it one, over to the second."""
        first = self._first
        for _ in range(min(_MOVED, len(first))):
            row = first.pop()
            if self._is_true(row):
                heappush(self._second, row)

    def _is_true(self, row: _Row) -> bool:
        due_ns, order_id = row
        order = self._orders.live(order_id)
        return order is not None and order.due_ns == due_ns
