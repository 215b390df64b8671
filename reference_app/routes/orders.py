"""Order entry: place, cancel, reduce, replace; and the orders of whoever asks.

An order is the account's of the session that sends it; on a chain it also carries that account's
signature. An order of another account is answered like one that does not exist.
"""

from typing import Any

import msgspec
from litestar import Request, Router, delete, get, post
from litestar.params import FromPath

from hybrid_dex.interfaces.auth import Principal
from hybrid_dex.interfaces.history import OrderQuery
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.order import OrderStatus
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import ClientOrderId, OrderId
from hybrid_dex.model.views import OrderView
from hybrid_dex.wire import (
    CancelAllAnswer,
    CancelReceiptMessage,
    OrderAnswer,
    OrderMessage,
    OrderRequest,
    OrdersAnswer,
    PreviewAnswer,
    ReduceRequest,
    ReplaceRequest,
    cancel_receipt_message,
    member,
    order_message,
    parse_hex,
    parse_order_id,
    to_ns,
)
from reference_app import order_entry
from reference_app.access import READ_BY_MARKET, TRADE_BY_MARKET, check_market
from reference_app.limits import address_part
from reference_app.problems import read_body, refuse
from reference_app.routes.parameters import (
    MAX_MS,
    Before,
    FromMs,
    Limit,
    MarketQuery,
    SideQuery,
    StatusQuery,
    ToMs,
)
from reference_app.services import Caller, Services, TheServices

__all__ = ["order_routes", "own_order"]

AnyRequest = Request[Any, Any, Any]


async def own_order(services: Services, principal: Principal, order_id: OrderId) -> OrderView:
    """Return an order of the account, live or ended. Raises `ProblemError`."""
    order = services.exchange.view.order(order_id)
    if order is None:
        order = await services.read(lambda: services.records.order(order_id))
    if order is None or order.account != principal.account:
        raise refuse(Refusal(RejectReason.UNKNOWN_ORDER, "order_id", "you have no such order"))
    check_market(principal, order.market)
    return order


@post("/", opt={"body": OrderRequest}, security=TRADE_BY_MARKET)
async def place_order(request: AnyRequest, services: TheServices, principal: Caller) -> OrderAnswer:
    """Place an order; answered once it is durable."""
    body = await read_body(request, OrderRequest)
    return await order_entry.place(services, principal, body)


@post("/preview", status_code=200, opt={"body": OrderRequest}, security=READ_BY_MARKET)
async def preview_order(
    request: AnyRequest, services: TheServices, principal: Caller
) -> PreviewAnswer:
    """Tell what an order would hold, cost and bring, and what there is to sign; nothing is done."""
    body = await read_body(request, OrderRequest)
    return order_entry.preview(services, principal, body)


@get("/open", security=READ_BY_MARKET)
async def list_open_orders(
    services: TheServices, principal: Caller, market: MarketQuery = None
) -> OrdersAnswer:
    """List the account's open orders."""
    wanted = None if market is None else services.market(market).id
    check_market(principal, wanted)
    orders = services.exchange.view.open_orders(principal.account, wanted)
    return OrdersAnswer(orders=[_message(services, order) for order in orders])


@get("/", security=READ_BY_MARKET)
async def list_orders(
    services: TheServices,
    principal: Caller,
    *,
    market: MarketQuery = None,
    status: StatusQuery = None,
    from_ms: FromMs = 0,
    to_ms: ToMs = MAX_MS,
    before: Before = None,
    limit: Limit = 100,
) -> OrdersAnswer:
    """List the account's orders, live and ended, newest first; a moment behind the book."""
    wanted = None if market is None else services.market(market).id
    check_market(principal, wanted)
    query = OrderQuery(
        market=wanted,
        statuses=None if status is None else [member(OrderStatus, status)],
        from_ns=to_ns(from_ms),
        to_ns=to_ns(to_ms),
    )
    account, below = principal.account, _below(before)
    orders = await services.read(
        lambda: services.records.find_orders(account, query, before=below, limit=limit)
    )
    last = str(orders[-1].order_id) if len(orders) == limit else None
    return OrdersAnswer(
        orders=[_message(services, _with_sleep(services, order)) for order in orders], next=last
    )


@get("/{order_id:str}", security=READ_BY_MARKET)
async def get_order(
    services: TheServices, principal: Caller, order_id: FromPath[str]
) -> OrderMessage:
    """Get one of the account's orders, live or ended."""
    return _message(services, await own_order(services, principal, parse_order_id(order_id)))


