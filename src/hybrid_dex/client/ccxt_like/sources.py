"""Where ``watch...`` gets its news from: the client's streams, in ccxt's shapes, for ever.

After a lost connection public channels simply go on. Of the account, where the exchange does not
remember what happened meanwhile, it is asked for: orders that are open are told again as they stand,
and so are those that ended; fills are read from the past.
"""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

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
from hybrid_dex.client.errors import UnreachableError
from hybrid_dex.client.http import RetryLaterError
from hybrid_dex.client.own_orders import LIVE
from hybrid_dex.client.stream import Reconnected
from hybrid_dex.errors import RefusedError, UnknownOutcomeError
from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import fill_sequence
from hybrid_dex.wire import (
    Channel,
    FillMessage,
    IntervalWord,
    OrderMessage,
    StatusAnswer,
    parse_fill_id,
)

__all__ = ["balances", "book_of", "books", "candles", "fills", "orders", "tickers", "trades"]

_NS_PER_MS: Final = 1_000_000
_ACCEPTED_KEPT: Final = 10_000
_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 2.0
_T = TypeVar("_T")


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
    live = set(accepted)
    async for event in client.order_events():
        if isinstance(event, Reconnected):
            for order in await _as_they_stand(client, live):
                live.discard(order.order_id)
                if order.status in LIVE:
                    live.add(order.order_id)
                    accepted[order.order_id] = order.accepted_at_ms
                yield order_shape(order, await client.find_market(order.market))
        elif event.market is not None and event.status is not None:
            if event.exec_type == "new" and event.order_id is not None:
                accepted[event.order_id] = event.at_ms
                if len(accepted) > _ACCEPTED_KEPT:
                    accepted.pop(next(iter(accepted)))
            order_id = event.order_id or ""
            live = live | {order_id} if event.status in LIVE else live - {order_id}
            market = await client.find_market(event.market)
            yield report_shape(event, market, since_ms=accepted.get(order_id))


async def fills(client: ExchangeClient) -> AsyncIterator[Shape]:
    """Yield the account's fills, each once: as it was matched, or as the past has it after a gap."""
    newest = 0
    with contextlib.closing(await client.stream.listen(Channel(channel="fills"))) as listener:
        after = (await _at_last(client.status)).sequence
        async for event in listener:
            missed: list[FillMessage] = []
            if isinstance(event, Reconnected):
                missed = await _at_last(functools.partial(_fills_after, client, after))
            elif isinstance(event, FillMessage) and event.stage == "matched":
                missed = [event]
            for fill in missed:
                number = parse_fill_id(fill.fill_id)
                if number > newest:
                    newest, after = number, max(after, fill_sequence(number) - 1)
                    yield my_trade_shape(fill, await client.find_market(fill.market))


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


async def _as_they_stand(client: ExchangeClient, live: set[str]) -> list[OrderMessage]:
    """Return those of these orders that have ended, and all that are open."""
    listed = await _at_last(client.open_orders)
    ended: list[OrderMessage] = []
    for order_id in sorted(live - {one.order_id for one in listed}, key=int):
        try:
            ended.append(await _at_last(functools.partial(client.order, order_id)))
        except RefusedError as error:
            if error.code != RejectReason.UNKNOWN_ORDER.value:
                raise
            live.discard(order_id)
    return ended + listed


async def _fills_after(client: ExchangeClient, sequence: int) -> list[FillMessage]:
    """Return the fills after a command, the oldest first, once the lists of the past have them all."""
    wanted = (await client.status()).sequence
    while _recorded(await client.status()) < wanted:  # noqa: ASYNC110 # nothing tells when
        await asyncio.sleep(_PAUSE_S)
    found: list[FillMessage] = []
    async for fill in client.history.fills():
        if fill_sequence(parse_fill_id(fill.fill_id)) <= sequence:
            break
        found.append(fill)
    return found[::-1]


def _recorded(status: StatusAnswer) -> int:
    return status.sequence - status.records_lag


async def _at_last(ask: Callable[[], Awaitable[_T]]) -> _T:
    """Ask until the exchange answers: what is not read now is not told later either."""
    pause_s = _PAUSE_S
    while True:
        try:
            return await ask()
        except (UnreachableError, UnknownOutcomeError):
            await asyncio.sleep(pause_s)
        except RetryLaterError as error:
            await asyncio.sleep(max(pause_s, error.wait_s or 0.0))
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
