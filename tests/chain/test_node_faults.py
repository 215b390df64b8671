"""A node that lies, stalls or refuses delays settlement, and never doubles or loses a trade.

The faults are in `faults`; `python -m pytest tests/chain/test_node_faults.py -s` prints what each
one did.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial

import pytest
from aiohttp import web

from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.settlement.fees import FeePolicy
from hybrid_dex.settlement.health import SettlementState
from hybrid_dex.signing import LocalSigner
from tests.chain.fault_proxy import SEND, FaultProxy, GethPool, Request, error
from tests.chain.faults import FAULTS
from tests.chain.harness import OPERATOR_KEY, Server, World
from tests.tiers import count

ETH, USDC = 10**18, 10**6
SEEDS = range(count(fast=1, full=10))
BATCHES = count(fast=2, full=3)
CEILING = 20 * 10**9
"""Wei per gas; the chain's base fee is a twentieth of it, and 50 times that in one fault."""


def confirmed(server: Server, fills: Sequence[MatchedFill]) -> bool:
    """Whether these fills are in a block, for now or for good."""
    reached = {SettlementStage.CONFIRMED, SettlementStage.FINAL}
    return all(server.reader.stages.get(fill.fill_id) in reached for fill in fills)


@pytest.mark.parametrize("turn", SEEDS)
@pytest.mark.parametrize("name", FAULTS)
async def test_trades_settle_once_whatever_the_node_does(
    world: World, name: str, turn: int, seed: int
) -> None:
    """Some batches behind a node with one fault, under geth's rules for what is sent.

    Each trade once, no nonce left out, no offer above the ceiling, no batch number twice.
    """
    rng = random.Random(f"{seed} {name} {turn}")
    fault = FAULTS[name]
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    anvil, operator = world.anvil, LocalSigner(OPERATOR_KEY).address
    first_nonce = int(anvil.rpc("eth_getTransactionCount", operator, "latest"), 16)
    anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**9))
    anvil.mine()
    every: list[MatchedFill] = []
    async with AsyncExitStack() as stack:
        pool = GethPool()
        nodes = [
            await stack.enter_async_context(FaultProxy(anvil.url, lambda *_: None, pool))
            for _ in range(1 + fault.honest)
        ]
        settlement = world.settlement(
            rpc_urls=[node.url for node in nodes],
            bump_after_s=4,
            resend_after_s=2,
            request_timeout_s=0.3,
            survey_s=2.0,
            lag_tolerance_s=60,
            confirmations=3,
            fees=FeePolicy(ceiling=CEILING, emergency_ceiling=2 * CEILING),
        )
        server = await stack.enter_async_context(Server(world, settlement))
        anvil.rpc("evm_setAutomine", False)
        stack.callback(anvil.rpc, "evm_setAutomine", True)
        nodes[0].fault = fault.make(rng)
        for _ in range(BATCHES):
            fills = world.trade(alice, bob, lots=rng.randrange(1, 90))
            every += fills
            await settlement.submit(fills)
            await world.until(partial(confirmed, server, fills))
        await world.until(lambda: server.reader.all_at(every, SettlementStage.FINAL))
        assert settlement.health().batch == BATCHES
        assert not settlement.health().error
    assert nodes[0].fired, "the fault never came"
    assert not server.reader.failures
    lots = sum(fill.quantity for fill in every)
    assert (await alice.vault.balance(world.market.base)).balance == lots * world.market.lot_size
    used = int(anvil.rpc("eth_getTransactionCount", operator, "latest"), 16) - first_nonce
    offers = [offer for offer in pool.offers if offer.sender == operator]
    gaps = [offer for offer in offers if offer.nonce > offer.next_nonce]
    assert not gaps
    assert {offer.nonce for offer in offers} >= set(range(first_nonce, first_nonce + used))
    assert used == BATCHES, "a batch was settled or tried twice"
    assert max(offer.max_fee for offer in offers) <= CEILING
    sys.stdout.write(
        f"B2 {name}, seed {seed}: {nodes[0].fired} wrong answers, {len(offers)} sends, {used} "
        f"mined, 0 settled twice, 0 gaps, highest fee {max(o.max_fee for o in offers)} of {CEILING}\n"
    )


async def test_an_old_answer_that_agrees_with_another_one_is_not_believed(world: World) -> None:
    """What the contract owed some blocks ago, twice: taken as the beginning, and as its proof."""
    await test_trades_settle_once_whatever_the_node_does(world, "old state", 0, 3_618_252_055)


