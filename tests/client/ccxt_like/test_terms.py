"""What ccxt says by type and params is one of this exchange's orders, or refused before it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from hybrid_dex.client.ccxt_like.errors import (
    ArgumentsRequired,
    BadRequest,
    BaseError,
    InvalidOrder,
    NotSupported,
)
from hybrid_dex.client.ccxt_like.terms import protection_price, read_terms
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderType, TimeInForce

ETH = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.01")


@pytest.mark.parametrize(
    ("kind", "params", "expected"),
    [
        ("limit", {}, OrderType.LIMIT),
        ("Market", {}, OrderType.MARKET),
        ("limit", {"stopLossPrice": 5}, OrderType.STOP_LIMIT),
        ("market", {"stopLossPrice": 5}, OrderType.STOP_MARKET),
        ("limit", {"takeProfitPrice": 5.5}, OrderType.TAKE_PROFIT_LIMIT),
        ("market", {"takeProfitPrice": "5"}, OrderType.TAKE_PROFIT_MARKET),
        ("stop_limit", {"triggerPrice": 5}, OrderType.STOP_LIMIT),
        ("stop_market", {"stopPrice": 5}, OrderType.STOP_MARKET),
        ("take_profit", {"triggerPrice": 5, "stopPrice": 5}, OrderType.TAKE_PROFIT_LIMIT),
    ],
)
def test_type_and_trigger_are_an_order_type(
    kind: str, params: dict[str, Any], expected: OrderType
) -> None:
    terms = read_terms(kind, params)
    assert terms.options(terms.waits_for).order_type is expected
    assert (terms.trigger_price is None) == (not params)


def test_flags_and_names_are_carried_over() -> None:
    terms = read_terms(
        "limit",
        {"timeInForce": "PO", "clientOrderId": 7, "icebergAmount": 0.5, "lifetime": 60}
        | {"reduceOnly": False, "stopPrice": None, "maxFeePpm": 400},
    )
    options = terms.options("")
    assert (options.post_only, options.time_in_force) == (True, TimeInForce.GTC)
    assert (terms.client_order_id, options.display_quantity) == ("7", "0.5")
    assert (options.lifetime_s, options.max_fee_ppm) == (60, 400)
    assert read_terms("limit", {"timeInForce": "fok"}).time_in_force is TimeInForce.FOK
    plain = read_terms("limit", {"triggerPrice": 5, "triggerDirection": "above"})
    assert (plain.waits_for, plain.ascending) == ("trigger", True)


@pytest.mark.parametrize(
    ("kind", "params", "error"),
    [
        ("trailing", {}, InvalidOrder),
        ("limit", {"lifetime": 0}, InvalidOrder),
        ("limit", {"lifetime": 10**9}, InvalidOrder),
        ("stop", {}, ArgumentsRequired),
        ("limit", {"stopLossPrice": 1, "takeProfitPrice": 2}, InvalidOrder),
        ("take_profit", {"stopLossPrice": 1}, InvalidOrder),
        ("limit", {"timeInForce": "GTD"}, InvalidOrder),
        ("limit", {"triggerPrice": 5, "triggerDirection": "left"}, InvalidOrder),
        ("limit", {"reduceOnly": True}, BadRequest),
        ("limit", {"leverage": 3}, BadRequest),
        ("limit", {"lifetime": "long"}, BadRequest),
        ("limit", {"stopLoss": {"triggerPrice": 1}}, NotSupported),
        ("market", {"slippage": 0.7}, InvalidOrder),
        ("market", {"slippage": "1e-2"}, InvalidOrder),
        ("market", {"slippage": 0.0000001}, InvalidOrder),
    ],
)
def test_what_can_not_be_is_refused(
    kind: str, params: dict[str, Any], error: type[BaseError]
) -> None:
    with pytest.raises(error):
        read_terms(kind, params)


def test_a_protection_price_is_within_the_slippage_and_on_the_tick() -> None:
    ppm = read_terms("market", {"slippage": 0.001}).slippage_ppm
    assert ppm == 1_000
    assert protection_price(ETH, "2500", "buy", ppm) == "2502.5"
    assert protection_price(ETH, "2500.01", "sell", ppm) == "2497.51"
    assert protection_price(ETH, "2500", "sell", 0) == "2500"
