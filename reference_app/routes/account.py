"""The account of whoever asks: balances, fills with their stage of settlement, vouchers, session keys."""

from typing import Any

from litestar import Request, Router, get, post

from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.wire import (
    BalancesAnswer,
    FillMessage,
    FillsAnswer,
    SessionKeysAnswer,
    VoucherMessage,
    VoucherRequest,
    VouchersAnswer,
    balance_message,
    fill_messages,
    session_key_message,
    voucher_amount,
    voucher_message,
    voucher_salt,
)
from reference_app.access import READ, READ_BY_MARKET, WITHDRAW, check_market
from reference_app.problems import read_body, refuse
from reference_app.routes.parameters import Before, Limit, MarketQuery, cursor
from reference_app.services import Caller, TheServices

__all__ = ["account_routes"]

AnyRequest = Request[Any, Any, Any]


@get("/balances", security=READ)
async def list_balances(services: TheServices, principal: Caller) -> BalancesAnswer:
    """List the account's balances by asset."""
    view = services.exchange.view
    assets = {str(asset.id): asset for asset in view.assets()}
    return BalancesAnswer(
        balances=[
            balance_message(balance, assets[balance.asset])
            for balance in view.balances(principal.account)
            if balance.asset in assets
        ]
    )


@get("/fills", security=READ_BY_MARKET)
async def list_fills(
    services: TheServices,
    principal: Caller,
    market: MarketQuery = None,
    before: Before = None,
    limit: Limit = 100,
) -> FillsAnswer:
    """List the account's fills, newest first, each with how far its settlement has come."""
    wanted = None if market is None else services.market(market).id
    check_market(principal, wanted)
    below, account = cursor(before), principal.account
    records = await services.read(
        lambda: services.records.fills(account=account, market=wanted, before=below, limit=limit)
    )
    fills: list[FillMessage] = []
    for record in records:
        traded = services.market(record.fill.market)
        fills.extend(fill_messages(record, principal.account, traded))
    last = str(records[-1].fill.fill_id) if len(records) == limit else None
    return FillsAnswer(fills=fills, next=last)


@post("/vouchers", opt={"body": VoucherRequest}, security=WITHDRAW)
async def issue_voucher(
    request: AnyRequest, services: TheServices, principal: Caller
) -> VoucherMessage:
    """Withdraw settled funds at once: they are set aside, and the vault pays against the answer."""
    body = await read_body(request, VoucherRequest)
    asset = services.asset(body.asset)
    amount = voucher_amount(body, asset)
    await services.limiter.orders(principal.account)
    answer = await services.exchange.issue_voucher(
        principal.account,
        asset.id,
        amount,
        body.recipient,
        salt=voucher_salt(body),
    )
    if isinstance(answer, Refusal):
        raise refuse(answer)
    return voucher_message(answer, asset)


@get("/vouchers", security=WITHDRAW)
async def list_vouchers(services: TheServices, principal: Caller) -> VouchersAnswer:
    """List the account's open vouchers, each signed again."""
    await services.limiter.orders(principal.account)
    answer = await services.exchange.open_vouchers(principal.account)
    if isinstance(answer, Refusal):
        raise refuse(answer)
    return VouchersAnswer(
        vouchers=[voucher_message(one, services.asset(one.voucher.asset)) for one in answer]
    )


@get("/sessions", security=READ)
async def list_session_keys(services: TheServices, principal: Caller) -> SessionKeysAnswer:
    """List the account's session keys, with what each may still do."""
    return SessionKeysAnswer(
        session_keys=[
            session_key_message(session, services.market(session.market))
            for session in services.exchange.view.sessions(principal.account)
        ]
    )


account_routes = Router(
    "/account",
    route_handlers=[list_balances, list_fills, issue_voucher, list_vouchers, list_session_keys],
    tags=["account"],
)
