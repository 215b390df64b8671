"""Triggers: what happens by time alone, which today is expiry.

A heap of (time, order). An order that ended or got another time leaves its old row behind; rows
that no longer say the truth are dropped when they surface, and the heap is rebuilt when they
outnumber the true ones, so it never outgrows the live orders.
"""

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import Final

from hybrid_dex.engine.orders import LiveOrder
from hybrid_dex.model.units import MAX_TIMESTAMP_NS, OrderId

__all__ = ["Expiries"]

_SPARE_ROWS: Final = 64
_NEVER_NS: Final = MAX_TIMESTAMP_NS + 1


class Expiries:
    """When live orders expire, in (time, order id) order.

    Before `looks_ns` nothing is due: the engine compares it once a command.
    """

    __slots__ = ("_live", "_rows", "looks_ns")

    def __init__(self, live: Mapping[OrderId, LiveOrder]) -> None:
        self._live = live
        self._rows: list[tuple[int, OrderId]] = []
        self.looks_ns: int = _NEVER_NS

    def watch(self, order: LiveOrder) -> None:
        """Note when a resting order ends; safe to repeat."""
        if order.due_ns is None:
            return
        rows = self._rows
        heappush(rows, (order.due_ns, order.order_id))
        self.looks_ns = rows[0][0]
        if len(rows) > 2 * len(self._live) + _SPARE_ROWS:
            self.rebuild(self._live.values())

    def rebuild(self, orders: Iterable[LiveOrder]) -> None:
        """Forget all rows and note these orders."""
        self._rows = [
            (order.due_ns, order.order_id) for order in orders if order.due_ns is not None
        ]
        heapify(self._rows)
        self.looks_ns = self._rows[0][0] if self._rows else _NEVER_NS

    def next_due_ns(self) -> int | None:
        """Return the earliest time at which a live order ends."""
        rows = self._rows
        while rows:
            due_ns, order_id = rows[0]
            order = self._live.get(order_id)
            if order is not None and order.due_ns == due_ns:
                self.looks_ns = due_ns
                return due_ns
            heappop(rows)
        self.looks_ns = _NEVER_NS
        return None

    def due(self, at_ns: int) -> OrderId | None:
        """Return the next order with a time at or before this, or ``None``."""
        if self.looks_ns > at_ns:
            return None
        next_ns = self.next_due_ns()
        return self._rows[0][1] if next_ns is not None and next_ns <= at_ns else None
