"""Resting: who rests on a side, as the events tell of it, and what of each order may trade."""

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import groupby
from typing import Final

import attrs

from hybrid_dex.model.events import OrderAccepted, OrderReplaced
from hybrid_dex.model.order import SelfTradeMode, Side, TimeInForce

__all__ = ["JudgedOrder", "JudgedSide", "accepted_order", "due_ns", "slices"]

_NANOSECONDS: Final = 1_000_000_000


@attrs.define(eq=False)
class JudgedOrder:
    """An order as its events tell of it."""

    order_id: int
    account: str
    side: Side
    price: int
    open: int
    filled: int
    time_in_force: TimeInForce
    post_only: bool
    self_trade: SelfTradeMode
    signed: bool
    due_ns: int | None
    display: int | None
    budget: int | None
    asleep: int = 0
    shown: int = 0
    rank: int = 0
    fills: int = 0

    @property
    def alive(self) -> int:
        """What may trade: an exit sleeps as far as its entry is not filled."""
        return self.open - self.asleep

    def show(self) -> None:
        """Show all of it, or the next slice."""
        self.shown = self.alive if self.display is None else min(self.display, self.alive)

    def lower(self, by: int) -> None:
        """Take lots off in place: what is not shown goes first."""
        self.open -= by
        self.shown = min(self.shown, self.alive)

    def crosses(self, other: "JudgedOrder") -> bool:
        """Whether an order that takes may trade with one of the other side that rests."""
        if self.side is Side.BUY:
            return self.price >= other.price
        return self.price <= other.price


def accepted_order(event: OrderAccepted) -> JudgedOrder:
    """Return an order as it was accepted."""
    return JudgedOrder(
        event.order_id,
        event.account,
        event.side,
        event.price,
        event.quantity,
        0,
        event.time_in_force,
        event.post_only,
        event.self_trade,
        event.authorization is not None,
        due_ns(event),
        event.display_quantity,
        event.quote_budget,
    )


def due_ns(event: OrderAccepted | OrderReplaced) -> int | None:
    """Return when an order expires: by its GTD or its signature, whichever is first."""
    signed = event.authorization
    times = [] if signed is None else [signed.expiry_s * _NANOSECONDS]
    if event.expires_at_ns is not None:
        times.append(event.expires_at_ns)
    return min(times, default=None)


class JudgedSide:
    """Who rests on one side: the best price first, the earlier first within it."""

    def __init__(self, side: Side) -> None:
        self._sign = -1 if side is Side.BUY else 1
        self._rows: list[tuple[int, int, JudgedOrder]] = []

    def add(self, order: JudgedOrder) -> None:
        """Put an order where its price and rank say."""
        heappush(self._rows, (self._sign * order.price, order.rank, order))

    def best(self, resting: dict[int, JudgedOrder]) -> JudgedOrder | None:
        """Return who is first; rows of orders that left or moved are dropped as they surface."""
        while self._rows:
            key, rank, order = self._rows[0]
            if (
                resting.get(order.order_id) is order
                and order.rank == rank
                and self._sign * order.price == key
            ):
                return order
            heappop(self._rows)
        return None

    def ranked(self, resting: dict[int, JudgedOrder]) -> list[JudgedOrder]:
        """Return everybody, in order. O(n log n)."""
        live = {
            id(order): (key, rank, order)
            for key, rank, order in self._rows
            if resting.get(order.order_id) is order
            and order.rank == rank
            and self._sign * order.price == key
        }
        return [order for _, _, order in sorted(live.values(), key=lambda row: row[:2])]


def slices(ranked: Iterable[JudgedOrder]) -> Iterator[tuple[JudgedOrder, int]]:
    """Yield what an aggressor meets in turn: hidden slices queue up behind their level."""
    for _, level in groupby(ranked, key=lambda order: order.price):
        line = deque((order, order.shown, order.alive) for order in level)
        while line:
            order, shown, alive = line.popleft()
            yield order, shown
            if alive > shown and order.display is not None:
                line.append((order, min(order.display, alive - shown), alive - shown))
