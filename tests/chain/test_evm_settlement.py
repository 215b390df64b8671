"""Fills settle on a real chain through the real contract, and what came of them is told once."""

from __future__ import annotations

from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import SettlementStage
from tests.chain.attackers import by_hand, crowd
from tests.chain.harness import Server, World

ETH, USDC = 10**18, 10**6


async def test_a_trade_settles_and_every_stage_is_told(world: World) -> None:
    """Submitted, confirmed, final, in this order; the vault holds what the trade says."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=3 * ETH)
    async with Server(world, world.settlement()) as server:
        fills = world.trade(alice, bob, lots=10_000)
        await server.settlement.submit(fills)
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))
        told = [c.stage for c in server.reader.commands if hasattr(c, "stage")]
    assert told == [
        SettlementStage.SUBMITTED,
        SettlementStage.CONFIRMED,
        SettlementStage.FINAL,
    ]
    market = world.market
    notional = market.notional(250_000, 10_000)
    assert (await alice.vault.balance(market.base)).balance == 10_000 * market.lot_size
    assert (await alice.vault.balance(market.quote)).balance == (
        10_000 * USDC - notional - fills[0].taker_fee
    )
    assert (await bob.vault.balance(market.quote)).balance == notional - fills[0].maker_fee


async def test_one_bad_fill_of_fifty_fails_alone(world: World) -> None:
    """A seller who has too little fails, is blamed, and the other 49 fills settle."""
    buyers = [await world.trader(n, quote=10_000 * USDC) for n in range(5)]
    sellers = [await world.trader(10 + n, base=ETH) for n in range(5)]
    poor = await world.trader(20)
    groups = []
    for number in range(50):
        seller = poor if number == 17 else sellers[number % 5]
        lane = number // 5 + 1
        sell = world.terms(seller, Side.SELL, 250_000, 10, lane=lane)
        buy = world.terms(buyers[number % 5], Side.BUY, 250_000, 10, lane=lane)
        groups.append(world.match(buy, (sell, 10)))
    async with Server(world, world.settlement()) as server:
        for fills in groups:
            await server.settlement.submit(fills)
        bad = groups.pop(17)[0]
        good = [fill for fills in groups for fill in fills]
        await world.until(lambda: server.reader.all_at(good, SettlementStage.FINAL))
        await world.until(lambda: bool(server.reader.failures))
        failure = server.reader.failures[bad.fill_id]
        assert (failure.reason, failure.culprit) == (16, bad.maker.order_id)
        assert len(server.reader.failures) == 1
    assert (await poor.vault.balance(world.market.quote)).balance == 0


async def test_a_sweep_of_more_than_a_hundred_makers_settles_but_for_the_poor_one(
    world: World,
) -> None:
    """Three groups of one command; the failure names the fill and order of its own group."""
    alice = await world.trader(1, quote=100_000 * USDC)
    sellers = [await world.trader(10 + n, base=ETH) for n in range(3)]
    poor = await world.trader(20)
    makers = [
        world.terms(poor if n == 150 else sellers[n % 3], Side.SELL, 250_000, 10, lane=n)
        for n in range(230)
    ]
    taker = world.terms(alice, Side.BUY, 250_000, 2_300)
    async with Server(world, world.settlement()) as server:
        fills = world.match(taker, *((maker, 10) for maker in makers))
        await server.settlement.submit(fills)
        bad = fills.pop(150)
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))
        await world.until(lambda: bool(server.reader.failures))
        (failure,) = server.reader.failures.values()
    assert (failure.fill_id, failure.culprit) == (bad.fill_id, makers[150].order_id)
    assert (await alice.vault.balance(world.market.base)).balance == (2_290 * world.market.lot_size)


async def test_a_block_behind_the_clock_refuses_a_batch_once(world: World) -> None:
    """It speaks for a second that the block does not reach; sent again, for the head's."""
    buyer, seller = crowd(world, (1, 2), base=2 * ETH, quote=100_000 * USDC)
    anvil = world.anvil

    def waits() -> bool:
        return int(anvil.rpc("txpool_status")["pending"], 16) == 1

    with by_hand(anvil):
        async with Server(world, world.settlement()) as server:
            await world.until(lambda: not server.settlement.pause_reason, mine=False)
            head_s, taken = anvil.now_s(), []
            fills = world.trade(buyer, seller)
            for at_s in (head_s + 1, head_s + 2):
                anvil.rpc("evm_increaseTime", 30)  # what the node says of the pending block
                if not taken:
                    await server.settlement.submit(fills)
                await world.until(waits, mine=False)
                anvil.rpc("evm_setNextBlockTimestamp", at_s)
                anvil.mine()
                (sent,) = anvil.rpc("eth_getBlockByNumber", "latest", False)["transactions"]
                taken.append(int(anvil.rpc("eth_getTransactionReceipt", sent)["status"], 16))
            assert taken == [0, 1]
            await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))
            assert not server.reader.failures
