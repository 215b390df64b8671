"""Short ways to write events for the tests of the feed."""

from hybrid_dex.model.events import (
    Event,
    EventBatch,
    FillMade,
    OrderAccepted,
    OrderCanceled,
    OrderReduced,
    OrderReplaced,
)
from hybrid_dex.model.order import CancelReason, OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    ClientOrderId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    Sequence,
    TimestampNs,
    fill_id,
    order_id,
)

MARKET = MarketId("ETH-USDC")
ALICE, BOB = AccountId("alice"), AccountId("bob")


def batch(sequence: int, *events: Event) -> EventBatch:
    """The events of one command."""
    return EventBatch(Sequence(sequence), TimestampNs(sequence * 1_000_000), events)


def accepted(
    sequence: int,
    side: Side,
    price: int,
    quantity: int,
    *,
    account: AccountId = ALICE,
    market: MarketId = MARKET,
    name: str | None = None,
) -> OrderAccepted:
    """A new limit order."""
    return OrderAccepted(
        order_id(sequence),
        account,
        market,
        side,
        OrderType.LIMIT,
        TimeInForce.GTC,
        Price(price),
        Quantity(quantity),
        False,
        SelfTradeMode.CANCEL_AGGRESSOR,
        None,
        None if name is None else ClientOrderId(name),
        None,
    )


def filled(
    sequence: int, maker: OrderId, *, maker_open: int, taker_open: int, price: int, quantity: int
) -> FillMade:
    """The first fill of a command; bob sells into alice's bid."""
    return FillMade(
        fill_id(sequence, 0),
        MARKET,
        Price(price),
        Quantity(quantity),
        Side.SELL,
        maker,
        order_id(sequence),
        ALICE,
        BOB,
        Quantity(maker_open),
        Quantity(taker_open),
        Quantity(quantity),
        Quantity(quantity),
        Amount(1),
        Amount(2),
    )


def canceled(order: OrderId, open_: int, filled_: int = 0) -> OrderCanceled:
    """Alice's order, canceled on request."""
    return OrderCanceled(
        order, ALICE, MARKET, CancelReason.REQUESTED, Quantity(open_), Quantity(filled_), None
    )


def reduced(order: OrderId, by: int, open_: int, *, self_trade: bool = False) -> OrderReduced:
    """Alice's order, reduced."""
    return OrderReduced(
        order,
        ALICE,
        MARKET,
        Quantity(by),
        Quantity(open_),
        Quantity(0),
        self_trade,
        quantity=Quantity(open_ + by if self_trade else open_),
    )


def replaced(order: OrderId, side: Side, price: int, quantity: int) -> OrderReplaced:
    """Alice's order with new terms."""
    return OrderReplaced(
        order,
        ALICE,
        MARKET,
        side,
        Price(price),
        Quantity(quantity),
        Quantity(quantity),
        Quantity(0),
        TimeInForce.GTC,
        False,
        None,
        False,
        None,
    )
