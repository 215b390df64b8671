"""A program written for ccxt's interface trades, cancels and watches on the real app, unchanged."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hybrid_dex import AccountId
from hybrid_dex.client import ccxt_like as ccxt
from hybrid_dex.signing import LocalSigner
from reference_app.routes.admin_examples import PROPOSALS
from reference_app.tests.stack import Stack
from reference_app.tests.test_admin_actions import office_of

KEYS = {"maker": "0x" + "21" * 32, "taker": "0x" + "22" * 32}
WAIT_S = 120


async def bot(exchange: Any) -> dict[str, Any]:
    """A program that knows ccxt and nothing else: as it would be written for any of its exchanges."""
    seen: dict[str, Any] = {}
    await exchange.loadMarkets()
    symbol = "ETH/USDC"
    assert exchange.has["watchOrders"]
    assert symbol in exchange.symbols
    amount = exchange.amountToPrecision(symbol, 0.1 + 0.2)
    price = exchange.priceToPrecision(symbol, 2400.0049)
    watching = asyncio.ensure_future(exchange.watchOrders(symbol))
    await asyncio.sleep(0)
    bid = await exchange.createOrder(
        symbol, "limit", "buy", float(amount), float(price), {"postOnly": True}
    )
    seen["watched"] = await asyncio.wait_for(watching, WAIT_S)
    seen["bid"] = bid
    seen["open"] = await exchange.fetchOpenOrders(symbol)
    seen["edited"] = await exchange.editOrder(bid["id"], symbol, "limit", "buy", 0.4, 2401)
    try:
        await exchange.createOrder(symbol, "limit", "buy", 100, 2400)
    except ccxt.InsufficientFunds as error:
        seen["refused"] = error
    seen["canceled"] = await exchange.cancelOrder(bid["id"], symbol)
    try:
        await exchange.cancelOrder(bid["id"], symbol)
    except ccxt.OrderNotFound as error:
        seen["gone"] = error
    seen["bought"] = await exchange.createMarketBuyOrder(symbol, 0.5)
    seen["balance"] = await exchange.fetchBalance()
    return seen


@pytest.fixture
async def traders(stack: Stack) -> AsyncIterator[dict[str, ccxt.HybridDex]]:
    """Two accounts with funds, each in ccxt's shape."""
    market = stack.market("ETH-USDC")
    made = {
        name: ccxt.HybridDex({"url": stack.url, "privateKey": key, "enableRateLimit": True})
        for name, key in KEYS.items()
    }
    for key in KEYS.values():
        for asset, amount in ((market.base, "10"), (market.quote, "10000")):
            account = AccountId(LocalSigner(key).address)
            await stack.services.exchange.deposit(account, asset.id, asset.parse(amount))
    yield made
    for exchange in made.values():
        await exchange.close()


async def until_recorded(ask: Any, count: int) -> list[dict[str, Any]]:
    """Lists of the past follow by a moment."""
    async with asyncio.timeout(WAIT_S):
        while len(found := await ask()) < count:
            await asyncio.sleep(0.01)
    rows: list[dict[str, Any]] = found
    return rows


async def test_a_bot_for_ccxt_runs_here(traders: dict[str, ccxt.HybridDex]) -> None:
    """Numbers are floats, words are ccxt's, the exact text is under info."""
    await traders["maker"].create_order("ETH/USDC", "limit", "sell", 2, 2500.5)
    seen = await bot(traders["taker"])
    bid = seen["bid"]
    assert (bid["amount"], bid["price"], bid["status"]) == (0.3, 2400.0, "open")
    assert (bid["filled"], bid["remaining"], bid["postOnly"]) == (0.0, 0.3, True)
    assert bid["info"]["quantity"] == "0.3"
    assert {one["id"] for one in seen["watched"]} == {bid["id"]}
    assert [one["id"] for one in seen["open"]] == [bid["id"]]
    assert (seen["edited"]["id"], seen["edited"]["amount"]) == (bid["id"], 0.4)
    assert (seen["edited"]["price"], seen["edited"]["postOnly"]) == (2401.0, True)
    assert seen["refused"].__cause__.code == 3001
    assert seen["canceled"]["status"] == "canceled"
    assert "gone" in seen
    bought = seen["bought"]
    assert (bought["status"], bought["filled"], bought["average"]) == ("closed", 0.5, 2500.5)
    assert (bought["cost"], bought["fee"]["currency"]) == (1250.25, "USDC")
    assert bought["trades"][0]["takerOrMaker"] == "taker"
    assert seen["balance"]["ETH"] == {"free": 10.5, "used": 0.0, "total": 10.5}
    assert seen["balance"]["free"]["ETH"] == 10.5


