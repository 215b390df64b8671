"""HybridDex: the client in the shape of ccxt's asynchronous exchanges, those of `ccxt.pro` included.

A program that was written for ccxt finds the methods, their arguments, the dictionaries and the
exceptions that it knows, in both spellings (`fetch_order_book`, `fetchOrderBook`). Nothing is
decided here: each method asks an `ExchangeClient`, and what this exchange does not have is not in
`has`. Numbers are ccxt's too, floats in and out (see `numbers`); the exact text is under ``info``.

What is different, because orders are signed and settled: ``privateKey`` signs, as with ccxt's other
exchanges on chains; an amount or price that is not on the market's step is refused, unless
``options["toPrecision"]`` is true; a parameter that nobody knows is refused.
"""

import functools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, Self, get_args

from hybrid_dex.client.ccxt_like import sources
from hybrid_dex.client.ccxt_like.arguments import (
    Int,
    Params,
    Str,
    client_id,
    interval_of,
    lower_case,
    nothing,
    order_id,
    window,
)
from hybrid_dex.client.ccxt_like.desk import Desk
from hybrid_dex.client.ccxt_like.errors import BadRequest, speaks_ccxt
from hybrid_dex.client.ccxt_like.numbers import Number
from hybrid_dex.client.ccxt_like.past import (
    accepted_ms,
    by_fill_id,
    by_time,
    first_or_last,
    orders_with_fills,
    rows,
    start_ms,
    transfers,
)
from hybrid_dex.client.ccxt_like.placing import new_order, new_orders
from hybrid_dex.client.ccxt_like.shapes import (
    Shape,
    balance_shape,
    book_shape,
    candle_shape,
    my_trade_shape,
    order_shape,
    refusal_shape,
    symbol_of,
    ticker_shape,
    trade_shape,
)
from hybrid_dex.client.ccxt_like.spelling import Features, both_spellings
from hybrid_dex.client.ccxt_like.terms import edited
from hybrid_dex.client.ccxt_like.watching import Watches
from hybrid_dex.client.client import ExchangeClient
from hybrid_dex.errors import RefusedError
from hybrid_dex.model.market import Market
from hybrid_dex.wire import IntervalWord, OrderAnswer

__all__ = ["HybridDex"]

_TICK_SIZE: Final = 4
"""ccxt's number for: precisions are steps."""


