"""HybridDex has ccxt's methods with ccxt's arguments, in both spellings, and refuses odd settings."""

from __future__ import annotations

import inspect

import pytest

from hybrid_dex.client import ccxt_like as ccxt
from hybrid_dex.signing import LocalSigner

ARGUMENTS = {
    "load_markets": "reload params",
    "fetch_markets": "params",
    "fetch_ticker": "symbol params",
    "fetch_tickers": "symbols params",
    "fetch_order_book": "symbol limit params",
    "fetch_trades": "symbol since limit params",
    "fetch_ohlcv": "symbol timeframe since limit params",
    "fetch_balance": "params",
    "create_order": "symbol type side amount price params",
    "create_limit_order": "symbol side amount price params",
    "create_market_order": "symbol side amount price params",
    "create_limit_buy_order": "symbol amount price params",
    "create_limit_sell_order": "symbol amount price params",
    "create_market_buy_order": "symbol amount params",
    "create_market_sell_order": "symbol amount params",
    "create_orders": "orders params",
    "edit_order": "id symbol type side amount price params",
    "cancel_order": "id symbol params",
    "cancel_orders": "ids symbol params",
    "cancel_all_orders": "symbol params",
    "fetch_order": "id symbol params",
    "fetch_orders": "symbol since limit params",
    "fetch_open_orders": "symbol since limit params",
    "fetch_closed_orders": "symbol since limit params",
    "fetch_canceled_orders": "symbol since limit params",
    "fetch_my_trades": "symbol since limit params",
    "fetch_deposits": "code since limit params",
    "fetch_withdrawals": "code since limit params",
    "fetch_time": "params",
    "fetch_status": "params",
    "watch_order_book": "symbol limit params",
    "watch_trades": "symbol since limit params",
    "watch_ticker": "symbol params",
    "watch_ohlcv": "symbol timeframe since limit params",
    "watch_orders": "symbol since limit params",
    "watch_my_trades": "symbol since limit params",
    "watch_balance": "params",
    "market": "symbol",
    "amount_to_precision": "symbol amount",
    "price_to_precision": "symbol price",
    "close": "",
}
"""Names and order of the arguments in ccxt 4.5.90, python/ccxt/async_support/base/exchange.py."""
OTHER_SPELLINGS = {"fetch_ohlcv": "fetchOHLCV", "watch_ohlcv": "watchOHLCV", "market": "market"}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_method_is_called_as_in_ccxt(name: str) -> None:
    method = getattr(ccxt.HybridDex, name)
    _, *arguments = inspect.signature(method).parameters
    assert arguments == ARGUMENTS[name].split()
    first, *others = name.split("_")
    camel = OTHER_SPELLINGS.get(name, first + "".join(part.capitalize() for part in others))
    assert getattr(ccxt.HybridDex, camel) is method
    assert inspect.getdoc(method)


def test_has_names_what_there_is() -> None:
    exchange = ccxt.HybridDex({"url": "http://127.0.0.1:1"})
    for name in ("createOrder", "fetchOHLCV", "watchOrders", "editOrder", "spot", "ws"):
        assert exchange.has[name] is True, name
    for name in ("fetchPositions", "withdraw", "swap", "createOrderWithNothing"):
        assert exchange.has[name] is False, name


@pytest.mark.parametrize(
    ("config", "kind", "said"),
    [
        ({}, ccxt.ArgumentsRequired, "address is missing"),
        ({"url": "http://x", "walletAdress": "0x"}, ccxt.BadRequest, "nothing reads walletAdress"),
        (
            {"url": "http://x", "privateKey": "0x" + "11" * 32, "walletAddress": "0x12"},
            ccxt.AuthenticationError,
            "not 0x12's",
        ),
        ({"url": "http://x", "apiKey": "a"}, ccxt.ArgumentsRequired, "needs its secret"),
        ({"url": "http://x", "apiKey": "a", "secret": "b"}, ccxt.AuthenticationError, "secret is"),
        ({"url": "http://x", "privateKey": "0x12"}, ccxt.AuthenticationError, "not 32 bytes"),
        ({"url": "x:8000"}, ccxt.BadRequest, "valid: such as http://"),
        ({"url": "http://x", "timeout": "5"}, ccxt.BadRequest, "timeout is '5'"),
    ],
)
def test_settings_that_can_not_be_are_refused(
    config: dict[str, object], kind: type[ccxt.BaseError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        ccxt.HybridDex(config)


async def test_an_exchange_out_of_reach_is_not_available() -> None:
    key = "0x" + "11" * 32
    config = {"url": "http://127.0.0.1:1", "privateKey": key, "timeout": 1_000}
    exchange = ccxt.HybridDex(config | {"walletAddress": LocalSigner(key).address.lower()})
    for _ in range(2):
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await exchange.load_markets()
    with pytest.raises(ccxt.ExchangeNotAvailable):
        async with exchange:
            pass
    with pytest.raises(ccxt.BadSymbol, match="load_markets first"):
        exchange.market("ETH/USDC")
    await exchange.close()
    await exchange.close()
