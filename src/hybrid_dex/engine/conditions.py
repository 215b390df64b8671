"""Conditions: what an order has beyond a plain one.

A plain order has none of this, and whoever handles one asks a single question. Everything here is
the exchange's promise, not the chain's: the contract sees the signed limit, total and flags only.
"""

import msgspec

from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.units import Price

__all__ = ["Conditions", "conditions_of"]


class Conditions(msgspec.Struct, gc=False, array_like=True):
    """The state of one order's extra terms.

    Attributes:
        trigger_price: of a stop or take-profit, ticks.
        waiting: whether it is live and on no book.
    """

    trigger_price: Price | None = None
    waiting: bool = False


def conditions_of(command: PlaceOrder) -> Conditions | None:
    """Return what a command asks for beyond a plain order."""
    if command.trigger_price is None:
        return None
    return Conditions(command.trigger_price, waiting=True)