async def test_a_node_that_is_down_is_waited_for(world: World) -> None:
    """Health says what is wrong; once the node is back, everything settles."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    async with FaultProxy(world.anvil.url, lambda *_: None) as proxy:
        settlement = world.settlement(rpc_urls=(proxy.url,), attempts=2)
        async with Server(world, settlement) as server:
            await world.until(lambda: settlement.health().head_block > 0)
            proxy.fault = lambda *_: web.Response(status=502)
            fills = world.trade(alice, bob)
            await settlement.submit(fills)
            await world.until(lambda: settlement.health().state is SettlementState.WAITING)
            assert "502" in settlement.health().error
            proxy.fault = lambda *_: None
            await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))
            assert settlement.health().state is SettlementState.RUNNING
            assert settlement.health().error == ""


async def test_a_node_without_a_block_below_its_newest_is_named(world: World) -> None:
    """For a moment that is a node behind another; after that a person has to see to it."""
    missing: set[str] = set()

    def without(_: FaultProxy, request: Request) -> object:
        if request["method"] == "eth_getBlockByNumber" and request["params"][0] in missing:
            return {"jsonrpc": "2.0", "id": request["id"], "result": None}
        return None

    async with FaultProxy(world.anvil.url, without) as proxy:
        settlement = world.settlement(rpc_urls=(proxy.url,), lag_tolerance_s=60)
        health = settlement.health
        async with Server(world, settlement):
            height = world.anvil.height()
            await world.until(lambda: health().head_block >= height)
            head = world.anvil.height()
            missing.add(hex(head + 1))
            await world.until(lambda: proxy.fired > 3)
            assert health().error == ""
            world.clock.ahead_s += 60
            await world.until(lambda: health().state is SettlementState.WAITING)
            assert f"does not have block {head + 1}" in health().error
            assert proxy.url in health().error
            missing.clear()
            await world.until(lambda: health().state is SettlementState.RUNNING)
            assert health().head_block > head
            assert health().error == ""


async def test_a_base_fee_above_the_cap_is_waited_out(world: World) -> None:
    """Nothing is sent above the cap, and what waited is sent once the fee is down again."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    policy = FeePolicy(ceiling=10**10, emergency_ceiling=10**10)
    async with Server(world, world.settlement(fees=policy)) as server:
        world.anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(5 * 10**11))
        world.anvil.mine()
        fills = world.trade(alice, bob)
        await server.settlement.submit(fills)
        await world.until(lambda: "ceiling" in server.settlement.health().error, mine=False)
        world.anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**9))
        world.anvil.mine()
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))


async def test_a_stuck_transaction_is_replaced_at_a_higher_fee(world: World) -> None:
    """Blocks pass without it; the same nonce is offered more, and one of the two settles."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    settlement = world.settlement(bump_after_s=3, resend_after_s=2)
    async with Server(world, settlement) as server:
        world.anvil.rpc("evm_setAutomine", False)
        try:
            fills = world.trade(alice, bob)
            await settlement.submit(fills)
            await world.until(
                lambda: server.reader.all_at(fills, SettlementStage.SUBMITTED), mine=False
            )
            world.clock.ahead_s += 10
            pipeline = settlement._pipeline
            assert pipeline is not None
            await world.until(lambda: len(pipeline.of_batch(1)) > 1, mine=False)
            first, second = sorted(pipeline.of_batch(1), key=lambda t: t.fees.max_fee)[:2]
            assert first.nonce == second.nonce
            assert second.fees.max_fee * 1000 >= first.fees.max_fee * 1125
            assert second.fees.tip * 1000 >= first.fees.tip * 1125
        finally:
            world.anvil.rpc("evm_setAutomine", True)
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))


async def test_an_operator_without_funds_is_not_offered_for(world: World) -> None:
    """Its transaction is sent again as it is: a higher fee would need more funds still."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    words = "insufficient funds for gas * price + value: address 0xab have 1 want 2"

    def refuse(_: FaultProxy, request: Request) -> object:
        return error(words) if request["method"] == SEND else None

    async with FaultProxy(world.anvil.url, refuse) as node:
        settlement = world.settlement(rpc_urls=[node.url], bump_after_s=12)
        async with Server(world, settlement) as server:
            fills = world.trade(alice, bob)
            await settlement.submit(fills)
            for _ in range(5):
                enough = node.fired + 2  # one of them begins from now on
                await world.until(lambda enough=enough: node.fired >= enough, mine=False)
                world.clock.ahead_s += 8
            assert "insufficient funds" in settlement.health().error
            node.fault = lambda *_: None
            await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))
    assert len({offer.hash for offer in node.pool.offers}) == 1
