"""Conditional orders: the events of those that wait, hide lots, or are linked to others."""

import msgspec

from hybrid_dex.model.order import Side
from hybrid_dex.model.units import AccountId, MarketId, OrderId, Price, Quantity

__all__ = ["OrderActivated", "OrderRefilled", "OrderTriggered"]


class OrderTriggered(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=30):
    """A fill reached the order's trigger and it enters the book now; its fills follow.

    Attributes:
        trigger_price: what was reached, ticks.
        price: its limit or protection price, ticks.
        open: LeavesQty as it enters, lots.
        display_quantity: of an iceberg, how many lots the book shows at a time.
    """

    order_id: OrderId
    account: AccountId
    market: MarketId
    side: Side
    trigger_price: Price
    price: Price
    open: Quantity
    display_quantity: Quantity | None = None


class OrderRefilled(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=31):
    """The displayed slice of an iceberg was taken; the next stands at the back of its level.

    Attributes:
        price: its limit, ticks.
        displayed: the new slice, lots.
    """

    order_id: OrderId
    account: AccountId
    market: MarketId
    side: Side
    price: Price
    displayed: Quantity


class OrderActivated(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=32):
    """An exit of a bracket is alive for as much as its entry filled so far.

    Attributes:
        price: its limit, ticks.
        active: how many lots are alive now, all together.
        waiting: whether it waits for its trigger; otherwise these lots enter the book.
    """

    order_id: OrderId
    account: AccountId
    market: MarketId
    side: Side
    price: Price
    active: Quantity
    waiting: bool
