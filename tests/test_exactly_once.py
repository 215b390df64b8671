"""An order is entered exactly once, however often and however it is sent under its client order id.

Fifty callers at once, by themselves and in batches, with replies that get lost, with a journal that
answers too late or not at all, and again after a restart from disk. Whoever asks gets the same
answer; the engine has one order, and one fill where it traded.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.errors import AmbiguousAppendError, HybridDexError, UnavailableError
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.interfaces.journal import Journal
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.events import EventBatch, FillMade, OrderAccepted
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import Amount
from tests.exchange_fixtures import (
    ALICE,
    BOB,
    ETH,
    MARKET,
    USDC,
    FaultyJournal,
    failing,
    lost_answer,
    order,
)
from tests.tiers import count

SUBMITS = 50
ROUNDS = count(fast=20, full=200)
RESTARTS = count(fast=3, full=50)
PATIENT = ExchangeOptions(retry_s=0.001, append_attempts=3)


def make(journal: Journal, snapshots: FileSnapshots | None = None) -> Exchange:
    limits = RiskLimits(order_notional=None, open_orders=None, daily_volume=None)
    return Exchange(
        [MARKET],
        journal=journal,
        snapshots=snapshots,
        risk=StandardRisk(limits),
        options=PATIENT,
    )


async def fund(exchange: Exchange) -> None:
    await exchange.deposit(ALICE, USDC, Amount(10**30))
    await exchange.deposit(BOB, ETH, Amount(10**30))


async def offer(exchange: Exchange, number: int) -> PlaceOrder:
    """Put half of it on offer, so that entering twice would fill twice; return the bid for it."""
    price = 250_000 + number  # above all bids before
    await exchange.place(order(BOB, Side.SELL, price, quantity=50))
    return order(ALICE, Side.BUY, price, name=f"n{number}")


async def submit(exchange: Exchange, bid: PlaceOrder, how: int) -> EventBatch:
    """Send the order alone, or as a member of one batch or another; return its answer."""
    if how % 3 == 0:
        answer = await exchange.place(bid)
    else:
        (answer,) = await exchange.place_batch(ALICE, [bid], all_or_none=how % 3 == 1)
    assert not isinstance(answer, Refusal)
    return answer


def only_order(exchange: Exchange, name: str, answers: list[EventBatch]) -> None:
    """All answers are one answer, of one order that traded once and rests once."""
    firsts = {answer.events for answer in answers}
    assert len(firsts) == 1
    (events,) = firsts
    accepted = [event for event in events if isinstance(event, OrderAccepted)]
    assert len(accepted) == 1
    found = exchange.view.order_by_client_id(ALICE, name)
    assert found is not None
    assert found.order_id == accepted[0].order_id
    assert (found.filled, found.open) == (50, 50)
    assert sum(isinstance(event, FillMade) for event in events) == 1


def all_orders(exchange: Exchange) -> int:
    return exchange.view.open_order_count(ALICE)


async def test_fifty_submits_at_once_are_one_order(figure: Callable[[str], None]) -> None:
    """Each caller gets the answer of the first, whether it came alone or in a batch."""
    async with make(MemoryJournal()) as exchange:
        await fund(exchange)
        for number in range(ROUNDS):
            bid = await offer(exchange, number)
            answers = await asyncio.gather(*(submit(exchange, bid, how) for how in range(SUBMITS)))
            only_order(exchange, f"n{number}", answers)
            assert all_orders(exchange) == number + 1
    figure(f"{ROUNDS} orders submitted {SUBMITS} times at once, alone and in batches: 1 order each")


@pytest.mark.parametrize(
    "fault",
    [
        lost_answer(AmbiguousAppendError("timeout")),
        failing(AmbiguousAppendError("timeout")),
        failing(UnavailableError("no disk")),
    ],
    ids=["written and not told", "not written and not told", "refused"],
)
async def test_a_submit_whose_reply_is_lost_is_sent_again(
    fault: Callable[..., object], figure: Callable[[str], None]
) -> None:
    """The journal fails in the middle, half of the callers give up, all of them ask again."""
    journal = FaultyJournal()
    async with make(journal) as exchange:
        await fund(exchange)
        for number in range(ROUNDS):
            bid = await offer(exchange, number)
            journal.steps = [fault]
            first = [asyncio.ensure_future(submit(exchange, bid, how)) for how in range(SUBMITS)]
            await asyncio.sleep(0)
            for task in first[::2]:
                task.cancel()
            told = await asyncio.gather(*first, return_exceptions=True)
            assert any(isinstance(one, BaseException) for one in told)
            answers = await asyncio.gather(*(submit(exchange, bid, how) for how in range(SUBMITS)))
            answers += [one for one in told if isinstance(one, EventBatch)]
            only_order(exchange, f"n{number}", answers)
            assert all_orders(exchange) == number + 1
    figure(f"{ROUNDS} orders whose first reply was lost, sent {2 * SUBMITS} times: 1 order each")


async def test_a_submit_is_sent_again_after_a_restart(
    tmp_path: Path, rng: random.Random, figure: Callable[[str], None]
) -> None:
    """From disk, with a snapshot or without; what was sent before the end counts, done or not."""
    answered: list[tuple[PlaceOrder, EventBatch]] = []
    for number in range(RESTARTS):
        snapshots = FileSnapshots(tmp_path / "snapshots") if number % 2 else None
        async with make(FileJournal(tmp_path / "journal"), snapshots) as exchange:
            if not number:
                await fund(exchange)
            for before, answer in answered:
                assert (await submit(exchange, before, number)).events == answer.events
            bid = await offer(exchange, number)
            tasks = [asyncio.ensure_future(submit(exchange, bid, how)) for how in range(SUBMITS)]
            for _ in range(rng.randrange(4)):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError, HybridDexError):
                await tasks[0]
        async with make(FileJournal(tmp_path / "journal"), snapshots) as exchange:
            answers = await asyncio.gather(*(submit(exchange, bid, how) for how in range(SUBMITS)))
            only_order(exchange, f"n{number}", answers)
            assert all_orders(exchange) == number + 1
            answered.append((bid, answers[0]))
    figure(f"{RESTARTS} orders cut off by a restart and sent again {SUBMITS} times: 1 order each")
