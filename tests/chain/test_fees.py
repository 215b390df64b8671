"""What is paid on a chain: never above the ceiling that counts, and in as few batches as there are."""

from __future__ import annotations

import attrs

from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.settlement.batching import BatchLimits
from hybrid_dex.settlement.chains import CHAINS, DataFee
from hybrid_dex.settlement.fees import FeePolicy
from hybrid_dex.signing import LocalSigner
from tests.chain.fault_proxy import FaultProxy
from tests.chain.harness import DELAYS, OPERATOR_KEY, Server, World

ETH, USDC, GWEI = 10**18, 10**6, 10**9
ORACLE = "0x420000000000000000000000000000000000000F"


def pass_on(*_: object) -> None:
    """No fault."""


def spent(world: World) -> int:
    """How many transactions the operator has on the chain."""
    operator = LocalSigner(OPERATOR_KEY).address
    return int(world.anvil.rpc("eth_getTransactionCount", operator, "latest"), 16)


async def test_above_the_ceiling_batches_wait_and_the_deadline_pays(world: World) -> None:
    """Fills gather, matching pauses, and only then the emergency ceiling counts, for one batch."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    before = spent(world)
    policy = FeePolicy(ceiling=20 * GWEI, emergency_ceiling=200 * GWEI)
    async with FaultProxy(world.anvil.url, pass_on) as node:
        settlement = world.settlement(rpc_urls=[node.url], fees=policy)
        async with Server(world, settlement) as server:
            await world.until(lambda: not settlement.pause_reason, mine=False)
            dear = hex(50 * GWEI)
            world.anvil.rpc("anvil_setNextBlockBaseFeePerGas", dear)
            world.anvil.mine()
            height = world.anvil.height()
            await world.until(lambda: settlement.health().head_block == height, mine=False)
            every = world.trade(alice, bob)
            await settlement.submit(every)
            await world.until(lambda: "ceiling" in settlement.health().error, mine=False)
            assert not settlement.pause_reason
            for share in (4, 8):
                fills = world.trade(alice, bob)
                every += fills
                await settlement.submit(fills)
                world.anvil.rpc("evm_increaseTime", DELAYS.window_max_s // share)
                world.anvil.rpc("anvil_setNextBlockBaseFeePerGas", dear)
                world.anvil.mine()
                await world.until(lambda: "oldest fill" in settlement.pause_reason, mine=False)
            assert not node.pool.offers
            assert settlement.health().queued == 3
            world.anvil.rpc("evm_increaseTime", DELAYS.window_max_s // 4)
            world.anvil.rpc("anvil_setNextBlockBaseFeePerGas", dear)
            world.anvil.mine()
            await world.until(lambda: server.reader.all_at(every, SettlementStage.FINAL))
            assert not settlement.pause_reason
    assert spent(world) - before == 1
    assert 20 * GWEI < max(offer.max_fee for offer in node.pool.offers) <= 200 * GWEI


async def test_a_rollups_data_fee_counts_against_the_ceiling(world: World) -> None:
    """A dear Ethereum makes a batch wait on an OP Stack chain, however cheap its own gas."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)

    def charge(wei: int) -> None:
        answer = f"7f{wei:064x}60005260206000f3"  # PUSH32, MSTORE, RETURN
        world.anvil.rpc("anvil_setCode", ORACLE, "0x" + answer)

    rollup = attrs.evolve(CHAINS["local"], data_fee=DataFee.OP_STACK)
    policy = FeePolicy(ceiling=20 * GWEI, emergency_ceiling=20 * GWEI)
    charge(10**18)
    async with Server(world, world.settlement(chain=rollup, fees=policy)) as server:
        fills = world.trade(alice, bob)
        await server.settlement.submit(fills)
        await world.until(lambda: "ceiling" in server.settlement.health().error, mine=False)
        charge(10**12)
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))


async def test_batches_that_wait_follow_each_other_block_by_block(world: World) -> None:
    """Six batches' worth at once: one transaction each, in order, and nothing waits for finality."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    before = spent(world)
    settlement = world.settlement(limits=BatchLimits(orders=2), confirmations=30)
    async with Server(world, settlement) as server:
        await world.until(lambda: not settlement.pause_reason, mine=False)
        groups = [world.trade(alice, bob, lane=lane) for lane in range(6)]
        for fills in groups:
            await settlement.submit(fills)
        every = [fill for fills in groups for fill in fills]
        await world.until(
            lambda: server.reader.all_at(every, SettlementStage.CONFIRMED), mine=False
        )
        assert settlement.health().batch == 6
        assert spent(world) - before == 6
        await world.until(lambda: server.reader.all_at(every, SettlementStage.FINAL))
