"""Killed at any step, settlement goes on from its store, and every trade settles once.

What is killed is a process, by SIGKILL, at a seeded visit of the step: see `settle_process`.
"""

from __future__ import annotations

import multiprocessing
import random
import signal
from functools import partial

import pytest

from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.settlement.batching import BatchLimits
from hybrid_dex.settlement.evm import EvmSettlement
from hybrid_dex.signing import LocalSigner
from tests.chain.harness import OPERATOR_KEY, Reader, Trader, World
from tests.chain.settle_process import Run, settle_and_die
from tests.tiers import count

ETH, USDC = 10**18, 10**6
STEPS = ("reserve", "sign", "persist", "broadcast", "receipt", "final")
ONE_TRADE = BatchLimits(orders=2)
"""Each trade in a batch of its own, so that every step is reached several times."""
SEEDS = range(count(fast=1, full=20))
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.chain.settle_process"])
"""Each process begins from one that has imported what takes a second to import."""


async def run_until_killed(
    world: World, groups: list[list[MatchedFill]], step: str, visits: int
) -> None:
    """Settle in another process until it dies at a step."""
    run = Run(
        options=world.options(limits=ONE_TRADE),
        markets=world.deployment.markets,
        groups=groups,
        step=step,
        visits=visits,
    )
    process = PROCESSES.Process(target=settle_and_die, args=(run,))
    process.start()
    try:
        await world.until(lambda: process.exitcode is not None)
        assert process.exitcode == -signal.SIGKILL
    finally:
        process.kill()
        process.join()
        process.close()


async def trades(
    world: World, rng: random.Random
) -> tuple[Trader, Trader, list[list[MatchedFill]]]:
    """A few trades between two accounts, each in a lane of its own or a later counter."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=3 * ETH)
    return (
        alice,
        bob,
        [
            world.trade(alice, bob, lots=rng.randrange(1, 50), lane=rng.randrange(3))
            for _ in range(rng.randrange(3, 6))
        ],
    )


@pytest.mark.parametrize("turn", SEEDS)
@pytest.mark.parametrize("step", STEPS)
async def test_each_trade_settles_once(world: World, step: str, turn: int, seed: int) -> None:
    """Killed at a step, resumed with everything not final, killed again, and resumed."""
    rng = random.Random(f"{seed} {step} {turn}")
    alice, _, groups = await trades(world, rng)
    operator = LocalSigner(OPERATOR_KEY).address
    before = int(world.anvil.rpc("eth_getTransactionCount", operator, "latest"), 16)
    await run_until_killed(world, groups, step, rng.randrange(1, 3))
    if turn % 2:
        await run_until_killed(world, groups, step, 1)
    settlement = world.settlement()
    await settlement.open(world.deployment.markets)
    reader = Reader(settlement)
    for fills in groups:
        await settlement.submit(fills)
    every = [fill for fills in groups for fill in fills]
    await world.until(lambda: reader.all_at(every, SettlementStage.FINAL))
    batches = settlement.health().batch
    await reader.stop()
    await settlement.close()
    lots = sum(fill.quantity for fill in every)
    bought = await alice.vault.balance(world.market.base)
    assert bought.balance == lots * world.market.lot_size
    paid = sum(world.market.notional(f.price, f.quantity) + f.taker_fee for f in every)
    assert (await alice.vault.balance(world.market.quote)).balance == 10_000 * USDC - paid
    assert not reader.failures
    after = int(world.anvil.rpc("eth_getTransactionCount", operator, "latest"), 16)
    assert after - before == batches, "a batch was tried twice"


async def test_a_lost_store_is_made_good_from_the_chain(world: World, rng: random.Random) -> None:
    """With the store gone, fills that settled are found on chain, and the rest settle."""
    alice, _, groups = await trades(world, rng)
    await run_until_killed(world, groups[:-1], "receipt", 1)
    for file in world.folder.glob("settlement.sqlite3*"):
        file.unlink()
    settlement = world.settlement()
    await settlement.open(world.deployment.markets)
    reader = Reader(settlement)
    for fills in groups:
        await settlement.submit(fills)
    every = [fill for fills in groups for fill in fills]
    await world.until(lambda: reader.all_at(every, SettlementStage.FINAL))
    await reader.stop()
    await settlement.close()
    lots = sum(fill.quantity for fill in every)
    assert (await alice.vault.balance(world.market.base)).balance == lots * world.market.lot_size


async def test_a_fill_that_no_batch_held_has_failed(world: World) -> None:
    """What comes after a batch spoke for its sequence fails, and says so."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    forgotten, settled = world.trade(alice, bob), world.trade(alice, bob)
    settlement = world.settlement()
    await settlement.open(world.deployment.markets)
    reader = Reader(settlement)
    await settlement.submit(settled)
    await world.until(lambda: reader.all_at(settled, SettlementStage.FINAL))
    await settlement.submit(forgotten)
    await world.until(lambda: reader.all_at(forgotten, SettlementStage.FAILED))
    await reader.stop()
    await settlement.close()


def looked(settlement: EvmSettlement) -> bool:
    """Whether it has read the chain."""
    return settlement.health().head_block > 0


async def test_a_final_fill_that_is_submitted_again_is_told_again(world: World) -> None:
    """An exchange that lost the last update hears it again, and nothing is sent."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    fills = world.trade(alice, bob)
    for _ in range(2):
        settlement = world.settlement()
        await settlement.open(world.deployment.markets)
        reader = Reader(settlement)
        await settlement.submit(fills)
        await world.until(partial(reader.all_at, fills, SettlementStage.FINAL))
        await world.until(partial(looked, settlement))
        assert settlement.health().batch == 1
        await reader.stop()
        await settlement.close()
