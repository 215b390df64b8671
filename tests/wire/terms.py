"""Markets and orders that the tests of the wire share."""

from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderStatus, OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.units import AccountId, MarketId, Price, Quantity, TimestampNs, order_id
from hybrid_dex.model.views import OrderView

ETH = Market.spot(
    "ETH-USDC",
    number=7,
    base_decimals=18,
    quote_decimals=6,
    tick="0.01",
    lot="0.0001",
    maker_fee_ppm=200,
    taker_fee_ppm=500,
    minimum_notional="10",
    base_token="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    quote_token="0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
)
ALICE = AccountId("alice")


def view(**changes: object) -> OrderView:
    """A resting order of alice, partly filled."""
    terms: dict[str, object] = {
        "order_id": order_id(5),
        "account": ALICE,
        "market": MarketId("ETH-USDC"),
        "side": Side.SELL,
        "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "post_only": False,
        "self_trade": SelfTradeMode.CANCEL_AGGRESSOR,
        "price": Price(250_000),
        "quantity": Quantity(15_000),
        "open": Quantity(10_000),
        "filled": Quantity(5_000),
        "status": OrderStatus.PARTIALLY_FILLED,
        "accepted_at_ns": TimestampNs(1_700_000_000_123_999_999),
        "expires_at_ns": None,
        "client_order_id": None,
        "order_hash": b"",
        "nonce": None,
    }
    return OrderView(**(terms | changes))  # type: ignore[arg-type] # the keys are the fields
