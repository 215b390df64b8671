"""BatchRequest: what a trader asks for in a batch, before any of it is verified."""

from typing import TypeAlias

import attrs

from hybrid_dex.model.commands import CancelOrder, PlaceOrder, ReduceOrder, ReplaceOrder
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import OrderId, Quantity

__all__ = ["BatchRequest", "SignedReplacement"]


@attrs.frozen(kw_only=True)
class SignedReplacement:
    """New terms of an order, as its trader signed them.

    Attributes:
        order_id: the order to replace.
        terms: the new terms.
        expected_filled: refuse when the filled quantity is another.
    """

    order_id: OrderId
    terms: SignedOrder
    expected_filled: Quantity | None = None


BatchRequest: TypeAlias = (
    SignedOrder | PlaceOrder | SignedReplacement | ReplaceOrder | ReduceOrder | CancelOrder
)
"""What a batch may ask for."""
