"""Ladders at the exchange in memory: one tree, one command, and an answer for each order."""

from collections.abc import Callable

from hybrid_dex.exchange.requests import place_command
from hybrid_dex.model.commands import BatchOrders
from hybrid_dex.model.events import EventBatch, OrderAccepted, OrderRejected, member_answers
from hybrid_dex.model.market import Market
from hybrid_dex.model.units import AccountId, OrderId
from hybrid_dex.signing import Domain, authorize_tree
from hybrid_dex.wire import (
    LadderAnswer,
    LadderRequest,
    OrderMessage,
    RungResult,
    problem_from_refusal,
    to_ladder,
    to_ms,
)

__all__ = ["ladder_answer", "ladder_command"]


def ladder_command(
    request: LadderRequest, market: Market, account: AccountId, domain: Domain
) -> BatchOrders:
    """Verify a ladder."""
    orders = to_ladder(request, market, account)
    members = map(place_command, orders, authorize_tree(orders, domain))
    return BatchOrders(account=account, members=tuple(members))


def ladder_answer(batch: EventBatch, show: Callable[[OrderId], OrderMessage]) -> LadderAnswer:
    """Tell of each order."""
    rungs = []
    for answer in member_answers(batch):
        first = answer.events[0]
        if isinstance(first, OrderRejected):
            rungs.append(RungResult(problem=problem_from_refusal(first)))
            continue
        assert isinstance(first, OrderAccepted)
        order = show(first.order_id)
        rungs.append(RungResult(order.order_id, order.status, order.open, order.filled))
    return LadderAnswer(sequence=batch.sequence, at_ms=to_ms(batch.at_ns), rungs=rungs)
