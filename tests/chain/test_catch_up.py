"""A settlement that comes back late reads many blocks at once, each of them exactly once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from hybrid_dex.model.commands import ConfirmSettlement, Deposit
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from tests.chain.fault_proxy import FaultProxy, Request
from tests.chain.harness import Server, Trader, World

ETH, USDC = 10**18, 10**6


def no_fault(*_: object) -> None:
    """Pass everything on."""


class Forgetful:
    """A node that breaks down over every transaction but the first that it is asked for."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self._first = ""

    def __call__(self, _proxy: FaultProxy, request: Request) -> Any:
        if request["method"] != "eth_getTransactionByHash" or not self.failures:
            return None
        (name,) = request["params"]
        self._first = self._first or name
        if name == self._first:
            return None
        self.failures -= 1
        return web.Response(status=502)


class Narrow:
    """A node that tells the logs of few blocks at a time, and refuses wider ranges in its way."""

    def __init__(self, blocks: int, refusal: Callable[[Request], Any]) -> None:
        self.blocks, self.refusal = blocks, refusal
        self.asked: list[int] = []

    def __call__(self, _proxy: FaultProxy, request: Request) -> Any:
        if request["method"] != "eth_getLogs":
            return None
        (query,) = request["params"]
        wide = int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1
        self.asked.append(wide)
        return self.refusal(request) if wide > self.blocks else None


def in_words(request: Request) -> Any:
    """An answer that says so."""
    words = "block range is too large, max is 9"
    return {"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32000, "message": words}}


def by_limit(request: Request) -> Any:
    """The code for too many requests, which would pass."""
    words = "query returned more than 10000 results"
    return {"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32005, "message": words}}


def by_status(_: Request) -> Any:
    """No answer but HTTP's status."""
    return web.Response(status=400)


async def settle_elsewhere(world: World, buyer: Trader, seller: Trader) -> list[MatchedFill]:
    """Two batches of the same operator with another store, and a deposit before each."""
    every = []
    async with Server(world, world.settlement(store_path=world.folder / "elsewhere")) as server:
        for _ in range(2):
            await world.trader(1, quote=5 * USDC)
            fills = world.trade(buyer, seller)
            await server.settlement.submit(fills)
            await world.until(
                lambda fills=fills: server.reader.all_at(fills, SettlementStage.FINAL)
            )
            every += fills
    return every


async def test_a_range_that_a_node_could_not_finish_counts_once(world: World) -> None:
    """The second batch's calldata does not come: what stood before it must not be taken twice."""
    alice = await world.trader(1, quote=1_000 * USDC)
    bob = await world.trader(2, base=3 * ETH)
    await world.trader(1, quote=10 * USDC)
    async with FaultProxy(world.anvil.url, no_fault) as proxy:
        options = {"rpc_urls": (proxy.url,), "blocks_per_query": 100, "attempts": 1}
        before = world.settlement(**options)
        async with Server(world, before) as server:
            await world.until(lambda: len(server.reader.of(Deposit)) == 3)
            await world.until(lambda: not before.health().undelivered)
        fills = await settle_elsewhere(world, alice, bob)
        world.anvil.mine(110)
        proxy.fault = Forgetful(failures=3)
        settlement = world.settlement(**options)
        async with Server(world, settlement) as server:
            for fill in fills:
                await settlement.submit([fill])
            await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))
            await world.until(lambda: not settlement.health().error)
            height = world.anvil.height()
            await world.until(lambda: settlement.health().final_block >= height)
            deposits = [c.amount for c in server.reader.of(Deposit) if isinstance(c, Deposit)]
            final = [
                fill
                for command in server.reader.of(ConfirmSettlement)
                if isinstance(command, ConfirmSettlement) and command.stage is SettlementStage.FINAL
                for fill in command.fills
            ]
    assert proxy.fired == 3
    assert deposits == [5 * USDC, 5 * USDC]
    assert sorted(final) == sorted(fill.fill_id for fill in fills)


@pytest.mark.parametrize("refusal", [in_words, by_limit, by_status])
async def test_a_node_that_refuses_wide_ranges_is_asked_for_narrower_ones(
    world: World, refusal: Callable[[Request], Any]
) -> None:
    """Down to what it tells; a settlement that comes back late would else never read the chain."""
    narrow = Narrow(9, refusal)
    await world.trader(1, quote=5 * USDC)
    world.anvil.mine(50)
    await world.trader(2, quote=7 * USDC)
    world.anvil.mine(120)
    async with FaultProxy(world.anvil.url, narrow) as proxy:
        settlement = world.settlement(rpc_urls=(proxy.url,), blocks_per_query=100)
        async with Server(world, settlement) as server:
            await world.until(lambda: len(server.reader.of(Deposit)) == 2)
            height = world.anvil.height()
            await world.until(lambda: settlement.health().final_block >= height)
            amounts = [c.amount for c in server.reader.of(Deposit) if isinstance(c, Deposit)]
    assert amounts == [5 * USDC, 7 * USDC]
    assert max(narrow.asked) == 100
    assert min(narrow.asked) <= 9
    assert len(narrow.asked) < 100, "what is refused is not asked again and again"
