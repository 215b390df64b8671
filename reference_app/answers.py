"""Answers: what a command did, as the one message that its sender gets over REST and sockets."""

from collections.abc import Sequence
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
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
)
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import AccountId, OrderId
from hybrid_dex.wire import (
    CancelAllAnswer,
    FillMessage,
    MemberResult,
    OrderAnswer,
    ProtectionAnswer,
    cancel_all_answer,
    fill_messages,
    order_message,
    to_ms,
)
from reference_app.problems import ProblemError, refuse

__all__ = [
    "canceled_answer",
    "changed_answer",
    "member_result",
    "placed_answer",
    "protection_answer",
]

_REFUSALS: Final = (OrderRejected, CancelRejected, CommandRejected)


def placed_answer(view: ExchangeView, outcome: EventBatch | Refusal) -> OrderAnswer:
    """Return the answer to a placed order. Raises `ProblemError` when it was refused."""
    if isinstance(outcome, Refusal):
        raise refuse(outcome)
    for event in outcome.events:
        if isinstance(event, OrderAccepted):
            return _order_answer(view, outcome, event.order_id)
        if isinstance(event, OrderRejected | CommandRejected):
            raise refuse(event)
    raise AssertionError("a placed order is accepted or refused")


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
    return _order_answer(view, outcome, order_id)


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
    view: ExchangeView, member: BatchRequest, outcome: EventBatch | Refusal, account: AccountId
) -> MemberResult:
    """Return what became of one member of a batch."""
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


def protection_answer(
    view: ExchangeView, outcome: EventBatch, account: AccountId
) -> ProtectionAnswer:
    """Return how an account is protected now. Raises `ProblemError` when it was refused."""
    for event in outcome.events:
        if isinstance(event, CommandRejected):
            raise refuse(event)
    due = [row.due_ns for row in view.scheduled_cancels(account) if row.due_ns is not None]
    return ProtectionAnswer(
        sequence=outcome.sequence,
        due_at_ms=to_ms(min(due)) if due else None,
        cancel_on_disconnect=view.cancels_on_disconnect(account),
    )


def _order_answer(view: ExchangeView, batch: EventBatch, order_id: OrderId) -> OrderAnswer:
    order = view.order(order_id)
    market = None if order is None else view.market(order.market)
    if order is None or market is None:
        detail = "it was done, and the order has ended too long ago to be shown; see the history"
        raise refuse(Refusal(RejectReason.UNKNOWN_ORDER, "order_id", detail))
    made: Sequence[FillMade] = [
        event
        for event in batch.events
        if isinstance(event, FillMade) and event.taker_order == order_id
    ]
    fills: list[FillMessage] = []
    for fill in made:
        stage = view.settlement_stage(fill.fill_id) or SettlementStage.MATCHED
        record = FillRecord(fill=fill, at_ns=batch.at_ns, stage=stage, batch=0, transaction="")
        sides = fill_messages(record, order.account, market)
        fills.extend(side for side in sides if side.order_id == str(order_id))
    return OrderAnswer(sequence=batch.sequence, order=order_message(order, market), fills=fills)
