"""Nothing a trader does on chain after the match undoes it before it had the time to settle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from hybrid_dex.model.commands import RequestWithdrawal, RevokeLane
from hybrid_dex.model.settlement import SettlementStage
from tests.chain.harness import DELAYS, Server, Trader, World

ETH, USDC = 10**18, 10**6
Attack = Callable[[Trader, World], Awaitable[object]]

ATTACKS: dict[str, Attack] = {
    "withdrawal": lambda bob, world: bob.vault.request_withdrawal(world.market.base, ETH),
    "exit": lambda bob, world: bob.vault.exit(world.market.base, world.market.quote),
    "lane": lambda bob, world: bob.vault.cancel_lane(1, (1 << 40) - 1 << 24),
    "floor": lambda bob, world: bob.vault.cancel_up_to(world.market.quote, 1_000),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_match_before_an_attack_settles(world: World, attack: str) -> None:
    """The request is on chain before the batch is, and even a heartbeat does not cover it yet."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    fills = world.trade(alice, bob, lots=10_000)
    await ATTACKS[attack](bob, world)
    async with Server(world, world.settlement()) as server:
        told = (RequestWithdrawal, RevokeLane) if attack != "floor" else ()
        await world.until(
            lambda: not told or bool([c for c in server.reader.commands if isinstance(c, told)]),
            mine=False,
        )
        await server.settlement.submit(fills)
        await world.until(partial(server.reader.all_at, fills, SettlementStage.FINAL))
        assert not server.reader.failures
    assert (await alice.vault.balance(world.market.base)).balance == 10_000 * world.market.lot_size


async def test_after_the_request_is_covered_a_late_match_fails(world: World) -> None:
    """What an engine matched in spite of a covered withdrawal is skipped, for want of funds."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    await bob.vault.request_withdrawal(world.market.base, ETH)
    async with Server(world, world.settlement()) as server:
        world.anvil.rpc("evm_increaseTime", DELAYS.watch_lag_s + 10)
        world.anvil.mine()
        await world.until(lambda: server.settlement.health().batch > 0)
        fills = world.trade(alice, bob, lots=10_000)
        await server.settlement.submit(fills)
        await world.until(partial(server.reader.all_at, fills, SettlementStage.FAILED))
        assert server.reader.failures[fills[0].fill_id].culprit == fills[0].maker.order_id


async def test_no_batch_covers_a_request_that_the_engine_was_not_told_of(world: World) -> None:
    """While nobody takes the update, time passes and batches settle, but the request waits."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    await bob.vault.request_withdrawal(world.market.base, ETH)
    settlement = world.settlement()
    await settlement.open(world.deployment.markets)
    await world.until(lambda: settlement.health().undelivered > 0, mine=False)
    world.anvil.rpc("evm_increaseTime", DELAYS.watch_lag_s + 10)
    world.anvil.mine()
    for count in (1, 2):
        await settlement.submit(world.trade(alice, bob, lots=10))
        await world.until(lambda least=count: settlement.health().batch >= least)  # type: ignore[misc]
    pending = await bob.vault.pending_withdrawal(world.market.base)
    assert pending is not None
    assert not pending.effective
    await settlement.close()
