"""Records against the engine: over histories of every kind of command they say of each order what it says."""

import random
from collections.abc import AsyncIterator

import pytest

from hybrid_dex.defaults.sql_records import SqlRecords
from hybrid_dex.model.commands import PlaceLinked
from hybrid_dex.model.events import EventBatch, OrderAccepted, fresh_events
from hybrid_dex.model.order import OrderStatus, OrderType
from hybrid_dex.model.units import OrderId, Sequence, TimestampNs, order_id
from hybrid_dex.model.views import OrderView
from tests.engine.driver import BUY, SELL, Driver
from tests.engine.test_against_naive import make_engine
from tests.engine.test_links import bracket, leg, ready
from tests.reference.histories import ACCOUNTS, history
from tests.reference.naive import Naive
from tests.tiers import count

HISTORIES = count(fast=10, full=200)
LENGTH = 200
LIVE = {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED}
TOLD = set(OrderView.__struct_fields__)


@pytest.fixture
async def records() -> AsyncIterator[SqlRecords]:
    opened = SqlRecords("sqlite://")
    await opened.open()
    yield opened
    await opened.close()


def differing(found: OrderView, shown: OrderView) -> list[str]:
    """Return the fields that differ, beside what is not kept of a live order, or told of one's end."""
    names = TOLD - {"asleep" if shown.status in LIVE else "linked_to"}
    return [name for name in sorted(names) if getattr(found, name) != getattr(shown, name)]


async def test_orders_and_funds_are_the_engines_over_random_histories(
    seed: int, records: SqlRecords
) -> None:
    """Every order as the engine last showed it, and what everybody owns, a few commands a call."""
    for number in range(HISTORIES):
        rng = random.Random(f"{seed}:{number}")
        engine, naive = make_engine(), Naive()
        shown: dict[OrderId, OrderView] = {}
        waiting: list[EventBatch] = []
        await records.reset()
        for command in history(rng.randrange, LENGTH, naive):
            naive.apply(command)
            waiting.append(EventBatch(command.sequence, command.at_ns, engine.apply(command)))
            accepted = (one for one in fresh_events(waiting[-1]) if isinstance(one, OrderAccepted))
            for one in (*shown, *(event.order_id for event in accepted)):
                order = engine.order(one)
                if order is not None:
                    shown[one] = order
            if len(waiting) == 20 or command.sequence == LENGTH:
                await records.project(waiting)
                waiting = []
                for one, order in shown.items():
                    found = await records.order(one)
                    assert found is not None
                    assert differing(found, order) == [], (number, found, order)
        for account in ACCOUNTS:
            for owned in await records.owned(account):
                balance = engine.balance(account, owned.asset)
                assert owned.trading == balance.available + balance.held, (number, owned)
                assert owned.withdrawing == balance.withdrawing
                assert owned.vouchers == balance.vouchers


async def test_an_exit_of_which_the_rest_slept_is_filled(records: SqlRecords) -> None:
    """All of it that was alive was taken: no other event tells that it is done."""
    driver = Driver()
    driver.fund("alice", "bob")
    before = driver.engine.sequence
    commands = [bracket(), leg(SELL, account="bob", quantity=2, price=100), leg(BUY, account="bob")]
    batches = [EventBatch(Sequence(number), TimestampNs(0), ()) for number in range(1, before + 1)]
    for number, command in enumerate(commands, before + 1):
        batches.append(EventBatch(Sequence(number), TimestampNs(0), driver.do(command)))
    await records.project(batches)
    take_profit = order_id(before + 1, 1)
    found, shown = await records.order(take_profit), driver.engine.order(take_profit)
    assert found is not None
    assert shown is not None
    assert (found.status, found.filled, found.open) == (OrderStatus.FILLED, 2, 0)
    assert differing(found, shown) == []


async def test_a_triggered_exit_is_linked_to_nothing(records: SqlRecords) -> None:
    """It goes on alone, as the engine shows it."""
    driver = ready()
    before = driver.engine.sequence
    stop = {"order_type": OrderType.STOP_LIMIT, "trigger_price": 90, "price": 95}
    pair = PlaceLinked(take_profit=leg(SELL), stop=leg(SELL, **stop))
    commands = [pair, leg(BUY, account="bob", price=90), leg(SELL, account="carol", price=90)]
    batches = [EventBatch(Sequence(number), TimestampNs(0), ()) for number in range(1, before + 1)]
    for number, command in enumerate(commands, before + 1):
        batches.append(EventBatch(Sequence(number), TimestampNs(0), driver.do(command)))
    await records.project(batches)
    found = await records.order(order_id(before + 1, 1))
    assert found is not None
    assert (found.status, found.waiting, found.linked_to) == (OrderStatus.NEW, False, None)
