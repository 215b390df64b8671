"""Order entry as REST and sockets do alike, once a message is read and it is known who sends it.

Each function is one request: it is refused to a caller that may not ask for it, counts against the
account's rate, becomes one command, and is answered once that is durable. Nothing here decides what may be traded.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from hybrid_dex.exchange import ExchangeView, unsigned_command
from hybrid_dex.interfaces.auth import Principal
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.batch_request import BatchRequest, SignedReplacement
from hybrid_dex.model.commands import CancelOrder, PlaceOrder
from hybrid_dex.model.events import EventBatch, OrderCanceled
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import (
    AccountId,
    ClientOrderId,
    MarketId,
    OrderId,
    Quantity,
    TimestampNs,
)
from hybrid_dex.model.views import OrderView
from hybrid_dex.signing import order_digest, typed_data
from hybrid_dex.signing.clear_signing import order_words
from hybrid_dex.wire import (
    BatchAnswer,
    BatchOrdersRequest,
    CancelAllAnswer,
    LadderAnswer,
    LadderRequest,
    LinkedAnswer,
    LinkedRequest,
    OrderAnswer,
    OrderRequest,
    PreviewAnswer,
    ProtectionAnswer,
    ReduceRequest,
    ReplaceRequest,
    ScheduleCancelRequest,
    encode,
    member,
    not_after_ns,
    preview_answer,
    problem_from_refusal,
    protection_answer,
    to_batch,
    to_ladder,
    to_linked,
    to_order,
    to_preview,
    to_replacement,
)
from reference_app.access import check_market, check_requests, forbidden
from reference_app.answers import (
    canceled_answer,
    changed_answer,
    ladder_answer,
    linked_answer,
    member_result,
    placed_answer,
    protected_answer,
)
from reference_app.problems import refuse
from reference_app.services import Services

__all__ = [
    "Outcome",
    "cancel",
    "cancel_all",
    "cancel_on_disconnect",
    "heartbeat",
    "live_order",
    "place",
    "place_batch",
    "place_ladder",
    "place_ladders",
    "place_linked",
    "place_run",
    "preview",
    "protection",
    "reduce",
    "replace",
    "schedule_cancel",
]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_UNANSWERED: Final = AssertionError("not answered yet")
Outcome = EventBatch | Refusal | Exception
"""What became of one order of a run."""


def _measured(
    request: Callable[Concatenate[Services, _P], Coroutine[Any, Any, _T]],
) -> Callable[Concatenate[Services, _P], Coroutine[Any, Any, _T]]:
    """Note how long a request takes, whatever comes of it."""

    @wraps(request)
    async def measured(services: Services, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        begun_ns = services.clock.now_ns()
        try:
            return await request(services, *args, **kwargs)
        finally:
            services.hub.meter.order_entry.note(services.clock.now_ns() - begun_ns)

    return measured


def live_order(services: Services, account: AccountId, order_id: OrderId) -> OrderView:
    """Return an order that the engine knows, live or just ended. Raises `ProblemError`."""
    order = _own_order(services.exchange.view, account, order_id)
    if order is None:
        raise refuse(Refusal(RejectReason.UNKNOWN_ORDER, "order_id", "you have no such order"))
    return order


def _own_order(view: ExchangeView, account: AccountId, order_id: OrderId) -> OrderView | None:
    order = view.order(order_id)
    return None if order is None or order.account != account else order


@_measured
async def place(services: Services, caller: Principal, request: OrderRequest) -> OrderAnswer:
    """Place an order."""
    order, until = _read(services, caller, request, services.clock.now_ns())
    await services.limiter.orders(caller.account)
    outcome = await services.exchange.place(order, not_after_ns=until)
    return placed_answer(services.exchange.view, outcome)


@_measured
async def place_run(
    services: Services, caller: Principal, requests: Sequence[OrderRequest]
) -> list[Outcome]:
    """Place orders that arrived together, verified and journaled together; tell of each in turn.

    They were counted already. Each is refused or fails alone, unless the exchange itself fails.
    """
    outcomes: list[Outcome] = []
    orders: list[SignedOrder | PlaceOrder] = []
    untils: list[TimestampNs | None] = []
    now_ns = services.clock.now_ns()
    for request in requests:
        try:
            order, until = _read(services, caller, request, now_ns)
        except Exception as error:  # noqa: BLE001 # told to its sender, by who asked
            outcomes.append(error)
            continue
        outcomes.append(Refusal(RejectReason.INTERNAL))  # until its answer is there
        orders.append(order)
        untils.append(until)
    answers = iter(await services.exchange.place_many(orders, not_after_ns=untils))
    return [one if isinstance(one, Exception) else next(answers) for one in outcomes]


@_measured
async def place_batch(
    services: Services, caller: Principal, request: BatchOrdersRequest
) -> BatchAnswer:
    """Do several requests as one command."""
    account, until = caller.account, not_after_ns(request, services.clock.now_ns())
    exchange, view = services.exchange, services.exchange.view
    members = to_batch(
        request,
        account,
        market=lambda name: view.market(MarketId(name)),
        order=lambda order_id: _own_order(view, account, order_id),
    )
    sent = [one for one in members if not isinstance(one, Refusal)]
    check_requests(caller, sent, view)
    await services.limiter.orders(account, len(members))
    refused = next(((at, one) for at, one in enumerate(members) if isinstance(one, Refusal)), None)
    answers: list[EventBatch | Refusal] = []
    if sent and (refused is None or not request.all_or_none):
        answers = await exchange.place_batch(
            account, sent, all_or_none=request.all_or_none, not_after_ns=until
        )
    elif refused is not None:
        detail = f"member {refused[0]} was refused: {refused[1].reason.name}"
        answers = [Refusal(RejectReason.BATCH_REFUSED, "", detail)] * len(sent)
    waiting = iter(answers)
    results = [
        member_result(view, one, one if isinstance(one, Refusal) else next(waiting), account)
        for one in members
    ]
    return BatchAnswer(members=results)


@_measured
async def place_ladder(
    services: Services, caller: Principal, request: LadderRequest
) -> LadderAnswer:
    """Place a ladder, as one command."""
    orders, market, until = _read_ladder(services, caller, request, services.clock.now_ns())
    await services.limiter.orders(caller.account, len(orders))
    exchange = services.exchange
    (outcome,) = await exchange.place_ladders([orders], not_after_ns=[until])
    return ladder_answer(exchange.view, outcome, market)


@_measured
async def place_ladders(
    services: Services, caller: Principal, requests: Sequence[LadderRequest]
) -> list[LadderAnswer | Exception]:
    """Place ladders that arrived together, verified and journaled together; tell of each in turn.

    As `place_run`.
    """
    told: list[LadderAnswer | Exception] = []
    ladders: list[list[SignedOrder]] = []
    markets: list[Market] = []
    untils: list[TimestampNs | None] = []
    now_ns = services.clock.now_ns()
    for request in requests:
        try:
            orders, market, until = _read_ladder(services, caller, request, now_ns)
        except Exception as error:  # noqa: BLE001 # told to its sender, by who asked
            told.append(error)
            continue
        told.append(_UNANSWERED)
        ladders.append(orders)
        markets.append(market)
        untils.append(until)
    outcomes = await services.exchange.place_ladders(ladders, not_after_ns=untils)
    view, answered = services.exchange.view, zip(outcomes, markets, strict=True)
    return [_ladder_told(view, *next(answered)) if one is _UNANSWERED else one for one in told]


def _ladder_told(
    view: ExchangeView, outcome: EventBatch | Refusal, market: Market
) -> LadderAnswer | Exception:
    try:
        return ladder_answer(view, outcome, market)
    except Exception as error:  # noqa: BLE001 # as above
        return error


@_measured
async def place_linked(
    services: Services, caller: Principal, request: LinkedRequest
) -> LinkedAnswer:
    """Place linked orders, all or none."""
    account, until = caller.account, not_after_ns(request, services.clock.now_ns())
    orders = to_linked(request, services.market(request.stop.market), account)
    linked = [one for one in orders if one is not None]
    check_requests(caller, linked, services.exchange.view)
    await services.limiter.orders(account, 2 if orders.entry is None else 3)
    outcome = await services.exchange.place_linked(*orders, not_after_ns=until)
    return linked_answer(services.exchange.view, outcome, bracket=orders.entry is not None)


@_measured
async def replace(
    services: Services, caller: Principal, order: OrderView, request: ReplaceRequest
) -> OrderAnswer:
    """Swap the terms of the account's order."""
    until = not_after_ns(request, services.clock.now_ns())
    terms, expected = to_replacement(request, services.market(order.market), order)
    asked: BatchRequest = (
        SignedReplacement(order_id=order.order_id, terms=terms)
        if isinstance(terms, SignedOrder)
        else terms
    )
    check_requests(caller, [asked], services.exchange.view)
    await services.limiter.orders(order.account)
    exchange = services.exchange
    outcome = await exchange.replace(order.order_id, terms, expected, not_after_ns=until)
    return changed_answer(exchange.view, outcome, order.account, order.order_id)


