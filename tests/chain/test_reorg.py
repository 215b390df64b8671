"""Blocks that go away take their batches with them: those settle again, each trade once."""

from __future__ import annotations

import random
from functools import partial

import pytest
from web3 import Web3

from hybrid_dex.errors import SettlementError
from hybrid_dex.model.commands import ConfirmSettlement, Deposit, RequestWithdrawal
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.settlement.evm.node import Node
from hybrid_dex.settlement.health import SettlementState
from tests.chain.harness import Server, World
from tests.tiers import count

ETH, USDC = 10**18, 10**6
DEPTHS = range(1, 1 + count(fast=5, full=12))


def reorganise(world: World, depth: int) -> None:
    """Replace the newest blocks by as many empty ones and one more; no transaction comes back."""
    world.anvil.rpc("anvil_reorg", depth, [])
    world.anvil.mine()


@pytest.mark.parametrize("depth", DEPTHS)
async def test_batches_in_lost_blocks_settle_again(
    world: World, depth: int, rng: random.Random
) -> None:
    """The stage steps back to submitted, and every trade is final once in the end."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=3 * ETH)
    world.anvil.mine(depth + 1)
    async with Server(world, world.settlement(confirmations=depth + 8)) as server:
        every = []
        for _ in range(min(depth, 3)):
            fills = world.trade(alice, bob, lots=rng.randrange(1, 90))
            every += fills
            await server.settlement.submit(fills)
            await world.until(
                partial(server.reader.all_at, fills, SettlementStage.CONFIRMED),
                mine=False,
            )
        world.anvil.mine(depth - min(depth, 3))
        await world.until(
            lambda: server.settlement.health().head_block >= world.anvil.height(), mine=False
        )
        reorganise(world, depth)
        await world.until(lambda: server.reader.all_at(every, SettlementStage.FINAL))
        stages = [
            command.stage
            for command in server.reader.commands
            if isinstance(command, ConfirmSettlement) and every[0].fill_id in command.fills
        ]
    assert stages == [
        SettlementStage.SUBMITTED,
        SettlementStage.CONFIRMED,
        SettlementStage.SUBMITTED,
        SettlementStage.CONFIRMED,
        SettlementStage.FINAL,
    ]
    lots = sum(fill.quantity for fill in every)
    assert (await alice.vault.balance(world.market.base)).balance == lots * world.market.lot_size


async def test_another_outcome_of_a_batch_is_built_on(world: World) -> None:
    """A deposit that is lost makes a fill fail after all; the batch behind it is built anew."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    world.anvil.mine(3)
    late = await world.trader(3)
    async with Server(world, world.settlement(confirmations=8)) as server:
        await world.until(lambda: server.settlement.health().head_block > 0, mine=False)
        start = world.anvil.height()
        await world.trader(3, base=ETH)  # mint, approve, deposit: three blocks
        sell = world.terms(late, Side.SELL, 250_000, 10)
        risky = world.match(world.terms(alice, Side.BUY, 250_000, 10), (sell, 10))
        sound = world.trade(alice, bob)
        for fills in (risky, sound):
            await server.settlement.submit(fills)
            await world.until(
                partial(server.reader.all_at, fills, SettlementStage.CONFIRMED),
                mine=False,
            )
        reorganise(world, world.anvil.height() - start)
        await world.until(lambda: server.reader.all_at(sound, SettlementStage.FINAL))
        await world.until(lambda: server.reader.all_at(risky, SettlementStage.FAILED))
        assert not [
            c
            for c in server.reader.of(Deposit)
            if isinstance(c, Deposit) and c.account == late.account
        ]


async def test_a_request_that_is_lost_gives_the_amount_back(world: World) -> None:
    """The engine is told zero when the request's block is gone and it did not come again."""
    alice = await world.trader(1, quote=100 * USDC)
    world.anvil.mine(4)
    async with Server(world, world.settlement(confirmations=8)) as server:
        await alice.vault.request_withdrawal(world.market.quote, 40 * USDC)
        await world.until(lambda: len(server.reader.of(RequestWithdrawal)) == 1, mine=False)
        reorganise(world, 1)
        await world.until(lambda: len(server.reader.of(RequestWithdrawal)) == 2)
        last = server.reader.of(RequestWithdrawal)[-1]
        assert isinstance(last, RequestWithdrawal)
        assert last.amount == 0


async def test_a_reorganisation_below_finality_raises_an_alarm(world: World) -> None:
    """Nothing is concluded any more: the worker stops, and health says what to do."""
    await world.trader(1, quote=100 * USDC)  # an empty block would come again as it was
    world.anvil.mine(5)
    async with Server(world, world.settlement(confirmations=2)) as server:
        height = world.anvil.height()
        await world.until(lambda: server.settlement.health().head_block >= height, mine=False)
        world.anvil.rpc("anvil_reorg", 8, [])
        world.anvil.mine()
        await world.until(lambda: server.settlement.health().state is SettlementState.HALTED)
        health = server.settlement.health()
        assert "was final" in health.alarm
        assert health.lagging


async def test_a_block_that_is_gone_has_no_logs_to_give(world: World) -> None:
    """Asked by hash, a node that changed its mind refuses; by number it would tell of a rival."""
    await world.trader(1, quote=100 * USDC)
    node = Node(world.options(attempts=1))
    address = Web3.to_checksum_address(world.deployment.contract)
    header = await node.header("latest")
    assert header is not None
    found = header.block.hash
    assert len(await node.block_logs(address, found)) == 1
    assert len(await node.receipt_logs(address, found)) == 1
    reorganise(world, 1)
    for logs in (node.block_logs, node.receipt_logs):
        with pytest.raises(SettlementError):
            await logs(address, found)
    await node.close()
