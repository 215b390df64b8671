"""Answers: what a command did, as the one message that its sender gets over REST and sockets."""

from typing import Final

from hybrid_dex.exchange import ExchangeView
from hybrid_dex.interfaces.records import FillRecord
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.batch_request import BatchRequest
from hybrid_dex.model.commands import CancelOrder, PlaceOrder
from hybrid_dex.model.events import (
    CancelRejected,
    CommandRejected,
    EventBatch,
    FillMade,
    MemberAnswered,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
)
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderStatus
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import (
    AccountId,
    OrderId,
    Sequence,
    TimestampNs,
    order_index,
    order_sequence,
)
from hybrid_dex.model.views import OrderView
from hybrid_dex.wire import (
    CancelAllAnswer,
    FillMessage,
    LadderAnswer,
    LinkedAnswer,
    MemberResult,
    OrderAnswer,
    ProtectionAnswer,
    RungResult,
    cancel_all_answer,
    fill_messages,
    order_message,
    protection_answer,
    to_ms,
    word,
)
from reference_app.problems import ProblemError, refuse

__all__ = [
    "canceled_answer",
    "changed_answer",
    "ladder_answer",
    "linked_answer",
    "member_result",
    "placed_answer",
    "protected_answer",
]

_NEW: Final = word(OrderStatus.NEW)
_NOTHING: Final = "0"
_REFUSALS: Final = (OrderRejected, CancelRejected, CommandRejected)


def placed_answer(view: ExchangeView, outcome: EventBatch | Refusal) -> OrderAnswer:
    """Return the answer to a placed order. Raises `ProblemError` when it was refused."""
    if isinstance(outcome, Refusal):
        raise refuse(outcome)
    for event in outcome.events:
        if isinstance(event, OrderAccepted):
            return _entered(view, outcome, event.order_id)
        if isinstance(event, OrderRejected | CommandRejected):
            raise refuse(event)
    raise AssertionError("a placed order is accepted or refused")


def linked_answer(
    view: ExchangeView, outcome: EventBatch | Refusal, *, bracket: bool
) -> LinkedAnswer:
    """Return the answer to linked orders. Raises `ProblemError` when they were refused."""
    if isinstance(outcome, Refusal):
        raise refuse(outcome)
    names = ("entry", "take_profit", "stop") if bracket else ("take_profit", "stop")
    rejected = [event for event in outcome.events if isinstance(event, OrderRejected)]
    if rejected:
        # The others are told INVALID_LINK because of the one that is at fault.
        fault = next(
            (one for one in rejected if one.reason is not RejectReason.INVALID_LINK), rejected[0]
        )
        name = names[order_index(fault.order_id)]
        field = f"{name}.{fault.field}" if fault.field else ""
        raise refuse(Refusal(fault.reason, field, fault.detail))
    accepted = [event.order_id for event in outcome.events if isinstance(event, OrderAccepted)]
    own = {
        name: _entered(view, outcome, order_id)
        for name, order_id in zip(names, accepted, strict=False)
    }
    return LinkedAnswer(
        sequence=own["stop"].sequence,
        take_profit=own["take_profit"],
        stop=own["stop"],
        entry=own.get("entry"),
    )


def changed_answer(
    view: ExchangeView, outcome: EventBatch | Refusal, account: AccountId, order_id: OrderId
) -> OrderAnswer:
    """Return the answer to a cancel, reduce or replace. Raises `ProblemError` when refused."""
    if isinstance(outcome, Refusal):
        raise refuse(outcome)
    for event in outcome.events:
        if isinstance(event, CancelRejected) and event.account == account:
            raise refuse(event)
        if isinstance(event, CommandRejected):
            raise refuse(event)
    return _order_answer(view, outcome, view.order(order_id), outcome.sequence, outcome.at_ns)


def canceled_answer(outcome: EventBatch, account: AccountId) -> CancelAllAnswer:
    """Return the answer to a cancel-all. Raises `ProblemError` when it was refused."""
    canceled: list[OrderId] = []
    for event in outcome.events:
        if isinstance(event, _REFUSALS):
            raise refuse(event)
        if isinstance(event, OrderCanceled) and event.account == account:
            canceled.append(event.order_id)
    return cancel_all_answer(outcome.sequence, canceled)