async def test_public_data_needs_no_account(
    stack: Stack, traders: dict[str, ccxt.HybridDex]
) -> None:
    """Markets, book, ticker, trades, candles, time and status; what is private says what it needs."""
    maker, taker = traders["maker"], traders["taker"]
    await maker.create_order("ETH/USDC", "limit", "sell", "2", "2500.5")
    await taker.create_order("ETH/USDC", "market", "buy", 0.5)
    async with ccxt.HybridDex({"urls": {"api": stack.url}}) as public:
        market = public.market("ETH/USDC")
        assert (market["id"], market["active"], market["precision"]["price"]) == (
            "ETH-USDC",
            True,
            0.01,
        )
        assert set(public.currencies) == {"ETH", "USDC", "BTC"}
        book = await public.fetch_order_book("ETH/USDC", 5)
        assert (book["asks"], book["bids"]) == ([[2500.5, 1.5]], [])
        trades = await until_recorded(lambda: public.fetch_trades("ETH/USDC"), 1)
        assert (trades[0]["price"], trades[0]["amount"], trades[0]["side"]) == (2500.5, 0.5, "buy")
        assert await public.fetch_trades("ETH/USDC", since=trades[0]["timestamp"] + 1) == []
        (candle,) = await until_recorded(lambda: public.fetch_ohlcv("ETH/USDC", "1h"), 1)
        assert candle[1:] == [2500.5, 2500.5, 2500.5, 2500.5, 0.5]
        ticker = (await public.fetch_tickers())["ETH/USDC"]
        assert (ticker["last"], ticker["ask"], ticker["bid"]) == (2500.5, 2500.5, None)
        assert (ticker["baseVolume"], ticker["vwap"]) == (0.5, 2500.5)
        assert (await public.fetch_status())["status"] == "ok"
        assert abs(await public.fetch_time() - trades[0]["timestamp"]) < 600_000
        for refused, kind in (
            (public.fetch_balance(), ccxt.AuthenticationError),
            (public.create_order("ETH/USDC", "limit", "buy", 1, 1), ccxt.AuthenticationError),
            (public.watch_orders(), ccxt.AuthenticationError),
            (public.fetch_ticker("DOGE/USDC"), ccxt.BadSymbol),
            (public.fetch_ohlcv("ETH/USDC", "7m"), ccxt.BadRequest),
            (public.fetch_trades("ETH/USDC", params={"page": 2}), ccxt.BadRequest),
        ):
            with pytest.raises(kind):
                await refused


async def test_an_edited_order_is_what_its_sender_said(traders: dict[str, ccxt.HybridDex]) -> None:
    """Post-only and time in force as given, or as they were; nothing else is passed over."""
    maker, taker = traders["maker"], traders["taker"]
    await maker.create_order("ETH/USDC", "limit", "sell", 1, 12)
    bid = await taker.create_order(
        "ETH/USDC", "limit", "buy", 1, 10, {"clientOrderId": "mine", "postOnly": True}
    )

    async def edit(kind: str, price: float, params: dict[str, Any], side: str = "BUY") -> Any:
        return await taker.edit_order(bid["id"], "ETH/USDC", kind, side, 1, price, params)

    with pytest.raises(ccxt.OrderImmediatelyFillable):
        await edit("limit", 12, {"timeInForce": "PO"})
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        await edit("limit", 12, {})
    with pytest.raises(ccxt.InvalidOrder):
        await edit("market", 12, {})
    with pytest.raises(ccxt.BadRequest):
        await edit("limit", 11, {"clientOrderId": "another"})
    with pytest.raises(ccxt.BadRequest):
        await edit("limit", 11, {}, "sell")
    kept = await edit("limit", 11, {"clientOrderId": "mine"})
    assert (kept["status"], kept["postOnly"], kept["timeInForce"]) == ("open", True, "GTC")
    filled = await edit("limit", 12, {"timeInForce": "IOC"})
    assert (filled["status"], filled["filled"]) == ("closed", 1.0)