@get("/by-client-id/{client_order_id:str}", security=READ_BY_MARKET)
async def get_order_by_client_id(
    request: AnyRequest,
    services: TheServices,
    principal: Caller,
    client_order_id: FromPath[str],  # noqa: ARG001 # for the document; it is read undecoded
) -> OrderMessage:
    """Get the order to which the account gave this id, percent-encoded, slashes too."""
    wanted = ClientOrderId(address_part(request.scope))
    order = services.exchange.view.order_by_client_id(principal.account, wanted)
    if order is None and wanted.isascii() and wanted.isprintable():
        account = principal.account
        order = await services.read(lambda: services.records.order_by_client_id(account, wanted))
    if order is None:
        detail = f"you have no order {wanted[:64]!r}"
        raise refuse(Refusal(RejectReason.UNKNOWN_ORDER, "client_order_id", detail))
    check_market(principal, order.market)
    return _message(services, order)


@get("/by-hash/{order_hash:str}", security=READ_BY_MARKET)
async def get_order_by_hash(
    services: TheServices, principal: Caller, order_hash: FromPath[str]
) -> OrderMessage:
    """Get the order whose signed terms have this EIP-712 hash; of a replaced one, the last terms'."""
    wanted = parse_hex("order_hash", order_hash, (32,))
    order = services.exchange.view.order_by_hash(principal.account, wanted)
    if order is None:
        account = principal.account
        order = await services.read(lambda: services.records.order_by_hash(account, wanted))
    if order is None:
        detail = "you have no order with this hash"
        raise refuse(Refusal(RejectReason.UNKNOWN_ORDER, "order_hash", detail))
    check_market(principal, order.market)
    return _message(services, order)


@delete("/{order_id:str}", status_code=200, security=TRADE_BY_MARKET)
async def cancel_order(
    services: TheServices, principal: Caller, order_id: FromPath[str]
) -> OrderAnswer:
    """Cancel an order; answered once it is durable."""
    return await order_entry.cancel(services, principal, parse_order_id(order_id))


@delete("/", status_code=200, security=TRADE_BY_MARKET)
async def cancel_all_orders(
    services: TheServices, principal: Caller, market: MarketQuery = None, side: SideQuery = None
) -> CancelAllAnswer:
    """Cancel all of the account's orders, or those of a market, a side, or both."""
    return await order_entry.cancel_all(services, principal, market, side)


@post(
    "/{order_id:str}/replace",
    status_code=200,
    opt={"body": ReplaceRequest},
    security=TRADE_BY_MARKET,
)
async def replace_order(
    request: AnyRequest, services: TheServices, principal: Caller, order_id: FromPath[str]
) -> OrderAnswer:
    """Swap an order for new terms, atomically; it keeps its id."""
    body = await read_body(request, ReplaceRequest)
    order = await own_order(services, principal, parse_order_id(order_id))
    return await order_entry.replace(services, principal, order, body)


@post(
    "/{order_id:str}/reduce", status_code=200, opt={"body": ReduceRequest}, security=TRADE_BY_MARKET
)
async def reduce_order(
    request: AnyRequest, services: TheServices, principal: Caller, order_id: FromPath[str]
) -> OrderAnswer:
    """Lower an order's open quantity in place; it keeps its priority."""
    body = await read_body(request, ReduceRequest)
    order = await own_order(services, principal, parse_order_id(order_id))
    return await order_entry.reduce(services, principal, order, body)


@post("/{order_id:str}/receipt", status_code=200, security=READ_BY_MARKET)
async def cancel_receipt(
    services: TheServices, principal: Caller, order_id: FromPath[str]
) -> CancelReceiptMessage:
    """Get the operator's signature that a canceled, expired or replaced order is dead."""
    order = await own_order(services, principal, parse_order_id(order_id))
    if not services.settles_on_chain:
        detail = "there is no chain here on which a canceled order could be settled"
        raise refuse(Refusal(RejectReason.NO_RECEIPT, "", detail))
    await services.limiter.orders(principal.account)
    answer = await services.exchange.cancel_receipt(order.order_id)
    if isinstance(answer, Refusal):
        raise refuse(answer)
    return cancel_receipt_message(answer, order.order_id, services.market(order.market))


def _below(before: str | None) -> OrderId | None:
    return None if before is None else parse_order_id(before, "before")


def _with_sleep(services: Services, order: OrderView) -> OrderView:
    """Return a recorded order with what sleeps of it, which the engine knows and no record keeps."""
    if not order.open or order.linked_to is None:
        return order
    live = services.exchange.view.order(order.order_id)
    if live is None or not live.asleep:
        return order
    return msgspec.structs.replace(order, asleep=min(order.open, live.asleep))


def _message(services: Services, order: OrderView) -> OrderMessage:
    return order_message(order, services.market(order.market))


order_routes = Router(
    "/orders",
    route_handlers=[
        place_order,
        preview_order,
        list_orders,
        list_open_orders,
        get_order,
        get_order_by_client_id,
        get_order_by_hash,
        cancel_order,
        cancel_all_orders,
        replace_order,
        reduce_order,
        cancel_receipt,
    ],
    tags=["orders"],
)
