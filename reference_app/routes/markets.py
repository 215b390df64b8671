"""What anyone may read: markets, books and trades."""

from typing import Annotated

from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from hybrid_dex import ExchangeView, Market
from hybrid_dex.wire import (
    BookMessage,
    MarketMessage,
    MarketsAnswer,
    TradesAnswer,
    book_snapshot_message,
    market_message,
    trade_from_record,
)
from reference_app.routes.parameters import Before, Limit, cursor
from reference_app.services import TheServices

__all__ = ["market_routes"]

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
    market = services.market(market_id)
    records = await services.records.fills(
        account=None, market=market.id, before=cursor(before), limit=limit
    )
    return TradesAnswer(trades=[trade_from_record(record, market) for record in records])


def _message(view: ExchangeView, market: Market) -> MarketMessage:
    return market_message(
        market,
        view.market_state(market.id),
        view.fees_of(market.id),
        view.indication(market.id),
    )


market_routes = Router(
    "/markets",
    route_handlers=[list_markets, get_market, get_book, list_trades],
    tags=["markets"],
)