def member_result(
    view: ExchangeView,
    member: BatchRequest | Refusal,
    outcome: EventBatch | Refusal,
    account: AccountId,
) -> MemberResult:
    """Return what became of one member of a batch."""
    if isinstance(outcome, Refusal):
        return MemberResult(problem=refuse(outcome).problem)
    assert not isinstance(member, Refusal), "its outcome is itself"
    try:
        if isinstance(member, SignedOrder | PlaceOrder):
            return MemberResult(answer=placed_answer(view, outcome))
        order_id = member.order_id
        if order_id is None and isinstance(member, CancelOrder) and member.client_order_id:
            named = view.order_by_client_id(account, member.client_order_id)
            order_id = None if named is None else named.order_id
        answer = changed_answer(view, outcome, account, order_id or OrderId(0))
        return MemberResult(answer=answer)
    except ProblemError as error:
        return MemberResult(problem=error.problem)


def ladder_answer(
    view: ExchangeView, outcome: EventBatch | Refusal, market: Market
) -> LadderAnswer:
    """Return the answer to a ladder of a market. Raises `ProblemError` when all of it was refused."""
    if isinstance(outcome, Refusal):
        raise refuse(outcome)
    rungs = _resting(outcome, market)
    if rungs is None:
        rungs = _rungs(view, outcome)
    return LadderAnswer(sequence=outcome.sequence, at_ms=to_ms(outcome.at_ns), rungs=rungs)


def _resting(outcome: EventBatch, market: Market) -> list[RungResult] | None:
    """Return the results of orders that all entered, and of which nothing else came; or ``None``."""
    rungs: list[RungResult] = []
    events = outcome.events
    for head, entered in zip(events[::2], events[1::2], strict=False):
        if type(head) is not MemberAnswered or head.again or type(entered) is not OrderAccepted:
            return None
        quantity = market.format_quantity(entered.quantity)
        rungs.append(RungResult(str(entered.order_id), _NEW, quantity, _NOTHING))
    return rungs if 2 * len(rungs) == len(events) > 0 else None


def _rungs(view: ExchangeView, outcome: EventBatch) -> list[RungResult]:
    """Return each order as it stands after all of them. Raises `ProblemError` when none was judged."""
    events, rungs = outcome.events, dict[int, RungResult]()
    starts = [at for at, event in enumerate(events) if type(event) is MemberAnswered]
    if not starts:
        raise refuse(next(event for event in events if isinstance(event, CommandRejected)))
    for at, end in zip(starts, [*starts[1:], len(events)], strict=True):
        head = events[at]
        assert type(head) is MemberAnswered, "it is where an answer begins"
        one = EventBatch(outcome.sequence, outcome.at_ns, events[at + 1 : end])
        rungs[head.index] = _rung_result(view, one)
    return [rungs[at] for at in sorted(rungs)]


def _rung_result(view: ExchangeView, outcome: EventBatch) -> RungResult:
    try:
        answer = placed_answer(view, outcome)
    except ProblemError as error:
        return RungResult(problem=error.problem)
    order = answer.order
    return RungResult(order.order_id, order.status, order.open, order.filled, answer.fills)


def protected_answer(
    view: ExchangeView, outcome: EventBatch, account: AccountId
) -> ProtectionAnswer:
    """Return how an account is protected now. Raises `ProblemError` when it was refused."""
    for event in outcome.events:
        if isinstance(event, CommandRejected):
            raise refuse(event)
    return protection_answer(
        outcome.sequence,
        view.scheduled_cancels(account),
        cancel_on_disconnect=view.cancels_on_disconnect(account),
    )


def _entered(view: ExchangeView, batch: EventBatch, order_id: OrderId) -> OrderAnswer:
    """Return the answer to an order that entered, by this command or, when it is repeated, before."""
    order = view.order(order_id)
    at_ns = batch.at_ns if order is None else order.accepted_at_ns
    return _order_answer(view, batch, order, order_sequence(order_id), at_ns)


def _order_answer(
    view: ExchangeView,
    batch: EventBatch,
    order: OrderView | None,
    sequence: Sequence,
    at_ns: TimestampNs,
) -> OrderAnswer:
    market = None if order is None else view.market(order.market)
    if order is None or market is None:
        detail = "it was done, and the order has ended too long ago to be shown; see the history"
        raise refuse(Refusal(RejectReason.UNKNOWN_ORDER, "order_id", detail))
    fills: list[FillMessage] = []
    for fill in batch.events if len(batch.events) > 1 else ():
        if not isinstance(fill, FillMade) or fill.taker_order != order.order_id:
            continue
        stage = SettlementStage.MATCHED  # as it was when it was made; the channels tell the rest
        record = FillRecord(fill=fill, at_ns=at_ns, stage=stage, batch=0, transaction="")
        sides = fill_messages(record, order.account, market)
        fills.extend(side for side in sides if side.order_id == str(order.order_id))
    return OrderAnswer(sequence=sequence, order=order_message(order, market), fills=fills)