@_measured
async def reduce(
    services: Services, caller: Principal, order: OrderView, request: ReduceRequest
) -> OrderAnswer:
    """Lower the open quantity of the account's order."""
    check_market(caller, order.market)
    until = not_after_ns(request, services.clock.now_ns())
    by = Quantity(services.market(order.market).parse_quantity(request.by, "by"))
    await services.limiter.orders(order.account)
    exchange = services.exchange
    outcome = await exchange.reduce(order.account, order.order_id, by, not_after_ns=until)
    return changed_answer(exchange.view, outcome, order.account, order.order_id)


@_measured
async def cancel(
    services: Services,
    caller: Principal,
    order_id: OrderId | None,
    client_order_id: ClientOrderId | None = None,
) -> OrderAnswer:
    """Cancel one order by either id."""
    account = caller.account
    asked = CancelOrder(account=account, order_id=order_id, client_order_id=client_order_id)
    check_requests(caller, [asked], services.exchange.view)
    await services.limiter.orders(account)
    outcome = await services.exchange.cancel(account, order_id, client_order_id)
    if order_id is None:
        order_id = _canceled_as(client_order_id, account, outcome)
    return changed_answer(services.exchange.view, outcome, account, order_id or OrderId(0))


def _canceled_as(
    name: ClientOrderId | None, account: AccountId, outcome: EventBatch
) -> OrderId | None:
    """Return which order a cancel by name met: it may have been on its way when that was asked for."""
    for event in outcome.events:
        if isinstance(event, OrderCanceled) and (event.account, event.client_order_id) == (
            account,
            name,
        ):
            return event.order_id
    return None