async def test_prices_and_amounts_in_parameters_are_put_on_steps_as_well(
    traders: dict[str, ccxt.HybridDex],
) -> None:
    maker = traders["maker"]
    odd = {"triggerPrice": 2600.123, "icebergAmount": 0.25004}
    with pytest.raises(ccxt.InvalidOrder):
        await maker.create_order("ETH/USDC", "limit", "sell", 1, 2599, odd)
    maker.options["toPrecision"] = True
    put = await maker.create_order("ETH/USDC", "limit", "sell", 1, 2599, odd)
    assert (put["triggerPrice"], put["info"]["display_quantity"]) == (2600.12, "0.25")
    assert odd == {"triggerPrice": 2600.123, "icebergAmount": 0.25004}


async def test_orders_of_every_kind_and_their_past(traders: dict[str, ccxt.HybridDex]) -> None:
    """Stops, take-profits, icebergs and batches; orders, fills and deposits are listed afterwards."""
    maker, taker = traders["maker"], traders["taker"]
    await maker.create_order("ETH/USDC", "limit", "sell", 1, 2500, {"icebergAmount": 0.25})
    first = await taker.create_order("ETH/USDC", "limit", "buy", 1, 2600, {"timeInForce": "IOC"})
    assert (first["filled"], first["average"]) == (1.0, 2500.0)
    below = await taker.create_order("ETH/USDC", "market", "sell", 1, None, {"triggerPrice": 2400})
    assert (below["type"], below["stopLossPrice"], below["status"]) == ("market", 2400.0, "open")
    above = await taker.create_order("ETH/USDC", "limit", "sell", 1, 2599, {"triggerPrice": 2600})
    assert (above["takeProfitPrice"], above["info"]["waiting"]) == (2600.0, True)
    named = await taker.create_order("ETH/USDC", "limit", "buy", 1, 100, {"clientOrderId": "mine"})
    assert (await taker.fetch_order(None, params={"clientOrderId": "mine"}))["id"] == named["id"]
    with pytest.raises(ccxt.DuplicateOrderId):
        await taker.create_order("ETH/USDC", "limit", "buy", 2, 100, {"clientOrderId": "mine"})
    many = await taker.create_orders(
        [
            {"symbol": "ETH/USDC", "type": "limit", "side": "buy", "amount": 1, "price": 101},
            {"symbol": "ETH/USDC", "type": "limit", "side": "buy", "amount": 1e6, "price": 101},
        ]
    )
    assert [one["status"] for one in many] == ["open", "rejected"]
    gone = await taker.cancel_orders([below["id"], "12345"])
    assert [(one["id"], one["status"]) for one in gone] == [
        (below["id"], "canceled"),
        ("12345", "rejected"),
    ]
    left = await taker.cancel_all_orders("ETH/USDC")
    assert {one["id"] for one in left} == {above["id"], named["id"], many[0]["id"]}
    assert await taker.fetch_open_orders() == []
    canceled = await until_recorded(taker.fetch_canceled_orders, 4)
    assert [one["id"] for one in canceled] == sorted((one["id"] for one in canceled), key=int)
    (closed,) = await until_recorded(taker.fetch_closed_orders, 1)
    assert (closed["id"], closed["cost"], closed["average"]) == (first["id"], 2500.0, 2500.0)
    fills = await until_recorded(taker.fetch_my_trades, 1)
    assert sum(one["amount"] for one in fills) == 1.0
    assert {one["order"] for one in fills} == {first["id"]}
    assert len(await taker.fetch_orders("ETH/USDC", limit=2)) == 2
    (deposit,) = await until_recorded(lambda: taker.fetch_deposits("ETH"), 1)
    assert (deposit["amount"], deposit["status"], deposit["type"]) == (10.0, "ok", "deposit")
    assert await taker.fetch_withdrawals() == []


