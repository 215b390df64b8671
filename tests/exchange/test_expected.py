"""However many orders arrive at once, no more is matched than capacity and one command's fills."""

import asyncio
import gc
import random
from collections.abc import Awaitable, Callable

import pytest

from hybrid_dex.exchange import Exchange
from hybrid_dex.exchange.expected import Expected
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.interfaces.settlement import Capacity
from hybrid_dex.model.commands import PlaceOrder, ReplaceOrder
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason as Reason
from hybrid_dex.model.units import TimestampNs
from hybrid_dex.settlement.local import LocalSettlement
from tests.exchange_fixtures import ALICE, BOB, MARKET, FakeClock, FaultyJournal, fund, order

FILLS = 10
DEPTH = 7
"""The most that one order meets in these tests, so the bound of one command."""


class Stuck(LocalSettlement):
    """Has room for ten fills, and settles none."""

    @property
    def capacity(self) -> Capacity:
        return Capacity(fills=FILLS, interval_ns=0)

    async def submit(self, *_: object) -> None:
        """Leave them waiting."""


def unsettled(exchange: Exchange) -> int:
    return len(list(exchange.view.unsettled()))


async def stocked(exchange: Exchange, rows: int = 40) -> None:
    """Bob sells a lot at each of many prices; nothing of it matches."""
    await fund(exchange)
    await exchange.place_many([order(BOB, Side.SELL, 1_000 + row, 1) for row in range(rows)])


def takers(many: int, deep: int = DEPTH) -> list[PlaceOrder]:
    return [order(ALICE, Side.BUY, 2_000, deep) for _ in range(many)]


async def test_a_burst_of_single_orders_stops_at_the_capacity() -> None:
    """A hundred at once: each that enters may still meet seven, so two enter."""
    async with Exchange([MARKET], settlement=Stuck(), clock=FakeClock()) as exchange:
        await stocked(exchange)
        answers = await asyncio.gather(*(exchange.place(one) for one in takers(100)))
        assert [type(one).__name__ for one in answers] == ["EventBatch"] * 2 + ["Refusal"] * 98
        assert {one.reason for one in answers[2:]} == {Reason.SETTLEMENT_BACKLOG}
        assert unsettled(exchange) == 2 * DEPTH <= FILLS + DEPTH - 1
        assert "can make 14" in answers[-1].detail


async def test_within_one_batch_each_order_is_asked_about() -> None:
    """An order that could meet nobody costs nothing, though it stands among those that could."""
    async with Exchange([MARKET], settlement=Stuck(), clock=FakeClock()) as exchange:
        await stocked(exchange)
        idle = [order(ALICE, Side.BUY, 1, 1) for _ in range(50)]
        answers = await exchange.place_many([*idle, *takers(100, deep=1)])
        entered = [isinstance(one, EventBatch) for one in answers]
        assert entered == [True] * 60 + [False] * 90
        assert unsettled(exchange) == FILLS


async def test_a_burst_of_ladders_stops_at_the_capacity() -> None:
    """Each rung counts, and a ladder that could meet nobody costs nothing."""
    async with Exchange([MARKET], settlement=Stuck(), clock=FakeClock()) as exchange:
        await stocked(exchange)
        idle = [[order(ALICE, Side.BUY, 1, 1)] * 8] * 10
        answers = await exchange.place_ladders([*idle, *[takers(2, deep=2)] * 20])
        entered = [isinstance(one, EventBatch) for one in answers]
        assert entered == [True] * 13 + [False] * 17
        assert {one.reason for one in answers[13:]} == {Reason.SETTLEMENT_BACKLOG}
        assert unsettled(exchange) == 12 <= FILLS + 4 - 1


async def test_a_ladder_that_is_late_fails_once() -> None:
    """However many rungs count in the pace: nobody is left with a failure that he never looks at."""
    stray: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: stray.append(context))
    async with Exchange([MARKET], settlement=Stuck(), clock=FakeClock()) as exchange:
        await stocked(exchange)
        (late,) = await exchange.place_ladders([takers(8, deep=1)], not_after_ns=[TimestampNs(1)])
        assert isinstance(late, Refusal)
        assert late.reason is Reason.RECEIVE_WINDOW
        assert isinstance(await exchange.place(order(ALICE, Side.BUY, 2_000, 1)), EventBatch)
    gc.collect()
    await asyncio.sleep(0)
    assert stray == []


async def test_rungs_of_one_ladder_may_meet_what_the_ladder_before_brings() -> None:
    """Though nothing of it rests yet."""
    async with Exchange([MARKET], settlement=Stuck(), clock=FakeClock()) as exchange:
        await fund(exchange)
        asks = [[order(BOB, Side.SELL, 1_000, 1) for _ in range(8)] for _ in range(3)]
        bids = [[order(ALICE, Side.BUY, 1_000, 3) for _ in range(2)] for _ in range(4)]
        answers = await exchange.place_ladders([*asks, *bids])
        assert [isinstance(one, EventBatch) for one in answers] == [True] * 5 + [False] * 2
        assert unsettled(exchange) == 12


