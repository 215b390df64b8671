"""A12: a clock that steps while the exchange runs breaks nothing.

The real exchange on a clock that is told the time. Time inside never goes back; sequence numbers go
on without a gap; what is not due does not expire, and after a jump to the past nothing does.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.exchange import Exchange
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.model.events import OrderAccepted, OrderExpired, OrderRejected
from hybrid_dex.model.frame import decode_frame
from hybrid_dex.model.order import OrderStatus, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import OrderId
from tests.exchange_fixtures import ALICE, MARKET, FakeClock, events_of, fund, order, until
from tests.tiers import count

SECOND = 10**9
HOUR = 3_600 * SECOND
YEAR = 365 * 24 * HOUR
STEPS = count(fast=60, full=3_000)


def exchange_on(clock: Clock, journal: MemoryJournal) -> Exchange:
    limits = RiskLimits(order_notional=None, open_orders=None, daily_volume=None)
    return Exchange([MARKET], clock=clock, journal=journal, risk=StandardRisk(limits))


async def rest(exchange: Exchange, clock: FakeClock, lives_ns: int) -> OrderId:
    """Enter an order that expires so much later than the clock says now."""
    wanted = msgspec.structs.replace(
        order(ALICE, Side.BUY, price=1),
        time_in_force=TimeInForce.GTD,
        expires_at_ns=clock.at_ns + lives_ns,
    )
    event = events_of(await exchange.place(wanted))[-1]  # what expires comes first
    assert isinstance(event, OrderAccepted)
    return event.order_id


def statuses(exchange: Exchange, orders: list[OrderId]) -> list[OrderStatus | None]:
    found = [exchange.view.order(one) for one in orders]
    return [None if one is None else one.status for one in found]


async def stamps(journal: MemoryJournal) -> list[tuple[int, int]]:
    """Sequence and time of every journaled command."""
    frames = [decode_frame(raw) async for _, raw in journal.read(0)]
    return [(one.sequence, one.at_ns) for frame in frames for one in frame.commands]


async def check_journal(journal: MemoryJournal) -> int:
    """Numbers without a gap, times that never decrease; return how many there are."""
    found = await stamps(journal)
    assert [sequence for sequence, _ in found] == list(range(1, len(found) + 1))
    times = [at_ns for _, at_ns in found]
    assert times == sorted(times)
    return len(found)


async def test_an_hour_back_expires_nothing_and_time_inside_stands() -> None:
    """Orders go on being served at the last time known, until the clock has caught up."""
    clock, journal = FakeClock(), MemoryJournal()
    async with exchange_on(clock, journal) as exchange:
        await fund(exchange)
        orders = [await rest(exchange, clock, minutes * 60 * SECOND) for minutes in (1, 30, 90)]
        before = exchange.view.at_ns
        clock.at_ns -= HOUR
        for _ in range(20):
            batch = await exchange.deposit(ALICE, MARKET.quote.id, 1)
            assert batch.at_ns == before
        assert statuses(exchange, orders) == [OrderStatus.NEW] * 3
        clock.at_ns += HOUR + 60 * SECOND
        await until(lambda: exchange.view.order(orders[0]).status is OrderStatus.EXPIRED)
        assert statuses(exchange, orders)[1:] == [OrderStatus.NEW] * 2
    await check_journal(journal)


async def test_an_hour_ahead_expires_what_was_due_and_nothing_else() -> None:
    """And when the clock is set right again, nothing comes back and nothing more expires."""
    clock, journal = FakeClock(), MemoryJournal()
    async with exchange_on(clock, journal) as exchange:
        await fund(exchange)
        orders = [await rest(exchange, clock, minutes * 60 * SECOND) for minutes in (1, 59, 61)]
        clock.at_ns += HOUR
        await until(lambda: exchange.view.order(orders[1]).status is OrderStatus.EXPIRED)
        clock.at_ns -= HOUR
        await exchange.deposit(ALICE, MARKET.quote.id, 1)
        assert statuses(exchange, orders) == [
            OrderStatus.EXPIRED,
            OrderStatus.EXPIRED,
            OrderStatus.NEW,
        ]
    await check_journal(journal)


async def test_a_year_ahead_and_back_leaves_a_working_exchange() -> None:
    """Only what outlives the year is left; what is due by the time inside is refused, not lost."""
    clock, journal = FakeClock(), MemoryJournal()
    async with exchange_on(clock, journal) as exchange:
        await fund(exchange)
        short, long = await rest(exchange, clock, HOUR), await rest(exchange, clock, 2 * YEAR)
        lasting = events_of(await exchange.place(order(ALICE, Side.BUY, price=1)))[0].order_id
        clock.at_ns += YEAR
        await until(
            lambda: exchange.view.order(short) is None or not exchange.view.order(short).open
        )
        clock.at_ns -= YEAR
        late = msgspec.structs.replace(
            order(ALICE, Side.BUY), time_in_force=TimeInForce.GTD, expires_at_ns=clock.at_ns + HOUR
        )
        (refused,) = events_of(await exchange.place(late))
        assert isinstance(refused, OrderRejected)
        assert refused.reason is RejectReason.EXPIRED
        assert isinstance(events_of(await exchange.place(order(ALICE, Side.BUY)))[0], OrderAccepted)
        assert statuses(exchange, [long, lasting]) == [OrderStatus.NEW] * 2
        state = exchange.view.state_hash()
    total = await check_journal(journal)
    async with exchange_on(clock, journal) as again:
        assert again.view.sequence == total
        assert again.view.state_hash() == state


async def test_any_steps_at_all_keep_order(
    rng: random.Random, figure: Callable[[str], None]
) -> None:
    """Steps of up to a year either way, then one beyond all: an order expires exactly when it is due."""
    clock, journal, due, expired = FakeClock(), MemoryJournal(), dict[OrderId, int](), 0
    jumps = (-YEAR, -HOUR, -SECOND, 0, 1, SECOND, HOUR, HOUR, YEAR)
    async with exchange_on(clock, journal) as exchange:
        await fund(exchange)
        subscription = exchange.subscribe()
        for step in range(STEPS + 1):
            clock.at_ns = clock.at_ns + rng.choice(jumps) if step < STEPS else max(due.values())
            lives_ns = max(0, exchange.view.at_ns - clock.at_ns) + rng.choice((1, HOUR, 2 * YEAR))
            order_id = await rest(exchange, clock, lives_ns)
            due[order_id] = clock.at_ns + lives_ns
            async for batch in subscription:
                for event in batch.events:
                    if isinstance(event, OrderExpired):
                        assert due.pop(event.order_id) <= batch.at_ns
                        expired += 1
                if batch.sequence == order_id >> 8:
                    break
            assert min(due.values()) > batch.at_ns
    total = await check_journal(journal)
    assert expired
    figure(
        f"{STEPS} steps of the clock of up to a year either way, {total} commands without a gap, "
        f"{expired} orders expired when due and none before"
    )
