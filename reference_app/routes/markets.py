"""What anyone may read: markets, books, trades, candles and tickers."""

from typing import Annotated, Final

from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from hybrid_dex import ExchangeView, Market
from hybrid_dex.model.candles import CANDLE_INTERVALS, DAY_S, MINUTE_S, candle_start_s
from hybrid_dex.wire import (
    BookMessage,
    CandlesAnswer,
    GeckoTicker,
    IntervalWord,
    MarketMessage,
    MarketsAnswer,
    TickerMessage,
    TradesAnswer,
    book_snapshot_message,
    candle_message,
    gecko_ticker,
    make_cursor,
    market_message,
    parse_cursor,
    ticker_message,
    trade_from_record,
)
from reference_app.routes.parameters import MAX_MS, Before, FromMs, Limit, PageEnd, ToMs, cursor
from reference_app.services import Services, TheServices

__all__ = ["market_routes", "ticker_routes"]

_MS: Final = 1_000
_LARGEST_S: Final = 2**63 - 1
"""The last second that the records can count."""

Interval = Annotated[IntervalWord, QueryParameter(description="how long a candle lasts")]

Depth = Annotated[int, QueryParameter(ge=1, description="levels a side at most")]


@get("/")
async def list_markets(services: TheServices) -> MarketsAnswer:
    """List all markets."""
    view = services.exchange.view
    return MarketsAnswer(markets=[_message(view, market) for market in view.markets()])


@get("/{market_id:str}")
async def get_market(services: TheServices, market_id: FromPath[str]) -> MarketMessage:
    """Get one market and its steps."""
    market, view = services.market(market_id), services.exchange.view
    return _message(view, market)


@get("/{market_id:str}/book")
async def get_book(
    services: TheServices, market_id: FromPath[str], depth: Depth = 100
) -> BookMessage:
    """Get level 2 of a market as of a sequence."""
    market, view = services.market(market_id), services.exchange.view
    levels = min(depth, services.settings.limits.depth)
    return book_snapshot_message(
        view.depth(market.id, levels),
        market,
        sequence=view.sequence,
        at_ns=view.at_ns,
        state=view.market_state(market.id),
    )


@get("/{market_id:str}/trades")
async def list_trades(
    services: TheServices, market_id: FromPath[str], limit: Limit = 100, before: Before = None
) -> TradesAnswer:
    """List a market's trades, newest first."""
    market, below = services.market(market_id), cursor(before)
    records = await services.read(
        lambda: services.records.fills(account=None, market=market.id, before=below, limit=limit)
    )
    return TradesAnswer(
        trades=[trade_from_record(record, market) for record in records],
        next=str(records[-1].fill.fill_id) if len(records) == limit else None,
    )


@get("/{market_id:str}/candles")
async def list_candles(
    services: TheServices,
    market_id: FromPath[str],
    *,
    interval: Interval,
    from_ms: FromMs = 0,
    to_ms: ToMs = MAX_MS,
    before: PageEnd = None,
    limit: Limit = 100,
) -> CandlesAnswer:
    """List a market's candles, newest first, that begin within the given time."""
    market = services.market(market_id)
    before_s = -(-to_ms // _MS)
    if before is not None:
        (start_s,) = parse_cursor(before, (_LARGEST_S,))
        before_s = min(before_s, start_s)
    interval_s = CANDLE_INTERVALS[interval]
    found = await services.read(
        lambda: services.records.candles(
            market.id, interval_s, from_s=-(-from_ms // _MS), before_s=before_s, limit=limit
        )
    )
    return CandlesAnswer(
        candles=[candle_message(one, market) for one in found],
        next=make_cursor(found[-1].start_s) if len(found) == limit else None,
    )


@get("/{market_id:str}/ticker")
async def get_ticker(services: TheServices, market_id: FromPath[str]) -> TickerMessage:
    """Get a market's last 24 hours, to the minute, and its top of book."""
    return await _ticker(services, services.market(market_id))


async def _ticker(services: Services, market: Market) -> TickerMessage:
    since = candle_start_s(services.hub.prices.now_ns(), MINUTE_S) - DAY_S + MINUTE_S
    _, minutes = await services.read(lambda: services.records.minutes(market.id, since))
    view = services.exchange.view
    return ticker_message(
        market, minutes, view.top(market.id), last=view.last_price(market.id), at_ns=view.at_ns
    )


@get("/tickers")
async def list_tickers(services: TheServices) -> list[GeckoTicker]:
    """List all markets' tickers in the shape that CoinGecko reads."""
    markets = services.exchange.view.markets()
    return [gecko_ticker(await _ticker(services, market), market) for market in markets]


def _message(view: ExchangeView, market: Market) -> MarketMessage:
    return market_message(
        market,
        view.market_state(market.id),
        view.fees_of(market.id),
        view.indication(market.id),
    )


market_routes = Router(
    "/markets",
    route_handlers=[list_markets, get_market, get_book, list_trades, list_candles, get_ticker],
    tags=["markets"],
)
ticker_routes = Router("/", route_handlers=[list_tickers], tags=["markets"])
