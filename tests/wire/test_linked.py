"""Linked orders on the wire: each read like an order alone, of one market, with one window for all."""

import msgspec
import pytest

from hybrid_dex.errors import FormatError
from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderType
from hybrid_dex.wire import LinkedRequest, OrderRequest, decode, encode, to_linked

MARKET = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
PROFIT = OrderRequest(market="ETH-USDC", side="sell", quantity="1", price="3000")
STOP = OrderRequest(
    market="ETH-USDC",
    side="sell",
    quantity="1",
    price="2390",
    order_type="stop_limit",
    trigger_price="2400",
)


def test_exits_alone_and_behind_an_entry() -> None:
    oco = LinkedRequest(take_profit=PROFIT, stop=STOP)
    assert decode(LinkedRequest, encode(oco)) == oco
    first, second, entry = to_linked(oco, MARKET, "alice")
    assert entry is None
    assert isinstance(first, PlaceOrder)
    assert isinstance(second, PlaceOrder)
    assert (first.account, second.order_type) == ("alice", OrderType.STOP_LIMIT)
    assert second.trigger_price == MARKET.parse_price("2400")
    bought = msgspec.structs.replace(PROFIT, side="buy", price="2500")
    orders = to_linked(LinkedRequest(take_profit=PROFIT, stop=STOP, entry=bought), MARKET, "alice")
    assert isinstance(orders.entry, PlaceOrder)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"market": "BTC-USDC"}, "market"),
        ({"price": "0.001"}, "price"),
        ({"sent_at_ms": 5}, "sent_at_ms"),
        ({"receive_window_ms": 5}, "sent_at_ms"),
    ],
)
def test_a_part_that_does_not_fit_is_refused(changes: dict[str, object], field: str) -> None:
    wrong = msgspec.structs.replace(STOP, **changes)
    with pytest.raises(FormatError) as refused:
        to_linked(LinkedRequest(take_profit=PROFIT, stop=wrong), MARKET, "alice")
    assert refused.value.field == field