async def test_what_happens_is_watched(traders: dict[str, ccxt.HybridDex]) -> None:
    """Book, trades, ticker, candles, fills and balance; closing tells whoever waits."""
    maker, taker = traders["maker"], traders["taker"]
    book = await asyncio.wait_for(taker.watch_order_book("ETH/USDC"), WAIT_S)
    assert (book["bids"], book["asks"]) == ([], [])
    balance = await asyncio.wait_for(taker.watch_balance(), WAIT_S)
    assert balance["total"]["USDC"] == 10_000.0
    ticker = await asyncio.wait_for(taker.watch_ticker("ETH/USDC"), WAIT_S)
    assert ticker["last"] is None
    waiting = [
        asyncio.ensure_future(one)
        for one in (
            taker.watch_trades("ETH/USDC"),
            taker.watch_my_trades(),
            taker.watch_ohlcv("ETH/USDC", "1m"),
        )
    ]
    await asyncio.sleep(0)
    await maker.create_order("ETH/USDC", "limit", "sell", 1, 2500)
    async with asyncio.timeout(WAIT_S):
        while not book["asks"]:
            book = await taker.watch_order_book("ETH/USDC")
        assert book["asks"] == [[2500.0, 1.0]]
        await taker.create_order("ETH/USDC", "market", "buy", 0.25)
        trades, mine, _candles = await asyncio.gather(*waiting)
        while balance["total"]["ETH"] != 10.25:
            balance = await taker.watch_balance()
    assert [one["amount"] for one in trades] == [0.25]
    assert [(one["amount"], one["takerOrMaker"]) for one in mine] == [(0.25, "taker")]
    last = asyncio.ensure_future(taker.watch_orders("BTC/USDC"))
    await asyncio.sleep(0)
    await taker.close()
    with pytest.raises(ccxt.ExchangeClosedByUser):
        await last


async def test_lists_end_where_their_limit_says(traders: dict[str, ccxt.HybridDex]) -> None:
    """Of open orders as of the past: none with 0, the last ones, or the first since a time."""
    maker = traders["maker"]
    made = [await maker.create_order("ETH/USDC", "limit", "buy", 0.1, 2000 + at) for at in range(3)]
    ids = [one["id"] for one in made]
    assert len(await until_recorded(lambda: maker.fetch_orders("ETH/USDC"), 3)) == 3
    for method in (maker.fetch_orders, maker.fetch_open_orders):
        for since, limit, expected in (
            (None, 0, []),
            (0, 0, []),
            (None, 2, ids[1:]),
            (0, 2, ids[:2]),
            (None, 9, ids),
            (None, None, ids),
        ):
            found = await method("ETH/USDC", since, limit)
            assert [one["id"] for one in found] == expected, (method, since, limit)
        with pytest.raises(ccxt.BadRequest, match="limit is -1"):
            await method("ETH/USDC", None, -1)


async def test_orders_placed_together_say_what_is_missing(
    traders: dict[str, ccxt.HybridDex],
) -> None:
    """Nothing is placed then; and of none at all nothing comes, as with cancels."""
    maker = traders["maker"]
    order = {"symbol": "ETH/USDC", "type": "limit", "side": "buy", "amount": 0.1, "price": 2000}
    for name in ("symbol", "type", "side", "amount"):
        partial = {key: value for key, value in order.items() if key != name}
        with pytest.raises(ccxt.ArgumentsRequired, match=f"order 1 of 2 needs {name}"):
            await maker.create_orders([order, partial])
    with pytest.raises(ccxt.ArgumentsRequired, match="needs a price"):
        await maker.create_orders([order | {"price": None}])
    assert await maker.fetch_open_orders() == []
    assert await maker.create_orders([]) == []
    assert await maker.cancel_orders([]) == []


