"""Intake follows what settlement can take: free at first, then paced, then none until blocks come."""

import pytest

from hybrid_dex.exchange import Exchange
from hybrid_dex.exchange.pace import Pace
from hybrid_dex.interfaces.settlement import Capacity
from hybrid_dex.model.events import Event, FillMade, FillSettled
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason as Reason
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.settlement.local import LocalSettlement
from tests.exchange_fixtures import ALICE, BOB, MARKET, FakeClock, events_of, fund, order

SECOND = 10**9
TEN = Capacity(fills=10, interval_ns=2 * SECOND)


def made(number: int) -> FillMade:
    return FillMade(number, MARKET.id, 1, 1, Side.BUY, 256, 512, BOB, ALICE, 0, 0, 1, 1, 0, 0)


def reached(number: int, stage: SettlementStage) -> FillSettled:
    return FillSettled(number, MARKET.id, BOB, ALICE, 256, 512, stage, 1, "", 0)


def paced(fills: int) -> tuple[Pace, FakeClock]:
    clock = FakeClock()
    pace = Pace(lambda: TEN, clock)
    for number in range(fills):
        pace.note(made(number))
    return pace, clock


@pytest.mark.parametrize(
    ("fills", "reason"),
    [
        (0, ""),
        (5, ""),
        (6, "6 fills wait for a block; matching goes on in 2000 ms"),
        (8, "8 fills wait for a block; matching goes on in 6000 ms"),
        (10, "10 fills wait for a block, as many as can settle in time"),
    ],
)
def test_from_half_of_the_capacity_on_each_fill_has_its_turn(fills: int, reason: str) -> None:
    """At all of it nothing is matched, whatever time passes."""
    pace, clock = paced(fills)
    assert pace.pause_reason == reason
    clock.at_ns += 3_600 * SECOND
    assert bool(pace.pause_reason) is (fills >= 10)


def test_a_turn_ends_to_the_nanosecond() -> None:
    """And the next fill's begins where it is made, not where the last one ended."""
    pace, clock = paced(6)
    clock.at_ns += 2 * SECOND - 1
    assert pace.pause_reason.endswith("in 1 ms")
    clock.at_ns += 1
    assert pace.pause_reason == ""
    clock.at_ns += 100 * SECOND
    pace.note(made(6))
    assert pace.pause_reason.endswith("in 2000 ms")


def test_only_what_is_in_no_block_counts() -> None:
    """In a block, final, failed: gone; out of the block again: back, and counted once."""
    pace, _ = paced(10)
    events: list[tuple[Event, int]] = [
        (reached(0, SettlementStage.SUBMITTED), 10),
        (reached(0, SettlementStage.CONFIRMED), 9),
        (reached(0, SettlementStage.SUBMITTED), 10),
        (reached(0, SettlementStage.CONFIRMED), 9),
        (reached(0, SettlementStage.FINAL), 9),
        (reached(1, SettlementStage.FAILED), 8),
    ]
    for event, waiting in events:
        pace.note(event)
        assert pace.waiting == waiting


def test_without_a_capacity_nothing_is_held_back() -> None:
    """An exchange without a chain."""
    pace = Pace(lambda: None, FakeClock())
    for number in range(1_000):
        pace.note(made(number))
    assert pace.pause_reason == ""


class Slow(LocalSettlement):
    """Takes four fills, and settles none."""

    @property
    def capacity(self) -> Capacity:
        return Capacity(fills=4, interval_ns=SECOND)

    async def submit(self, *_: object) -> None:
        """Leave them waiting."""


async def test_an_exchange_paces_its_orders_and_remembers_what_waits() -> None:
    """A burst ends at the capacity, not at the age of the oldest; a cancel is always served."""
    clock = FakeClock()
    async with Exchange([MARKET], settlement=Slow(), clock=clock) as exchange:
        await fund(exchange)
        resting = await exchange.place(order(BOB, Side.SELL, quantity=100))
        answers = []
        for _ in range(6):
            answers.append(await exchange.place(order(ALICE, Side.BUY, quantity=1)))
            clock.at_ns += SECOND
        assert [type(answer).__name__ for answer in answers] == ["EventBatch"] * 4 + ["Refusal"] * 2
        assert answers[-1].reason is Reason.SETTLEMENT_BACKLOG
        assert not exchange.health().settlement_ok
        await exchange.cancel(BOB, events_of(resting)[0].order_id)
        again = Pace(lambda: TEN, clock)
        again.resume(exchange.view)
        assert again.waiting == 4
