"""Conditions: what an order has beyond a plain one.

A plain order has none of this, and whoever handles one asks a single question. Everything here is
the exchange's promise, not the chain's: the contract sees the signed limit, total and flags only.
"""

import msgspec

from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.units import Amount, OrderId, Price, Quantity

__all__ = ["Conditions", "conditions_of"]


class Conditions(msgspec.Struct, gc=False, array_like=True):
    """The state of one order's extra terms.

    Attributes:
        trigger_price: of a stop or take-profit, ticks.
        waiting: whether it is live and on no book.
        display_quantity: of an iceberg, how many lots the book shows at a time.
        reserve: of an iceberg that rests, how many lots the book does not show.
        quote_budget: the most that it spends, fees included, quote atoms.
        spent: how much of that it spent.
        other: the exit that it is linked to, 0 for none.
        follows: whether the other exit holds the funds of both.
        shared_price: of the exit that holds for both, the price for which it holds.
        asleep: lots of an exit whose entry has not filled so much yet.
        woken: whether its entry filled anything.
        exits: of an entry, its take-profit and stop.
        entry: of an exit, its entry, 0 for none.
    """

    trigger_price: Price | None = None
    waiting: bool = False
    display_quantity: Quantity | None = None
    reserve: int = 0
    quote_budget: Amount | None = None
    spent: int = 0
    other: OrderId = OrderId(0)
    follows: bool = False
    shared_price: int = 0
    asleep: int = 0
    woken: bool = False
    exits: tuple[OrderId, OrderId] | None = None
    entry: OrderId = OrderId(0)

    @property
    def is_linked(self) -> bool:
        """Whether what becomes of it concerns another order."""
        return self.other != 0 or self.exits is not None

    @property
    def is_watched(self) -> bool:
        """Whether its trigger is watched, as it waits and is alive."""
        return self.waiting and (not self.asleep or self.woken)

    def slice(self, open_lots: int) -> int:
        """Return how much of an open quantity the book shows when all of it comes anew."""
        display = self.display_quantity
        return open_lots if display is None else min(display, open_lots)

    def cap(self, hold: int) -> int:
        """Return what is held where so much would be held without a budget."""
        return hold if self.quote_budget is None else min(hold, self.quote_budget - self.spent)


def conditions_of(command: PlaceOrder) -> Conditions | None:
    """Return what a command asks for beyond a plain order."""
    trigger, display = command.trigger_price, command.display_quantity
    if trigger is None and display is None and command.quote_budget is None:
        return None
    return Conditions(trigger, trigger is not None, display, 0, command.quote_budget)