async def test_an_order_is_named_by_its_id_as_text_or_number(
    traders: dict[str, ccxt.HybridDex],
) -> None:
    """Without one it is said what is missing."""
    maker = traders["maker"]
    made = [await maker.create_order("ETH/USDC", "limit", "buy", 0.1, 2000) for _ in range(2)]
    first, second = (int(one["id"]) for one in made)
    assert (await maker.fetch_order(first))["id"] == made[0]["id"]
    edited = await maker.edit_order(first, "ETH/USDC", "limit", "buy", 0.1, 2001)
    assert (edited["id"], edited["price"]) == (made[0]["id"], 2001.0)
    assert (await maker.cancel_order(first))["status"] == "canceled"
    (gone,) = await maker.cancel_orders([second])
    assert (gone["id"], gone["status"]) == (made[1]["id"], "canceled")
    for unnamed in (
        maker.fetch_order(None),
        maker.cancel_order(None),
        maker.cancel_orders([None]),
        maker.edit_order(None, "ETH/USDC", "limit", "buy", 0.1, 2001),
        maker.create_order("ETH/USDC", None, "buy", 0.1, 2000),
        maker.create_order("ETH/USDC", "limit", None, 0.1, 2000),
    ):
        with pytest.raises(ccxt.ArgumentsRequired):
            await unnamed


async def test_a_closed_exchange_connects_again_when_it_is_asked(
    traders: dict[str, ccxt.HybridDex],
) -> None:
    maker = traders["maker"]
    made = await maker.create_order("ETH/USDC", "limit", "buy", 0.1, 2000)
    await maker.close()
    assert [one["id"] for one in await maker.fetch_open_orders()] == [made["id"]]
    watching = asyncio.ensure_future(maker.watch_orders())
    await maker.cancel_order(made["id"])
    assert {one["id"] for one in await asyncio.wait_for(watching, WAIT_S)} == {made["id"]}


async def test_a_limit_counts_what_is_asked_for_alone(traders: dict[str, ccxt.HybridDex]) -> None:
    """Orders of other markets take no place among the last ones."""
    maker = traders["maker"]
    watching = asyncio.ensure_future(maker.watch_orders("ETH/USDC"))
    await asyncio.sleep(0)
    first = await maker.create_order("ETH/USDC", "limit", "buy", 0.1, 2000)
    while first["id"] not in {one["id"] for one in await watching}:
        watching = asyncio.ensure_future(maker.watch_orders("ETH/USDC"))
    everything = asyncio.ensure_future(maker.watch_orders("BTC/USDC"))
    await asyncio.sleep(0)
    second = await maker.create_order("ETH/USDC", "limit", "buy", 0.1, 2001)
    await maker.create_order("BTC/USDC", "limit", "buy", 0.1, 2000)
    await asyncio.wait_for(everything, WAIT_S)
    (found,) = await asyncio.wait_for(maker.watch_orders("ETH/USDC", None, 1), WAIT_S)
    assert found["id"] == second["id"]


async def test_a_market_listed_while_bots_run_is_theirs_too(
    stack: Stack, traders: dict[str, ccxt.HybridDex]
) -> None:
    """One bot loads it and trades; another that runs the same account sees the order."""
    office = await office_of(stack)
    maker = traders["maker"]
    other = ccxt.HybridDex({"url": stack.url, "privateKey": KEYS["maker"]})
    async with other:
        await maker.load_markets()
        listing = dict(PROPOSALS["list_market"]["action"])
        name = listing["market"]["id"]
        await office.both(**listing)
        await office.both(kind="open_market", market=name, state="open")
        market = stack.market(name)
        account = AccountId(LocalSigner(KEYS["maker"]).address)
        await stack.services.exchange.deposit(account, market.quote.id, market.quote.parse("1000"))
        symbol = name.replace("-", "/")
        with pytest.raises(ccxt.BadSymbol):
            await maker.create_order(symbol, "limit", "buy", 10, 1)
        assert symbol in await maker.load_markets(True)
        made = await maker.create_order(symbol, "limit", "buy", 10, 1)
        (seen,) = await other.fetch_open_orders()
        assert (seen["id"], seen["symbol"]) == (made["id"], symbol)
        assert (await other.cancel_order(made["id"]))["status"] == "canceled"
