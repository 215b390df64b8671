"""Several orders as one request - batches, ladders, linked orders - and cancels in their trader's absence."""

from typing import Any, Final

from litestar import Request, Router, delete, get, post, put

from hybrid_dex.wire import (
    BatchAnswer,
    BatchOrdersRequest,
    CancelOnDisconnectRequest,
    LadderAnswer,
    LadderRequest,
    LinkedAnswer,
    LinkedRequest,
    ProtectionAnswer,
    ScheduleCancelRequest,
)
from reference_app import order_entry
from reference_app.access import READ, TRADE_BY_MARKET
from reference_app.problems import read_body
from reference_app.routes.parameters import MarketQuery
from reference_app.services import Caller, TheServices

__all__ = ["batch_routes"]

AnyRequest = Request[Any, Any, Any]

_EXIT: Final = {
    "market": "ETH-USDC",
    "side": "sell",
    "quantity": "1.5",
    "max_fee_ppm": 500,
    "expiry_s": 1_798_765_200,
    "signature": "0x" + "5a" * 64 + "1b",
}
_LINKED: Final = {
    "a profit to take, and a loss to stop": {
        "take_profit": {"price": "2600", "nonce": "16777223"} | _EXIT,
        "stop": {
            "price": "2300",
            "trigger_price": "2400",
            "order_type": "stop_limit",
            "nonce": "16842759",
        }
        | _EXIT,
    }
}
"""For one who holds base; both nonces are of one lane and counter."""
_LADDER: Final = {
    "three bids, each for less": {
        "market": "ETH-USDC",
        "post_only": True,
        "max_fee_ppm": 500,
        "expiry_s": 1_798_765_200,
        "signature": "0x" + "5a" * 64 + "1b",
        "rungs": [
            {
                "side": "buy",
                "quantity": quantity,
                "price": price,
                "nonce": nonce,
                "client_order_id": name,
            }
            for quantity, price, nonce, name in (
                ("0.5", "2500", "16777224", "bid-1"),
                ("0.5", "2499.50", "16777225", "bid-2"),
                ("1", "2498", "16777226", "bid-3"),
            )
        ],
    }
}
"""Each in a lane of its own; the signature is of a tree of four, whose last leaf is unused."""


@post("/batch", status_code=200, opt={"body": BatchOrdersRequest}, security=TRADE_BY_MARKET)
async def place_batch(request: AnyRequest, services: TheServices, principal: Caller) -> BatchAnswer:
    """Do up to 100 places, cancels, reductions and replacements as one command; each is answered."""
    body = await read_body(request, BatchOrdersRequest)
    return await order_entry.place_batch(services, principal, body)


@post(
    "/ladder",
    status_code=200,
    opt={"body": LadderRequest, "examples": _LADDER},
    security=TRADE_BY_MARKET,
)
async def place_ladder(
    request: AnyRequest, services: TheServices, principal: Caller
) -> LadderAnswer:
    """Place up to eight orders of a market under one signature, as one command; each is answered."""
    body = await read_body(request, LadderRequest)
    return await order_entry.place_ladder(services, principal, body)


@post("/linked", opt={"body": LinkedRequest, "examples": _LINKED}, security=TRADE_BY_MARKET)
async def place_linked(
    request: AnyRequest, services: TheServices, principal: Caller
) -> LinkedAnswer:
    """Place an OCO or a bracket, all of it or nothing."""
    body = await read_body(request, LinkedRequest)
    return await order_entry.place_linked(services, principal, body)


@get("/protection", security=READ)
async def get_protection(services: TheServices, principal: Caller) -> ProtectionAnswer:
    """Get the armed dead man's switches, and whether orders go with the last connection."""
    return order_entry.protection(services, principal.account)


@put("/protection/timer", opt={"body": ScheduleCancelRequest}, security=TRADE_BY_MARKET)
async def arm_timer(
    request: AnyRequest, services: TheServices, principal: Caller
) -> ProtectionAnswer:
    """Arm a dead man's switch, of a market or of all of them, or push it back; 0 disarms."""
    body = await read_body(request, ScheduleCancelRequest)
    return await order_entry.schedule_cancel(services, principal, body)


@delete("/protection/timer", status_code=200, security=TRADE_BY_MARKET)
async def disarm_timer(
    services: TheServices, principal: Caller, market: MarketQuery = None
) -> ProtectionAnswer:
    """Disarm the dead man's switch of a market, or without one that of all markets."""
    switch = ScheduleCancelRequest(timeout_ms=0, market=market)
    return await order_entry.schedule_cancel(services, principal, switch)


@post("/protection/heartbeat", status_code=200, security=TRADE_BY_MARKET)
async def push_back(services: TheServices, principal: Caller) -> ProtectionAnswer:
    """Push back every dead man's switch, each by its own timeout."""
    return await order_entry.heartbeat(services, principal)


@put("/protection/disconnect", opt={"body": CancelOnDisconnectRequest}, security=TRADE_BY_MARKET)
async def set_cancel_on_disconnect(
    request: AnyRequest, services: TheServices, principal: Caller
) -> ProtectionAnswer:
    """Wish that orders go when the account's last socket ends, or no longer."""
    body = await read_body(request, CancelOnDisconnectRequest)
    return await order_entry.cancel_on_disconnect(services, principal, enabled=body.enabled)


batch_routes = Router(
    "/orders",
    route_handlers=[
        place_batch,
        place_ladder,
        place_linked,
        get_protection,
        arm_timer,
        disarm_timer,
        push_back,
        set_cancel_on_disconnect,
    ],
    tags=["orders"],
)
