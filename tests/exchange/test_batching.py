"""A batch goes through the shell as one command, and each member is answered as if it came alone."""

from __future__ import annotations

import pytest

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.errors import RefusedError
from hybrid_dex.exchange import Exchange
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import BatchOrders, CancelOrder, ReduceOrder, ReplaceOrder
from hybrid_dex.model.events import (
    EventBatch,
    OrderAccepted,
    OrderCanceled,
    OrderReduced,
    OrderReplaced,
)
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.settlement.local import LocalSettlement
from tests.exchange_fixtures import ALICE, BOB, MARKET, events_of, fund, order

BUY, SELL = Side.BUY, Side.SELL


class Pausing(LocalSettlement):
    """A settlement that can not keep up, when told so."""

    why = ""

    @property
    def pause_reason(self) -> str:
        return self.why


async def test_every_member_is_answered_and_the_journal_sees_one_command() -> None:
    """In order, each as its own method would have answered."""
    journal = MemoryJournal()
    async with Exchange([MARKET], journal=journal) as exchange:
        await fund(exchange)
        (accepted,) = events_of(await exchange.place(order(ALICE, BUY, 240_000)))
        before, records = exchange.view.sequence, await journal.head()
        answers = await exchange.place_batch(
            ALICE,
            [
                order(ALICE, BUY, 230_000, name="a"),
                ReduceOrder(account=ALICE, order_id=accepted.order_id, by=10),
                ReplaceOrder(account=ALICE, order_id=accepted.order_id, price=240_100, quantity=80),
                CancelOrder(account=ALICE, client_order_id="a"),
                order(ALICE, BUY, 0),
            ],
        )
        kinds = [type(events_of(answer)[0]) for answer in answers[:4]]
        assert kinds == [OrderAccepted, OrderReduced, OrderReplaced, OrderCanceled]
        assert events_of(answers[4])[0].reason is RejectReason.INVALID_PRICE
        assert exchange.view.sequence == before + 1
        assert await journal.head() == records + 1
        assert {answer.sequence for answer in answers} == {before + 1}


async def test_all_or_none_is_refused_as_a_whole() -> None:
    async with Exchange([MARKET]) as exchange:
        await fund(exchange)
        members = [order(ALICE, BUY), order(ALICE, SELL)]
        answers = await exchange.place_batch(ALICE, members, all_or_none=True)
        reasons = [events_of(answer)[0].reason for answer in answers]
        assert reasons == [RejectReason.BATCH_REFUSED, RejectReason.INSUFFICIENT_FUNDS]
        assert exchange.view.open_order_count(ALICE) == 0
        (good,) = await exchange.place_batch(ALICE, members[:1], all_or_none=True)
        assert isinstance(events_of(good)[0], OrderAccepted)


async def test_a_batch_sent_again_is_answered_again() -> None:
    async with Exchange([MARKET]) as exchange:
        await fund(exchange)
        members = [order(ALICE, BUY, name="a"), order(ALICE, BUY, 240_000, name="b")]
        first = await exchange.place_batch(ALICE, members)
        again = await exchange.place_batch(ALICE, members, all_or_none=True)
        assert [events_of(one) for one in again] == [events_of(one) for one in first]
        assert exchange.view.open_order_count(ALICE) == 2


async def test_what_followers_hear_of_a_batch_happened() -> None:
    """Not the answers that are given again."""
    async with Exchange([MARKET]) as exchange:
        await fund(exchange)
        heard = exchange.subscribe()
        named = order(ALICE, BUY, name="a")
        await exchange.place(named)
        await exchange.place_batch(ALICE, [named, order(ALICE, BUY, 240_000)])
        first, second = await anext(heard), await anext(heard)
        accepted = [
            event.order_id
            for batch in (first, second)
            for event in batch.events
            if isinstance(event, OrderAccepted)
        ]
        assert accepted == [first.sequence << 8, second.sequence << 8 | 1]


async def test_a_malformed_batch_is_one_refusal_told_to_all() -> None:
    """Of another account, and of too many members; an empty one is answered by nothing."""
    async with Exchange([MARKET]) as exchange:
        await fund(exchange)
        answers = await exchange.place_batch(ALICE, [order(ALICE, BUY), order(BOB, SELL)])
        assert [events_of(one)[0].reason for one in answers] == [RejectReason.INVALID_BATCH] * 2
        many = await exchange.place_batch(ALICE, [order(ALICE, BUY)] * 101)
        assert [one.reason for one in many if isinstance(one, Refusal)] == [
            RejectReason.INVALID_BATCH
        ] * 101
        before = exchange.view.sequence
        assert await exchange.place_batch(ALICE, []) == []
        assert exchange.view.sequence == before


async def test_cancels_are_served_while_matching_pauses() -> None:
    """What could match is refused at the door; of an all-or-none batch, everything then."""
    settlement = Pausing()
    async with Exchange([MARKET], settlement=settlement) as exchange:
        await fund(exchange)
        (accepted,) = events_of(await exchange.place(order(ALICE, BUY, 240_000)))
        settlement.why = "the chain is slow"
        cancel = CancelOrder(account=ALICE, order_id=accepted.order_id)
        replace = ReplaceOrder(account=ALICE, order_id=accepted.order_id, price=1, quantity=9)
        members = [order(ALICE, BUY), cancel, replace]
        refused = await exchange.place_batch(ALICE, members, all_or_none=True)
        assert [one.reason for one in refused if isinstance(one, Refusal)] == [
            RejectReason.SETTLEMENT_BACKLOG,
            RejectReason.BATCH_REFUSED,
            RejectReason.SETTLEMENT_BACKLOG,
        ]
        with pytest.raises(RefusedError):
            await exchange.execute(BatchOrders(account=ALICE, members=(order(ALICE, BUY),)))
        first, canceled, last = await exchange.place_batch(ALICE, members)
        assert isinstance(first, Refusal)
        assert isinstance(last, Refusal)
        assert isinstance(canceled, EventBatch)
        assert isinstance(canceled.events[0], OrderCanceled)
        await exchange.execute(BatchOrders(account=ALICE, members=(cancel,)))
