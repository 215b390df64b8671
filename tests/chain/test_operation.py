"""An operator sees every transaction with what it cost, pauses the sending, and offers more."""

from __future__ import annotations

from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.settlement.operation import OperatedSettlement
from hybrid_dex.settlement.transaction_state import TransactionState
from tests.chain.harness import Server, World
from tests.chain.test_fees import spent

ETH, USDC = 10**18, 10**6


async def test_nothing_is_sent_while_paused_and_all_of_it_afterwards(world: World) -> None:
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=3 * ETH)
    settlement = world.settlement()
    assert isinstance(settlement, OperatedSettlement)
    operation = settlement.operation
    operation.pause("by hand")
    before = spent(world)
    async with Server(world, settlement) as server:
        fills = world.trade(alice, bob)
        await settlement.submit(fills)
        height = world.anvil.height() + 5
        await world.until(lambda: settlement.health().head_block >= height)
        assert (spent(world), operation.batches(), operation.paused) == (before, (), "by hand")
        assert not settlement.pause_reason
        operation.resume()
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))
        assert (operation.final_batch, operation.batches()) == (1, ())
        sent = next(c.transaction for c in server.reader.commands if hasattr(c, "transaction"))
        cost = await operation.inclusion(sent)
        assert cost is not None
        assert (cost.succeeded, cost.block > height - 5) == (True, True)
        assert 21_000 < cost.gas_used < 1_000_000
        assert cost.gas_price_wei > 0
        assert await operation.inclusion("0x" + "11" * 32) is None
        assert not operation.resend(1)  # it is in a block
    assert operation.batches() == ()
    assert not operation.bump(1)


async def test_a_batch_that_waits_is_offered_for_more(world: World) -> None:
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=3 * ETH)
    settlement = world.settlement(bump_after_s=3_600.0)
    async with Server(world, settlement) as server:
        await world.until(lambda: not settlement.pause_reason)
        world.anvil.rpc("evm_setAutomine", False)
        try:
            fills = world.trade(alice, bob)
            await settlement.submit(fills)
            operation = settlement.operation

            def offers() -> list[int]:
                return [
                    one.max_fee_wei
                    for batch in operation.batches()
                    for one in batch.transactions
                    if one.state is TransactionState.BROADCAST
                ]

            await world.until(lambda: len(offers()) == 1, mine=False)
            assert operation.batches()[0].fills == len(fills)
            assert operation.resend(1)
            assert operation.bump(1)
            await world.until(lambda: len(offers()) == 2, mine=False)
            assert offers()[1] > offers()[0]
            assert not operation.bump(2)
        finally:
            world.anvil.rpc("evm_setAutomine", True)
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))
