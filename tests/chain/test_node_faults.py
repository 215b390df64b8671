"""A node that lies, stalls or refuses delays settlement, and never doubles or loses a trade."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import pytest
from aiohttp import web

from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.settlement.fees import FeePolicy
from hybrid_dex.settlement.health import SettlementState
from tests.chain.fault_proxy import Answer, FaultProxy, Request, error
from tests.chain.harness import Server, World
from tests.tiers import count

ETH, USDC = 10**18, 10**6
SEND = "eth_sendRawTransaction"
SEEDS = range(count(fast=1, full=10))
Make = Callable[[random.Random], Answer]


def sometimes(rng: random.Random, answer: Callable[[], object], *, share: float = 0.25) -> Answer:
    """Answer a share of all requests, at most 40 in all."""
    return lambda proxy, _: answer() if proxy.fired < 40 and rng.random() < share else None


def first_sends(times: int, answer: Callable[[], object]) -> Answer:
    """Answer the first few sent transactions, which the chain never sees."""
    return lambda proxy, request: (
        answer() if request["method"] == SEND and proxy.fired < times else None
    )


def accepted_without_an_answer(times: int) -> Answer:
    """Pass a transaction on, then hang up."""

    async def answer(proxy: FaultProxy, request: Request) -> object:
        if request["method"] == SEND and proxy.fired < times:
            proxy.fired += 1
            await proxy.forward(request)
            return "hang up"
        return None

    return answer


def stale_head(rng: random.Random) -> Answer:
    """Now and then say that a block a little below the newest one is the newest."""

    async def answer(proxy: FaultProxy, request: Request) -> object:
        asks = request["method"] == "eth_getBlockByNumber" and request["params"][0] == "latest"
        if not asks or proxy.fired >= 40 or rng.random() > 0.4:
            return None
        head = await proxy.forward(request)
        below = max(0, int(head["result"]["number"], 16) - rng.randrange(1, 3))
        return await proxy.forward({**request, "params": [hex(below), False]})

    return answer


def missing_logs(rng: random.Random) -> Answer:
    """Now and then know no logs."""

    def answer(proxy: FaultProxy, request: Request) -> object:
        if request["method"] == "eth_getLogs" and proxy.fired < 40 and rng.random() < 0.5:
            return {"jsonrpc": "2.0", "id": request["id"], "result": []}
        return None

    return answer


FAULTS: dict[str, Make] = {
    "server error": lambda rng: sometimes(rng, lambda: web.Response(status=503)),
    "too many requests": lambda rng: sometimes(rng, lambda: web.Response(status=429)),
    "limit exceeded": lambda rng: sometimes(rng, lambda: error("limit exceeded", -32005)),
    "not JSON": lambda rng: sometimes(rng, lambda: web.Response(text="<html>busy</html>")),
    "hung up": lambda rng: sometimes(rng, lambda: "hang up", share=0.1),
    "internal error": lambda rng: sometimes(rng, lambda: error("internal error", -32603)),
    "stale head": stale_head,
    "missing logs": missing_logs,
    "accepted without an answer": lambda _: accepted_without_an_answer(2),
    "evicted": lambda _: first_sends(
        2, lambda: {"jsonrpc": "2.0", "id": 1, "result": "0x" + "11" * 32}
    ),
    "underpriced": lambda _: first_sends(3, lambda: error("replacement transaction underpriced")),
    "below base fee": lambda _: first_sends(
        2, lambda: error("max fee per gas less than block base fee")
    ),
    "nonce too low": lambda _: first_sends(3, lambda: error("nonce too low")),
    "nonce too high": lambda _: first_sends(3, lambda: error("nonce too high")),
    "already known": lambda _: first_sends(1, lambda: error("already known")),
    "pool full": lambda _: first_sends(3, lambda: error("txpool is full")),
    "no funds": lambda _: first_sends(
        2, lambda: error("insufficient funds for gas * price + value")
    ),
}


@pytest.mark.parametrize("turn", SEEDS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_trades_settle_once_whatever_the_node_does(
    world: World, fault: str, turn: int, seed: int
) -> None:
    """Three trades, one after another, behind a node with one fault."""
    rng = random.Random(f"{seed} {fault} {turn}")
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    async with FaultProxy(world.anvil.url, lambda *_: None) as proxy:
        settlement = world.settlement(
            rpc_urls=(proxy.url,),
            bump_after_s=4,
            resend_after_s=2,
            request_timeout_s=2.0,
            confirmations=4,
        )
        async with Server(world, settlement) as server:
            proxy.fault = FAULTS[fault](rng)
            every = []
            for _ in range(3):
                fills = world.trade(alice, bob, lots=rng.randrange(1, 90))
                every += fills
                await settlement.submit(fills)
                await world.until(partial(server.reader.all_at, fills, SettlementStage.FINAL))
        assert proxy.fired or fault == "hung up"
    lots = sum(fill.quantity for fill in every)
    assert (await alice.vault.balance(world.market.base)).balance == lots * world.market.lot_size
    assert not server.reader.failures


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
