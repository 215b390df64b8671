"""Without a chain every fill is final at once, each once, in order."""

from __future__ import annotations

import asyncio

from hybrid_dex.model.commands import Command, ConfirmSettlement
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.settlement import MatchedFill, OrderTerms, SettlementStage
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    FeePpm,
    FillId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    TimestampNs,
)
from hybrid_dex.settlement.local import LocalSettlement


def fill(number: int) -> MatchedFill:
    def terms(side: Side) -> OrderTerms:
        return OrderTerms(
            OrderId(number),
            AccountId(side.name),
            side,
            Price(1),
            Quantity(1),
            post_only=False,
            time_in_force=TimeInForce.GTC,
            authorization=None,
        )

    return MatchedFill(
        FillId(number),
        TimestampNs(0),
        MarketId("ETH-USDC"),
        Price(1),
        Quantity(1),
        terms(Side.SELL),
        terms(Side.BUY),
        FeePpm(0),
        FeePpm(0),
        Amount(0),
        Amount(0),
    )


async def test_fills_that_wait_are_confirmed_together_and_once() -> None:
    settlement = LocalSettlement()
    assert not settlement.requires_signature
    await settlement.open([])
    updates = aiter(settlement.updates())
    await settlement.submit([fill(1), fill(2)])
    await settlement.submit([fill(3)])
    await settlement.submit([fill(1), fill(2)])
    first = await anext(updates)
    assert isinstance(first, ConfirmSettlement)
    assert first.fills == (1, 2, 3)
    assert first.stage is SettlementStage.FINAL
    await settlement.submit([fill(3)])
    await settlement.submit([fill(4)])
    second = await anext(updates)
    assert isinstance(second, ConfirmSettlement)
    assert (second.fills, second.batch) == ((4,), 2)
    await settlement.close()


async def test_one_confirmation_has_a_thousand_fills_at_most() -> None:
    settlement = LocalSettlement()
    await settlement.open([])
    await settlement.submit([fill(number) for number in range(1, 2_501)])
    sizes = []
    async for update in settlement.updates():
        assert isinstance(update, ConfirmSettlement)
        sizes.append(len(update.fills))
        if sum(sizes) == 2_500:
            await settlement.close()
    assert sizes == [1_000, 1_000, 500]


async def test_close_ends_the_updates_and_a_new_start_takes_everything_again() -> None:
    settlement = LocalSettlement()
    await settlement.open([])
    seen: list[Command] = []

    async def consume() -> None:
        async for update in settlement.updates():
            seen.append(update)

    task = asyncio.create_task(consume())
    await asyncio.sleep(0)
    await settlement.close()
    await settlement.close()
    await task
    assert seen == []
    await settlement.open([])
    await settlement.submit([fill(1)])
    update = await anext(aiter(settlement.updates()))
    assert isinstance(update, ConfirmSettlement)
    assert update.fills == (1,)
    await settlement.close()
