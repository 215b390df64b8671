"""Budgets: how much an aggressor can still pay for.

A quote budget caps what an immediate buy spends, fees included, on top of its protection price. It
is never exceeded by an atom: the largest quantity whose price and fee fit is found exactly.
"""

from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.orders import LiveOrder
from hybrid_dex.interfaces.book import Allocation
from hybrid_dex.model.fees import fee
from hybrid_dex.model.units import FEE_DENOMINATOR, Quantity

__all__ = ["affordable", "lots_for", "spend"]


def affordable(desk: Desk, venue: Venue, taker: LiveOrder, allocation: Allocation) -> Allocation:
    """Return an allocation as it is when the taker's budget pays for it, or what it pays for.

    The quantity is 0 when it does not pay for one lot.
    """
    conditions = taker.conditions
    assert conditions is not None, "only an order with a budget asks"
    assert conditions.quote_budget is not None, "only an order with a budget asks"
    left = conditions.quote_budget - conditions.spent
    rate = venue.flat_rates[1]
    if venue.rates is not None:
        rate = desk.rates(venue, allocation.account, taker.account)[1]
    quantity = lots_for(left, allocation.price * venue.tick_size, rate)
    if quantity >= allocation.quantity:
        return allocation
    return Allocation(
        allocation.order_id,
        allocation.account,
        allocation.price,
        Quantity(quantity),
        allocation.resting,
    )


def lots_for(budget: int, unit: int, rate_ppm: int) -> int:
    """Return how many lots a budget pays for, the fee included; ``unit`` is what one lot costs."""
    # Without rounding this many lots cost just more than the budget; the fee is rounded down, so
    # the answer is at most one lot away.
    quantity = budget * FEE_DENOMINATOR // (unit * (FEE_DENOMINATOR + rate_ppm)) + 1
    while quantity > 0 and unit * quantity + fee(unit * quantity, rate_ppm) > budget:
        quantity -= 1
    return quantity


def spend(venue: Venue, order: LiveOrder, quantity: int, paid: int) -> int:
    """A buy pays for a quantity; return what its hold is larger than what it needs after that."""
    conditions = order.conditions
    assert conditions is not None, "a plain order has no budget"
    held = venue.held(order, order.price, order.open)
    conditions.spent += paid
    return held - venue.held(order, order.price, order.open - quantity) - paid
