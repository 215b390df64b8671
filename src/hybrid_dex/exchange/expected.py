"""Expected: how many fills the orders can make that were taken and are not applied yet.

Between taking an order and applying it lies the journal. What waits there is in no count of fills,
so a burst could match far more than was asked about. Each such order is counted with the most
fills it can make: a fill needs a maker of its own, which rests now or waits ahead of it, and no
command makes more than its engine's limit, that of what it fires included. So the sum is never below what is made, and an order
that meets nobody costs nothing.
"""

import asyncio
from typing import Final, TypeAlias

from sortedcontainers import SortedList

from hybrid_dex.engine.cascade import MAX_CASCADE_FILLS
from hybrid_dex.engine.matching import MAX_FILLS_PER_COMMAND
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.model.commands import PlaceOrder, ReplaceOrder
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.units import MAX_FILLS_PER_GROUP, MarketId, Price

__all__ = ["Expected"]

_RESTS: Final = (TimeInForce.GTC, TimeInForce.GTD)
_Place: TypeAlias = tuple[MarketId, Side]


class Expected:
    """Counts what may still be made."""

    def __init__(self) -> None:
        self._fills = 0
        self._ahead: dict[_Place, SortedList[Price]] = {}
        self._anywhere = 0

    @property
    def fills(self) -> int:
        """The most fills that all of it can make."""
        return self._fills

    def watch(
        self,
        command: PlaceOrder | ReplaceOrder,
        answer: "asyncio.Future[EventBatch]",
        view: ExchangeView,
    ) -> "asyncio.Future[EventBatch]":
        """Count a command until it is answered; return what its caller may wait for, or give up."""
        self.count(command, answer, view)
        return asyncio.shield(answer)  # who gives up waiting does not take the command back

    def count(
        self,
        command: PlaceOrder | ReplaceOrder,
        answer: "asyncio.Future[EventBatch]",
        view: ExchangeView,
    ) -> None:
        """Count a command, or a member of one, until it is answered."""
        place = _place(command, view)
        fills = self._most(command, place, view)
        rests = command.time_in_force in _RESTS
        self._fills += fills
        if rests:
            self._add(place, command.price)

        def forget(_: "asyncio.Future[EventBatch]") -> None:
            self._fills -= fills
            if rests:
                self._remove(place, command.price)

        answer.add_done_callback(forget)

    def _most(
        self, command: PlaceOrder | ReplaceOrder, place: _Place | None, view: ExchangeView
    ) -> int:
        if command.post_only:
            return 0
        limit = MAX_FILLS_PER_COMMAND if command.authorization is None else MAX_FILLS_PER_GROUP
        limit = max(0, min(limit, command.quantity))
        if place is None:
            return limit
        market, side = place
        makers = self._anywhere
        ahead = self._ahead.get((market, Side.SELL if side is Side.BUY else Side.BUY))
        if ahead and side is Side.BUY:
            makers += ahead.bisect_right(command.price)
        elif ahead:
            makers += len(ahead) - ahead.bisect_left(command.price)
        if makers < limit:
            makers += view.crossing(market, side, command.price, limit - makers)
        fills = min(limit, makers)
        # What it fires trades in the same command.
        return fills + min(MAX_CASCADE_FILLS, fills and limit * view.waiting_count(market))

    def _add(self, place: _Place | None, price: Price) -> None:
        if place is None:
            self._anywhere += 1
        else:
            self._ahead.setdefault(place, SortedList()).add(price)

    def _remove(self, place: _Place | None, price: Price) -> None:
        if place is None:
            self._anywhere -= 1
            return
        self._ahead[place].remove(price)
        if not self._ahead[place]:
            del self._ahead[place]


def _place(command: PlaceOrder | ReplaceOrder, view: ExchangeView) -> _Place | None:
    """Return market and side, or ``None`` of an order that may itself not be applied yet."""
    if isinstance(command, PlaceOrder):
        return command.market, command.side
    order = view.order(command.order_id)
    return None if order is None else (order.market, order.side)
