"""The account of whoever asks: balances, and fills with their stage of settlement."""

from litestar import Router, get

from hybrid_dex.wire import (
    BalancesAnswer,
    FillMessage,
    FillsAnswer,
    balance_message,
    fill_messages,
)
from reference_app.routes.parameters import BEARER, Before, Limit, MarketQuery, cursor
from reference_app.services import Caller, TheServices

__all__ = ["account_routes"]


@get("/balances", security=BEARER)
async def list_balances(services: TheServices, principal: Caller) -> BalancesAnswer:
    """List the account's balances by asset."""
    view = services.exchange.view
    assets = {asset.id: asset for market in view.markets() for asset in (market.base, market.quote)}
    return BalancesAnswer(
        balances=[
            balance_message(balance, assets[balance.asset])
            for balance in view.balances(principal.account)
            if balance.asset in assets
        ]
    )


@get("/fills", security=BEARER)
async def list_fills(
    services: TheServices,
    principal: Caller,
    market: MarketQuery = None,
    before: Before = None,
    limit: Limit = 100,
) -> FillsAnswer:
    """List the account's fills, newest first, each with how far its settlement has come."""
    wanted = None if market is None else services.market(market).id
    records = await services.records.fills(
        account=principal.account, market=wanted, before=cursor(before), limit=limit
    )
    fills: list[FillMessage] = []
    for record in records:
        traded = services.market(record.fill.market)
        fills.extend(fill_messages(record, principal.account, traded))
    last = str(records[-1].fill.fill_id) if len(records) == limit else None
    return FillsAnswer(fills=fills, next=last)


account_routes = Router("/account", route_handlers=[list_balances, list_fills], tags=["account"])
