"""What the journal would take later than its sender allowed never enters, in whatever form it comes.

Not only at the door: what waits while the journal is away is judged when the journal takes it.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from hybrid_dex.errors import RefusedError, UnavailableError
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import PlaceOrder, ReplaceOrder
from hybrid_dex.model.events import EventBatch, OrderAccepted
from hybrid_dex.model.order import OrderType, Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import Price, Quantity, TimestampNs
from tests.exchange_fixtures import (
    ALICE,
    BOB,
    MARKET,
    FakeClock,
    FaultyJournal,
    events_of,
    failing,
    fund,
    order,
    until,
)

SECOND = 10**9


def bid(name: str | None = None) -> PlaceOrder:
    return order(ALICE, Side.BUY, 100, name=name)


def exits() -> tuple[PlaceOrder, PlaceOrder]:
    """A take-profit and a stop of what Bob has."""
    stop = msgspec.structs.replace(
        order(BOB, Side.SELL, 90), order_type=OrderType.STOP_LIMIT, trigger_price=Price(95)
    )
    return order(BOB, Side.SELL, 300), stop


def is_late(answer: object) -> bool:
    return isinstance(answer, Refusal) and answer.reason is RejectReason.RECEIVE_WINDOW


async def test_on_time_enters_and_one_nanosecond_later_does_not() -> None:
    clock = FakeClock()
    async with Exchange([MARKET], clock=clock) as exchange:
        await fund(exchange)
        now = clock.now_ns()
        assert isinstance(await exchange.place(bid("a"), not_after_ns=now), EventBatch)
        before = exchange.view.sequence
        late = await exchange.place(bid("b"), not_after_ns=TimestampNs(now - 1))
        assert is_late(late)
        assert exchange.view.sequence == before, "nothing was journaled"
        assert exchange.view.order_by_client_id(ALICE, "b") is None
        again = await exchange.place(bid("b"), not_after_ns=now)
        assert isinstance(events_of(again)[0], OrderAccepted)


async def test_every_form_of_entry_is_refused_when_late() -> None:
    clock = FakeClock()
    async with Exchange([MARKET], clock=clock) as exchange:
        await fund(exchange)
        (placed,) = events_of(await exchange.place(bid()))
        assert isinstance(placed, OrderAccepted)
        past, before = TimestampNs(clock.now_ns() - 1), exchange.view.sequence
        terms = ReplaceOrder(
            account=ALICE, order_id=placed.order_id, price=Price(99), quantity=Quantity(50)
        )
        assert is_late(await exchange.replace(placed.order_id, terms, not_after_ns=past))
        assert is_late(await exchange.place_linked(*exits(), not_after_ns=past))
        for all_or_none in (False, True):
            members = [bid(), bid()]
            answers = await exchange.place_batch(
                ALICE, members, all_or_none=all_or_none, not_after_ns=past
            )
            assert list(map(is_late, answers)) == [True, True]
        with pytest.raises(RefusedError) as refused:
            await exchange.reduce(ALICE, placed.order_id, Quantity(1), not_after_ns=past)
        assert refused.value.code == RejectReason.RECEIVE_WINDOW
        assert exchange.view.sequence == before


async def test_of_orders_sent_together_only_the_late_ones_are_refused() -> None:
    clock = FakeClock()
    async with Exchange([MARKET], clock=clock) as exchange:
        await fund(exchange)
        now = clock.now_ns()
        answers = await exchange.place_many(
            [bid("a"), bid("b"), bid("c")], not_after_ns=[None, TimestampNs(now - 1), now]
        )
        assert [isinstance(one, EventBatch) for one in answers] == [True, False, True]
        assert is_late(answers[1])


async def test_what_waits_for_the_journal_is_judged_when_the_journal_takes_it() -> None:
    """The request came in time, the journal was away, and its sender no longer wants it."""
    clock, journal = FakeClock(), FaultyJournal()
    gate = asyncio.Event()

    async def held(append: Callable[[], Awaitable[int]]) -> int:
        await gate.wait()
        return await append()

    one_at_a_time = ExchangeOptions(max_in_flight=1, retry_s=0.001)
    async with Exchange([MARKET], clock=clock, journal=journal, options=one_at_a_time) as exchange:
        await fund(exchange)
        journal.steps = [held]
        deadline = TimestampNs(clock.now_ns() + SECOND)
        first = asyncio.ensure_future(exchange.place(bid("first"), not_after_ns=deadline))
        await until(lambda: not journal.steps)
        waits = asyncio.ensure_future(exchange.place(bid("waits"), not_after_ns=deadline))
        patient = asyncio.ensure_future(exchange.place(bid("patient")))
        await asyncio.sleep(0)
        clock.at_ns += 2 * SECOND
        gate.set()
        assert isinstance(await first, EventBatch), "it was sent to the journal in time"
        assert is_late(await waits)
        assert isinstance(await patient, EventBatch)
        assert exchange.view.order_by_client_id(ALICE, "waits") is None


async def test_linked_orders_enter_and_a_refused_one_is_named() -> None:
    async with Exchange([MARKET]) as exchange:
        await fund(exchange)
        take_profit, stop = exits()
        answer = await exchange.place_linked(take_profit, stop)
        accepted = [one for one in events_of(answer) if isinstance(one, OrderAccepted)]
        assert [one.linked_to for one in accepted] == [one.order_id for one in reversed(accepted)]


async def test_while_matching_pauses_linked_orders_do_not_enter() -> None:
    journal = FaultyJournal()
    async with Exchange([MARKET], journal=journal) as exchange:
        await fund(exchange)
        exchange._admission._pause_reason = lambda: "the oldest fill has not settled"
        answer = await exchange.place_linked(*exits())
        assert isinstance(answer, Refusal)
        assert answer.reason is RejectReason.SETTLEMENT_BACKLOG
        exchange._admission._pause_reason = lambda: ""
        journal.steps = [failing(UnavailableError("no disk"))]
        with pytest.raises(UnavailableError, match="no disk"):
            await exchange.place_linked(*exits())