async def test_orders_that_only_wait_for_the_journal_count_as_makers() -> None:
    """The book is empty, and stays it until all were asked about."""
    async with Exchange([MARKET], settlement=Stuck(), clock=FakeClock()) as exchange:
        await fund(exchange)
        asks = [order(BOB, Side.SELL, 1_000, 1) for _ in range(30)]
        answers = await exchange.place_many(
            [*asks, *(order(ALICE, Side.BUY, 1_000, 9) for _ in range(5))]
        )
        assert [isinstance(one, EventBatch) for one in answers[30:]] == [True, True] + [False] * 3
        assert unsettled(exchange) == 18 <= FILLS + 9 - 1


async def test_who_gives_up_waiting_takes_nothing_out_of_the_count() -> None:
    """The command is still applied, so it still counts until then."""
    journal, gate = FaultyJournal(), asyncio.Event()

    async def wait(append: Callable[[], Awaitable[int]]) -> int:
        await gate.wait()
        return await append()

    clock = FakeClock()
    async with Exchange([MARKET], journal=journal, settlement=Stuck(), clock=clock) as exchange:
        await stocked(exchange)
        journal.steps = [wait] * 30
        for one in takers(20):
            task = asyncio.ensure_future(exchange.place(one))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        gate.set()
        await exchange.cancel_all(ALICE)
        assert unsettled(exchange) == 2 * DEPTH


async def test_any_burst_stays_within_the_bound(seed: int) -> None:
    """Places, batches, replacements and cancels of both sides at once, many times."""
    for number in range(6):
        rng = random.Random(f"{seed}:{number}")
        async with Exchange([MARKET], settlement=Stuck(), clock=FakeClock()) as exchange:
            await fund(exchange)
            await exchange.deposit(ALICE, MARKET.base.id, 10**30)
            await exchange.deposit(BOB, MARKET.quote.id, 10**30)
            for _ in range(8):
                await asyncio.gather(*(_anything(exchange, rng) for _ in range(40)))
                assert unsettled(exchange) <= FILLS + DEPTH - 1, (seed, number)
            assert unsettled(exchange) > 0


async def _anything(exchange: Exchange, rng: random.Random) -> None:
    account, side = rng.choice([(ALICE, Side.BUY), (BOB, Side.SELL)])
    if rng.random() < 0.1:
        account, side = (BOB, Side.BUY) if account == ALICE else (ALICE, Side.SELL)
    one = order(account, side, rng.randrange(1_000, 1_006), rng.randrange(1, DEPTH + 1))
    choice = rng.random()
    if choice < 0.5:
        await exchange.place(one)
    elif choice < 0.7:
        await exchange.place_many([one] * rng.randrange(1, 6))
    elif choice < 0.9:
        resting = [row.order_id for row in exchange.view.open_orders(account)]
        newest = [(exchange.view.sequence + 1) << 8]
        await exchange.replace(
            rng.choice(resting or newest),
            ReplaceOrder(account=account, order_id=0, price=one.price, quantity=one.quantity),
        )
    else:
        await exchange.cancel_all(account)


@pytest.mark.parametrize(
    ("terms", "fills"),
    [
        ({}, 3),
        ({"quantity": 2}, 2),
        ({"price": 1_001}, 2),
        ({"price": 999}, 0),
        ({"side": Side.SELL}, 0),
        ({"post_only": True}, 0),
        ({"quantity": 0}, 0),
        ({"quantity": -5}, 0),
        ({"market": "NO-SUCH"}, 0),
        ({"time_in_force": TimeInForce.IOC}, 3),
    ],
)
async def test_an_order_counts_with_whom_it_can_meet(terms: dict[str, object], fills: int) -> None:
    """And counts no more once it is answered."""
    async with Exchange([MARKET]) as exchange:
        await stocked(exchange, rows=3)
        parts: dict[str, object] = {
            "account": ALICE,
            "market": MARKET.id,
            "side": Side.BUY,
            "price": 2_000,
            "quantity": 50,
        }
        expected = Expected()
        answer: asyncio.Future[EventBatch] = asyncio.get_running_loop().create_future()
        outer = expected.watch(PlaceOrder(**(parts | terms)), answer, exchange.view)
        assert expected.fills == fills
        answer.set_result(EventBatch(1, 1, ()))
        await outer
        assert expected.fills == 0


async def test_a_replacement_of_an_order_nobody_knows_counts_whole() -> None:
    """Its side is not known yet; whoever comes after it may meet it, too."""
    async with Exchange([MARKET]) as exchange:
        expected, loop = Expected(), asyncio.get_running_loop()
        unknown = ReplaceOrder(account=ALICE, order_id=77, price=5, quantity=4)
        answers = [loop.create_future() for _ in range(3)]
        expected.watch(unknown, answers[0], exchange.view)
        assert expected.fills == 4
        expected.watch(order(BOB, Side.SELL, 9, 8), answers[1], exchange.view)
        assert expected.fills == 4 + 1
        expected.watch(order(ALICE, Side.BUY, 9, 8), answers[2], exchange.view)
        assert expected.fills == 4 + 1 + 2
        for answer in answers:
            answer.set_result(EventBatch(1, 1, ()))
        await asyncio.sleep(0)
        assert expected.fills == 0