@_measured
async def cancel_all(
    services: Services, caller: Principal, market: str | None, side: str | None
) -> CancelAllAnswer:
    """Cancel all orders, or those of a market, a side, or both."""
    account, wanted = caller.account, None if market is None else MarketId(market)
    check_market(caller, wanted)
    await services.limiter.orders(account)
    outcome = await services.exchange.cancel_all(
        account,
        wanted,
        None if side is None else member(Side, side),
    )
    return canceled_answer(outcome, account)


async def schedule_cancel(
    services: Services, caller: Principal, request: ScheduleCancelRequest
) -> ProtectionAnswer:
    """Arm, push back or disarm a dead man's switch."""
    account = caller.account
    market = None if request.market is None else MarketId(request.market)
    check_market(caller, market)
    return await _protect(
        services,
        account,
        lambda: services.exchange.schedule_cancel(account, request.timeout_ms, market),
    )


async def heartbeat(services: Services, caller: Principal) -> ProtectionAnswer:
    """Push back every switch."""
    if caller.markets is not None:
        detail = "a heartbeat pushes back the timers of all markets; set those of this key's again"
        raise forbidden(detail)
    account = caller.account
    return await _protect(services, account, lambda: services.exchange.heartbeat(account))


async def cancel_on_disconnect(
    services: Services, caller: Principal, *, enabled: bool
) -> ProtectionAnswer:
    """Wish that orders go with the last connection, or no longer."""
    account = caller.account
    check_market(caller, None)
    return await _protect(
        services,
        account,
        lambda: services.exchange.set_cancel_on_disconnect(account, enabled=enabled),
    )


def protection(services: Services, account: AccountId) -> ProtectionAnswer:
    """Tell how an account is protected now."""
    view = services.exchange.view
    return protection_answer(
        view.sequence,
        view.scheduled_cancels(account),
        cancel_on_disconnect=view.cancels_on_disconnect(account),
    )


async def _protect(
    services: Services, account: AccountId, ask: Callable[[], Awaitable[EventBatch]]
) -> ProtectionAnswer:
    await services.limiter.orders(account)
    return protected_answer(services.exchange.view, await ask(), account)


def preview(services: Services, caller: Principal, request: OrderRequest) -> PreviewAnswer:
    """Tell what an order would hold, cost and bring, and what there is to sign. Does nothing."""
    market = services.market(request.market)
    check_market(caller, market.id)
    order = to_preview(request, market, caller.account)
    view = services.exchange.view
    if isinstance(order, PlaceOrder):
        refusal = view.judge(order)
        problem = None if refusal is None else problem_from_refusal(refusal)
        return preview_answer(view.preview(order), market, problem=problem)
    order_hash = order_digest(order, services.domain)
    command = unsigned_command(order, order_hash)
    refusal = view.judge(command)
    return preview_answer(
        view.preview(command),
        market,
        problem=None if refusal is None else problem_from_refusal(refusal),
        order_hash=order_hash,
        typed_data=encode(typed_data(order, services.domain)),
        words=order_words(order),
    )


def _read_ladder(
    services: Services, caller: Principal, request: LadderRequest, now_ns: int
) -> tuple[list[SignedOrder], Market, TimestampNs | None]:
    until = not_after_ns(request, now_ns)
    market = services.market(request.market)
    orders = to_ladder(request, market, caller.account)
    if caller.key_id:
        check_requests(caller, orders, services.exchange.view)
    return orders, market, until


def _read(
    services: Services, caller: Principal, request: OrderRequest, now_ns: int
) -> tuple[SignedOrder | PlaceOrder, TimestampNs | None]:
    until = not_after_ns(request, now_ns)
    order = to_order(request, services.market(request.market), caller.account)
    if caller.key_id:
        check_requests(caller, [order], services.exchange.view)
    return order, until