@both_spellings
class HybridDex:
    """One exchange, for one account or for none.

    It connects when it is first asked for something; `close` it in the end, or use ``async with``.

    Args:
        config: ccxt's dictionary. ``url`` is the exchange's base URL; ``privateKey`` signs orders
            and logs in; ``apiKey`` and ``secret`` are an API key's, which alone reads and cancels.
            ``options`` may hold ``toPrecision``: cut amounts and round prices to the market's steps,
            as ccxt's exchanges do, in place of refusing them. ``timeout`` is in milliseconds.
        client: an opened client to use in place of one of its own; it stays open.

    Raises:
        ArgumentsRequired: there is no ``url``, or an ``apiKey`` without its ``secret``.
        BadRequest: the dictionary holds what nobody reads, or what can not be.
        AuthenticationError: a key is none, or ``walletAddress`` is not the private key's.

    >>> exchange = HybridDex({"url": "http://127.0.0.1:8000"})
    >>> exchange.has["createOrder"], exchange.has["fetchPositions"]
    (True, False)
    """

    id = "hybriddex"
    name = "hybrid-dex"
    pro = True
    precisionMode = _TICK_SIZE
    timeframes: ClassVar[dict[str, str]] = {name: name for name in get_args(IntervalWord)}
    requiredCredentials: ClassVar[dict[str, bool]] = {"privateKey": True}

    def __init__(
        self, config: Mapping[str, Any] | None = None, *, client: ExchangeClient | None = None
    ) -> None:
        self._desk = Desk(config or {}, client)
        self._watches = Watches()
        self.has: dict[str, bool] = Features(self)
        self.options = self._desk.options

    @speaks_ccxt
    async def __aenter__(self) -> Self:
        try:
            await self._desk.load()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End all watching, log out and disconnect. Orders stay. Safe to call twice.

        What is asked for afterwards connects again, as with ccxt.
        """
        await self._watches.close()
        await self._desk.close()

    @property
    def _client(self) -> ExchangeClient:
        return self._desk.client

    # ---------------------------------------------------------------------------- markets

    @property
    def markets(self) -> dict[str, Shape] | None:
        """All markets by symbol, once they are loaded."""
        return self._desk.markets

    @property
    def markets_by_id(self) -> dict[str, Shape]:
        """The loaded markets by id."""
        return {market["id"]: market for market in (self._desk.markets or {}).values()}

    @property
    def symbols(self) -> list[str]:
        """The symbols of the loaded markets."""
        return sorted(self._desk.markets or ())

    @property
    def currencies(self) -> dict[str, Shape]:
        """The assets of the loaded markets."""
        return self._desk.currencies()

    @speaks_ccxt
    async def load_markets(self, reload: bool = False, params: Params = None) -> dict[str, Shape]:  # noqa: FBT001, FBT002 # as ccxt has it
        """Return all markets by symbol; they are read once."""
        nothing(params)
        return await self._desk.load(again=reload)

    @speaks_ccxt
    async def fetch_markets(self, params: Params = None) -> list[Shape]:
        """Return all markets."""
        nothing(params)
        return list((await self._desk.load(again=True)).values())

    def market(self, symbol: str) -> Shape:
        """Return a loaded market by symbol or id. Raises `BadSymbol`."""
        return self._desk.shape(symbol)

    def amount_to_precision(self, symbol: str, amount: Number) -> str:
        """Return an amount cut to the market's lot, as text. Raises `InvalidOrder`, `BadSymbol`."""
        return self._desk.on_lot(symbol, amount)

    def price_to_precision(self, symbol: str, price: Number) -> str:
        """Return a price rounded to the market's tick, as text. Raises as the above."""
        return self._desk.on_tick(symbol, price)

    @speaks_ccxt
    async def fetch_time(self, params: Params = None) -> int:
        """Return the exchange's clock, Unix milliseconds."""
        nothing(params)
        await self._desk.load()
        return await self._client.server_time_ms()

    @speaks_ccxt
    async def fetch_status(self, params: Params = None) -> Shape:
        """Return whether orders are taken."""
        nothing(params)
        await self._desk.load()
        found = await self._client.status()
        status = "ok" if found.accepting else "maintenance"
        info = {"accepting": found.accepting, "records_lag": found.records_lag}
        return {"status": status, "updated": found.time_ms, "eta": None, "url": None, "info": info}

    @speaks_ccxt
    async def fetch_ticker(self, symbol: str, params: Params = None) -> Shape:
        """Return the last 24 hours of a market."""
        market = await self._market(symbol, params)
        return ticker_shape(await self._client.history.ticker(market.id), market)

    @speaks_ccxt
    async def fetch_tickers(
        self, symbols: Sequence[str] | None = None, params: Params = None
    ) -> dict[str, Shape]:
        """Return the last 24 hours of some markets, or of all."""
        await self._desk.load()
        wanted = self.symbols if symbols is None else symbols
        return {self.market(one)["symbol"]: await self.fetch_ticker(one, params) for one in wanted}

    @speaks_ccxt
    async def fetch_order_book(
        self, symbol: str, limit: Int = None, params: Params = None
    ) -> Shape:
        """Return a market's book; ``nonce`` is the command that it is as of."""
        market = await self._market(symbol, params)
        book = await self._client.book(market.id, limit)
        return book_shape(market, book.bids, book.asks, sequence=book.sequence, at_ms=book.at_ms)

    @speaks_ccxt
    async def fetch_trades(
        self, symbol: str, since: Int = None, limit: Int = None, params: Params = None
    ) -> list[Shape]:
        """Return a market's trades, the oldest first."""
        market = await self._market(symbol, params)
        trades = functools.partial(self._client.history.trades, market.id)
        found = await rows(trades(), lambda one: one.at_ms, since, limit, by_fill_id(trades))
        return [trade_shape(one, market) for one in found]

    @speaks_ccxt
    async def fetch_ohlcv(
        self,
        symbol: str,
        timeframe: str = "1m",
        since: Int = None,
        limit: Int = None,
        params: Params = None,
    ) -> list[list[float]]:
        """Return a market's candles, the oldest first; intervals without a trade have none."""
        interval = interval_of(timeframe)
        until = dict(params or {}).pop("until", None)
        market = await self._market(
            symbol, {k: v for k, v in (params or {}).items() if k != "until"}
        )
        candles = functools.partial(self._client.history.candles, market.id, interval)
        newest_first = candles(from_ms=since, to_ms=until)
        found = await rows(newest_first, start_ms, since, limit, by_time(candles, start_ms))
        return [candle_shape(one) for one in found]

    # ----------------------------------------------------------------------------- orders

    @speaks_ccxt
    async def create_order(
        self,
        symbol: str,
        type: str,
        side: str,
        amount: Number,
        price: Number | None = None,
        params: Params = None,
    ) -> Shape:
        """Place an order; ``params`` are those of `terms`."""
        await self._desk.signs()
        order = await new_order(
            self._desk, symbol, type, side, amount=amount, price=price, params=params
        )
        answer = await self._client.place(
            order.market,
            order.side,
            order.quantity,
            order.price,
            options=order.options,
            client_order_id=order.client_order_id,
        )
        return await self._answered(answer)

    @speaks_ccxt
    async def create_limit_order(
        self, symbol: str, side: str, amount: Number, price: Number, params: Params = None
    ) -> Shape:
        """Place a limit order."""
        return await self.create_order(symbol, "limit", side, amount, price, params)

    @speaks_ccxt
    async def create_market_order(
        self,
        symbol: str,
        side: str,
        amount: Number,
        price: Number | None = None,
        params: Params = None,
    ) -> Shape:
        """Place a market order; the price is the worst that it accepts."""
        return await self.create_order(symbol, "market", side, amount, price, params)

    @speaks_ccxt
    async def create_limit_buy_order(
        self, symbol: str, amount: Number, price: Number, params: Params = None
    ) -> Shape:
        """Place a limit order to buy."""
        return await self.create_order(symbol, "limit", "buy", amount, price, params)

    @speaks_ccxt
    async def create_limit_sell_order(
        self, symbol: str, amount: Number, price: Number, params: Params = None
    ) -> Shape:
        """Place a limit order to sell."""
        return await self.create_order(symbol, "limit", "sell", amount, price, params)

    @speaks_ccxt
    async def create_market_buy_order(
        self, symbol: str, amount: Number, params: Params = None
    ) -> Shape:
        """Place a market order to buy."""
        return await self.create_order(symbol, "market", "buy", amount, None, params)

    @speaks_ccxt
    async def create_market_sell_order(
        self, symbol: str, amount: Number, params: Params = None
    ) -> Shape:
        """Place a market order to sell."""
        return await self.create_order(symbol, "market", "sell", amount, None, params)

    @speaks_ccxt
    async def create_orders(
        self, orders: Sequence[Mapping[str, Any]], params: Params = None
    ) -> list[Shape]:
        """Place up to 100 orders as one command; one that is refused has the status ``rejected``."""
        nothing(params)
        await self._desk.signs()
        made = await new_orders(self._desk, orders)
        answers = await self._client.batch(made) if made else []
        return [
            refusal_shape(answer, client_order_id=order.client_order_id)
            if isinstance(answer, RefusedError)
            else await self._answered(answer)
            for order, answer in zip(made, answers, strict=True)
        ]

    @speaks_ccxt
    async def edit_order(
        self,
        id: str,
        symbol: str,
        type: str,
        side: str,
        amount: Number | None = None,
        price: Number | None = None,
        params: Params = None,
    ) -> Shape:
        """Swap an order for new terms, atomically; it keeps its id, and ``amount`` is the total.

        What ``params`` do not say about time in force and post-only stays as it is.
        """
        await self._desk.signs()
        market = await self._market(symbol)
        id = order_id(id)
        order = await self._client.order(id)
        if (order.market, order.side) != (market.id, lower_case("side", side)):
            raise BadRequest(f"order {id} is a {order.side} in {order.market}; neither changes")
        answer = await self._client.replace(
            id,
            quantity=order.quantity if amount is None else self._desk.amount(market, amount),
            price=order.price if price is None else self._desk.price(market, price),
            options=edited(order, type, self._desk.params(market, params)),
        )
        return await self._answered(answer)

    @speaks_ccxt
    async def cancel_order(
        self, id: str | None, symbol: Str = None, params: Params = None
    ) -> Shape:
        """Cancel an order by its id, or by ``clientOrderId`` in ``params``."""
        await self._desk.reads()
        client_order_id = client_id(params)
        answer = await self._client.cancel(
            None if client_order_id else order_id(id), client_order_id=client_order_id
        )
        return await self._answered(answer)

    @speaks_ccxt
    async def cancel_orders(
        self, ids: Sequence[str], symbol: Str = None, params: Params = None
    ) -> list[Shape]:
        """Cancel orders by their ids; what can not be canceled is told as it was refused."""
        nothing(params)
        await self._desk.reads()
        ids = [order_id(one) for one in ids]
        return [
            refusal_shape(answer, order_id=one)
            if isinstance(answer, RefusedError)
            else await self._answered(answer)
            for one, answer in zip(ids, await self._desk.cancel(ids), strict=True)
        ]

    @speaks_ccxt
    async def cancel_all_orders(self, symbol: Str = None, params: Params = None) -> list[Shape]:
        """Cancel all orders, or those of a market; of each its id is told."""
        nothing(params)
        await self._desk.reads()
        market = None if symbol is None else await self._market(symbol)
        found = await self._client.cancel_all(None if market is None else market.id)
        name = None if market is None else symbol_of(market)
        return [
            {"info": {"order_id": one}, "id": one, "symbol": name, "status": "canceled"}
            for one in found.canceled
        ]

    @speaks_ccxt
    async def fetch_order(self, id: str | None, symbol: Str = None, params: Params = None) -> Shape:
        """Return an order by its id, or by ``clientOrderId`` in ``params``, with its fills."""
        await self._desk.reads()
        client_order_id = client_id(params)
        if client_order_id is not None:
            order = await self._client.order_by_client_id(client_order_id)
        else:
            order = await self._client.order(order_id(id))
        (shape,) = await orders_with_fills(self._client, [order])
        return shape

    @speaks_ccxt
    async def fetch_orders(
        self, symbol: Str = None, since: Int = None, limit: Int = None, params: Params = None
    ) -> list[Shape]:
        """Return the account's orders, live and ended, the oldest first."""
        return await self._orders(None, symbol, since, limit, params)

    @speaks_ccxt
    async def fetch_open_orders(
        self, symbol: Str = None, since: Int = None, limit: Int = None, params: Params = None
    ) -> list[Shape]:
        """Return the account's open orders, the oldest first."""
        nothing(params)
        await self._desk.reads()
        market = None if symbol is None else (await self._market(symbol)).id
        found = await self._client.open_orders(market)
        found.sort(key=accepted_ms)
        found = first_or_last(found, accepted_ms, since, limit)
        return await orders_with_fills(self._client, found)

    @speaks_ccxt
    async def fetch_closed_orders(
        self, symbol: Str = None, since: Int = None, limit: Int = None, params: Params = None
    ) -> list[Shape]:
        """Return the account's filled orders, the oldest first."""
        return await self._orders("filled", symbol, since, limit, params)

    @speaks_ccxt
    async def fetch_canceled_orders(
        self, symbol: Str = None, since: Int = None, limit: Int = None, params: Params = None
    ) -> list[Shape]:
        """Return the account's canceled orders, the oldest first."""
        return await self._orders("canceled", symbol, since, limit, params)

    @speaks_ccxt
    async def fetch_balance(self, params: Params = None) -> Shape:
        """Return all balances."""
        nothing(params)
        await self._desk.reads()
        found = await self._client.balances()
        return balance_shape(found, await self._client.server_time_ms())

    @speaks_ccxt
    async def fetch_my_trades(
        self, symbol: Str = None, since: Int = None, limit: Int = None, params: Params = None
    ) -> list[Shape]:
        """Return the account's fills, the oldest first."""
        nothing(params)
        await self._desk.reads()
        market = None if symbol is None else (await self._market(symbol)).id
        fills = functools.partial(self._client.history.fills, market)
        found = await rows(fills(), lambda one: one.at_ms, since, limit, by_fill_id(fills))
        return [my_trade_shape(one, await self._client.find_market(one.market)) for one in found]

    @speaks_ccxt
    async def fetch_deposits(
        self, code: Str = None, since: Int = None, limit: Int = None, params: Params = None
    ) -> list[Shape]:
        """Return the account's deposits, the oldest first."""
        nothing(params)
        await self._desk.reads()
        return await transfers(self._client.history.deposits(code), since, limit)

    @speaks_ccxt
    async def fetch_withdrawals(
        self, code: Str = None, since: Int = None, limit: Int = None, params: Params = None
    ) -> list[Shape]:
        """Return what left or waits to leave, the oldest first."""
        nothing(params)
        await self._desk.reads()
        return await transfers(self._client.history.withdrawals(code), since, limit)

    @speaks_ccxt
    async def watch_order_book(
        self, symbol: str, limit: Int = None, params: Params = None
    ) -> Shape:
        """Return a book once it is known, then each time that it has changed."""
        market = await self._market(symbol, params)
        source = functools.partial(sources.books, self._client, market)
        news = self._watches.news(("book", market.id), source, limit=1)
        while True:
            (replica,) = await news.take()
            if replica.synced:  # else the connection was lost since, and it shows nothing
                return sources.book_of(replica, limit)

    @speaks_ccxt
    async def watch_trades(
        self, symbol: str, since: Int = None, limit: Int = None, params: Params = None
    ) -> list[Shape]:
        """Return a market's trades since the last call, waiting for one if need be."""
        market = await self._market(symbol, params)
        source = functools.partial(sources.trades, self._client, market)
        return window(await self._watches.news(("trades", market.id), source).take(), since, limit)

    @speaks_ccxt
    async def watch_ticker(self, symbol: str, params: Params = None) -> Shape:
        """Return a market's ticker, each time that it has changed."""
        market = await self._market(symbol, params)
        source = functools.partial(sources.tickers, self._client, market)
        (ticker,) = await self._watches.news(("ticker", market.id), source, limit=1).take()
        return ticker

    @speaks_ccxt
    async def watch_ohlcv(
        self,
        symbol: str,
        timeframe: str = "1m",
        since: Int = None,
        limit: Int = None,
        params: Params = None,
    ) -> list[list[float]]:
        """Return the candles that have changed since the last call."""
        interval, market = interval_of(timeframe), await self._market(symbol, params)
        source = functools.partial(sources.candles, self._client, market, interval)
        found = await self._watches.news(("candles", market.id, interval), source).take()
        newest = {one[0]: one for one in found if since is None or one[0] >= since}
        return list(newest.values())[-(limit or 0) :]

    @speaks_ccxt
    async def watch_orders(
        self, symbol: Str = None, since: Int = None, limit: Int = None, params: Params = None
    ) -> list[Shape]:
        """Return the orders to which something happened since the last call."""
        return await self._watch_own("orders", sources.orders, symbol, (since, limit), params)

    @speaks_ccxt
    async def watch_my_trades(
        self, symbol: Str = None, since: Int = None, limit: Int = None, params: Params = None
    ) -> list[Shape]:
        """Return the account's fills since the last call, those of a lost connection too.

        What was matched before the first call is not among them: `fetch_my_trades` has it.
        """
        return await self._watch_own("fills", sources.fills, symbol, (since, limit), params)

    @speaks_ccxt
    async def watch_balance(self, params: Params = None) -> Shape:
        """Return all balances at first, then each time that one has changed."""
        nothing(params)
        await self._desk.signs()
        source = functools.partial(sources.balances, self._client)
        (balance,) = await self._watches.news(("balances",), source, limit=1).take()
        return balance

    async def _market(self, symbol: str, params: Params = None) -> Market:
        nothing(params)
        return await self._desk.market(symbol)

    async def _answered(self, answer: OrderAnswer) -> Shape:
        market = await self._client.find_market(answer.order.market)
        return order_shape(answer.order, market, answer.fills)

    async def _orders(
        self, status: Str, symbol: Str, since: Int, limit: Int, params: Params
    ) -> list[Shape]:
        nothing(params)
        await self._desk.reads()
        market = None if symbol is None else (await self._market(symbol)).id
        orders = functools.partial(self._client.history.orders, market=market, status=status)
        between = by_time(orders, accepted_ms)
        found = await rows(orders(from_ms=since), accepted_ms, since, limit, between)
        return await orders_with_fills(self._client, found)

    async def _watch_own(
        self,
        channel: str,
        source: Callable[[ExchangeClient], AsyncIterator[Shape]],
        symbol: str | None,
        limits: tuple[Int, Int],
        params: Params,
    ) -> list[Shape]:
        nothing(params)
        await self._desk.signs()
        wanted = None if symbol is None else self.market(symbol)["symbol"]
        key = (channel,) if wanted is None else (channel, wanted)
        news = self._watches.news(key, functools.partial(source, self._client))
        while True:
            found = [one for one in await news.take() if wanted in {None, one["symbol"]}]
            if found := window(found, *limits):
                return found
