"""Many orders need fills: what the rule allows, and the adjacent order that it does not."""

import pytest
from hybrid_dex_risk_template import OrderToTrade

import hybrid_dex as dex
from hybrid_dex.plugins import available, load

MARKET = dex.Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
HOUR_NS = 60 * 60 * 10**9


@pytest.fixture
def exchange() -> dex.LocalExchange:
    exchange = dex.LocalExchange([MARKET], risk=OrderToTrade(free=2, ratio=3))
    exchange.deposit("alice", "USDC", "100000")
    exchange.deposit("bob", "ETH", "10")
    return exchange


def buy(exchange: dex.LocalExchange, price: str = "10") -> bool:
    """Whether an order of Alice's enters."""
    first, *_ = exchange.place("alice", MARKET, dex.Side.BUY, quantity="1", price=price)
    if isinstance(first, dex.OrderRejected):
        assert first.reason is dex.RejectReason.RISK_REFUSED
    return isinstance(first, dex.OrderAccepted)


def test_so_many_orders_enter_without_a_fill(exchange: dex.LocalExchange) -> None:
    """Replacements count; a cancel, a refusal and other accounts do not."""
    assert buy(exchange)
    (order,) = exchange.view.open_orders(dex.AccountId("alice"))
    exchange.replace("alice", order.order_id, quantity="1", price="11")
    assert not buy(exchange)
    exchange.cancel("alice", order.order_id)
    assert not buy(exchange)
    exchange.place("bob", MARKET, dex.Side.SELL, quantity="1", price="99")


def test_each_fill_allows_more(exchange: dex.LocalExchange) -> None:
    exchange.place("bob", MARKET, dex.Side.SELL, quantity="1", price="20")
    assert [buy(exchange, "20"), buy(exchange)] == [True, True]
    assert [buy(exchange) for _ in range(4)] == [True, True, True, False]


def test_the_next_hour_begins_anew(exchange: dex.LocalExchange) -> None:
    assert [buy(exchange) for _ in range(3)] == [True, True, False]
    exchange.advance(HOUR_NS)
    assert [buy(exchange) for _ in range(3)] == [True, True, False]


def test_an_all_or_none_batch_is_counted_together(exchange: dex.LocalExchange) -> None:
    """Three where two may enter: none does; one after another, two do."""
    for all_or_none, entered in ((True, 0), (False, 2)):
        with exchange.batch("alice", all_or_none=all_or_none):
            for _ in range(3):
                exchange.place("alice", MARKET, dex.Side.BUY, quantity="1", price="10")
        assert exchange.view.open_order_count(dex.AccountId("alice")) == entered


def test_limits_are_not_negative() -> None:
    for limits in ({"free": -1}, {"ratio": -1}):
        with pytest.raises(dex.ConfigurationError):
            OrderToTrade(**limits)


def test_it_is_loaded_by_its_name() -> None:
    """As a program that was given the name would ask for it."""
    assert "order-to-trade" in available("risk")
    assert load("risk", "order-to-trade") is OrderToTrade
