"""Where ``watch...`` gets its news from: the client's streams, in ccxt's shapes, for ever.

After a lost connection public channels simply go on; of the account's orders the open ones are told
again as they stand, since what happened meanwhile was not heard.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from hybrid_dex.client.book_replica import BookReplica
from hybrid_dex.client.ccxt_like.shapes import (
    Shape,
    balance_shape,
    book_shape,
    candle_shape,
    my_trade_shape,
    order_shape,
    report_shape,
    ticker_shape,
    trade_shape,
)
from hybrid_dex.client.client import ExchangeClient
from hybrid_dex.client.stream import Reconnected
from hybrid_dex.model.market import Market
from hybrid_dex.wire import IntervalWord

__all__ = ["balances", "book_of", "books", "candles", "fills", "orders", "tickers", "trades"]

_NS_PER_MS: Final = 1_000_000
_ACCEPTED_KEPT: Final = 10_000


async def books(client: ExchangeClient, market: Market) -> AsyncIterator[BookReplica]:
    """Yield a book each time that it has changed, and at once when it is known already."""
    replica = await client.live_book(market.id)
    with contextlib.closing(await client.stream.book_changes(market.id)) as listener:
        if replica.synced:
            yield replica
        async for _ in listener:
            if replica.synced:
                yield replica


def book_of(replica: BookReplica, limit: int | None) -> Shape:
    """Return a book as it stands."""
    return book_shape(
        replica.market,
        replica.bids(limit),
        replica.asks(limit),
        sequence=replica.sequence,
        at_ms=replica.at_ns // _NS_PER_MS,
    )


async def trades(client: ExchangeClient, market: Market) -> AsyncIterator[Shape]:
    """Yield a market's trades."""
    async for event in client.trade_events(market.id):
        if not isinstance(event, Reconnected):
            yield trade_shape(event, market)


async def tickers(client: ExchangeClient, market: Market) -> AsyncIterator[Shape]:
    """Yield a market's ticker when it has changed."""
    async for event in client.ticker_events(market.id):
        if not isinstance(event, Reconnected):
            yield ticker_shape(event, market)


async def candles(
    client: ExchangeClient, market: Market, interval: IntervalWord
) -> AsyncIterator[list[float]]:
    """Yield a market's newest candle when it has changed."""
    async for event in client.candle_events(market.id, interval):
        if not isinstance(event, Reconnected):
            yield candle_shape(event)


async def orders(client: ExchangeClient) -> AsyncIterator[Shape]:
    """Yield the account's orders as something happens to them."""
    accepted = {one.order_id: one.accepted_at_ms for one in client.known_orders()}
    async for event in client.order_events():
        if isinstance(event, Reconnected):
            for order in await client.open_orders():
                accepted[order.order_id] = order.accepted_at_ms
                yield order_shape(order, await client.find_market(order.market))
        elif event.market is not None and event.status is not None:
            if event.exec_type == "new" and event.order_id is not None:
                accepted[event.order_id] = event.at_ms
                if len(accepted) > _ACCEPTED_KEPT:
                    accepted.pop(next(iter(accepted)))
            since_ms = accepted.get(event.order_id or "")
            market = await client.find_market(event.market)
            yield report_shape(event, market, since_ms=since_ms)


async def fills(client: ExchangeClient) -> AsyncIterator[Shape]:
    """Yield the account's fills, each once: as it was matched."""
    async for event in client.fill_events():
        if not isinstance(event, Reconnected) and event.stage == "matched":
            yield my_trade_shape(event, await client.find_market(event.market))


async def balances(client: ExchangeClient) -> AsyncIterator[Shape]:
    """Yield all balances, whenever one of them has changed."""
    known = await client.balances()
    async for event in client.balance_events():
        if isinstance(event, Reconnected):
            known = await client.balances()
            at_ms = await client.server_time_ms()
        else:
            known |= {one.asset: one for one in event.balances}
            at_ms = event.at_ms
        yield balance_shape(known, at_ms)
