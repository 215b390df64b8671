"""Several nodes: one is used, the others watch it, and none is believed that contradicts the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest
from aiohttp import web

from hybrid_dex.errors import ConfigurationError, SettlementError
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.units import AccountId, MarketId
from hybrid_dex.model.vouchers import CancelReceipt, Voucher
from hybrid_dex.settlement.chains import FinalizedTag, SafeTag
from hybrid_dex.settlement.endpoints import Standing
from hybrid_dex.settlement.evm import EvmSettlement
from hybrid_dex.settlement.health import SettlementState
from hybrid_dex.signing import Domain, LocalSigner
from hybrid_dex.signing.receipts import cancel_receipt_digest, voucher_digest
from hybrid_dex.signing.recover import recover_address
from tests.chain.fault_proxy import FaultProxy, Request
from tests.chain.harness import DELAYS, OPERATOR_KEY, Server, World

ETH, USDC = 10**18, 10**6
OPERATOR = AccountId(LocalSigner(OPERATOR_KEY).address)


def no_fault(*_: object) -> None:
    """Pass everything on."""


@pytest.fixture
async def nodes(world: World) -> AsyncIterator[list[FaultProxy]]:
    """Three ways to the chain."""
    async with (
        FaultProxy(world.anvil.url, no_fault) as one,
        FaultProxy(world.anvil.url, no_fault) as two,
        FaultProxy(world.anvil.url, no_fault) as three,
    ):
        yield [one, two, three]


def on(world: World, nodes: list[FaultProxy], **changes: Any) -> EvmSettlement:
    """A settlement that surveys its nodes at every look."""
    return world.settlement(
        rpc_urls=[node.url for node in nodes], attempts=1, **({"survey_s": 0.0} | changes)
    )


async def trade(world: World) -> list[MatchedFill]:
    """A fill between two who can pay."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    return world.trade(alice, bob)


def standings(settlement: EvmSettlement) -> list[Standing]:
    """What is thought of each node."""
    return [node.standing for node in settlement.health().endpoints]


def used(settlement: EvmSettlement) -> list[bool]:
    """Which node is in use."""
    return [node.in_use for node in settlement.health().endpoints]


def of_another_network(_: FaultProxy, request: Request) -> object:
    """A node of chain 5."""
    if request["method"] == "eth_chainId":
        return {"jsonrpc": "2.0", "id": request["id"], "result": "0x5"}
    return None


async def of_another_branch(proxy: FaultProxy, request: Request) -> object:
    """A node that knows every block by another hash."""
    if request["method"] != "eth_getBlockByNumber":
        return None
    answer = await proxy.forward(request)
    block = answer["result"]
    if block is not None:
        block["hash"] = "0x" + f"{int(block['number'], 16):064x}"
        block["parentHash"] = "0x" + f"{max(0, int(block['number'], 16) - 1):064x}"
    return answer


async def test_another_node_takes_over_and_the_trade_settles_once(
    world: World, nodes: list[FaultProxy]
) -> None:
    """The node in use goes away with the transaction in its pool."""
    fills = await trade(world)
    async with Server(world, on(world, nodes[:2])) as server:
        await world.until(lambda: not server.settlement.pause_reason)
        assert used(server.settlement) == [True, False]
        world.anvil.rpc("evm_setAutomine", False)
        try:
            await server.settlement.submit(fills)
            await world.until(lambda: "eth_sendRawTransaction" in nodes[0].seen, mine=False)
            nodes[0].fault = lambda *_: web.Response(status=502)
            await world.until(lambda: used(server.settlement) == [False, True], mine=False)
            assert standings(server.settlement) == [Standing.DOWN, Standing.GOOD]
        finally:
            world.anvil.rpc("evm_setAutomine", True)
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))
        assert server.settlement.health().batch == 1
        assert not server.settlement.health().alarm


async def test_a_node_that_fails_is_left_alone_for_a_while(
    world: World, nodes: list[FaultProxy]
) -> None:
    """After some failures in a row it is not asked; then one call tries it."""
    settlement = on(world, nodes[:2], failures=3, rest_s=1_000)
    async with Server(world, settlement):
        await world.until(lambda: not settlement.pause_reason)
        nodes[1].fault = lambda *_: web.Response(status=502)
        await world.until(lambda: "in a row" in settlement.health().endpoints[1].detail)
        asked = len(nodes[1].seen)
        height = world.anvil.height()
        await world.until(lambda: settlement.health().head_block > height + 3)
        assert len(nodes[1].seen) == asked


async def test_a_node_on_the_wrong_chain_is_not_used_and_said(
    world: World, nodes: list[FaultProxy]
) -> None:
    """From the start, or when it changes: trading goes on with the other, and a person is told."""
    nodes[0].fault = of_another_network
    fills = await trade(world)
    async with Server(world, on(world, nodes[:2])) as server:
        health = server.settlement.health
        assert used(server.settlement) == [False, True]
        await server.settlement.submit(fills)
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))
        assert not server.settlement.pause_reason
        assert "serves chain 5" in health().alarm
        nodes[0].fault = no_fault
        await world.until(lambda: not health().alarm)
        nodes[1].fault = of_another_network
        await world.until(lambda: used(server.settlement) == [True, False])
        assert health().state is not SettlementState.HALTED


async def test_settlement_halts_while_every_node_is_on_the_wrong_chain(
    world: World, nodes: list[FaultProxy]
) -> None:
    """Matching and vouchers stop at once; when a node is right again, all goes on by itself."""
    fills = await trade(world)
    async with Server(world, on(world, nodes[:2])) as server:
        await world.until(lambda: not server.settlement.pause_reason)
        for node in nodes[:2]:
            node.fault = of_another_network
        health = server.settlement.health
        await world.until(lambda: health().state is SettlementState.HALTED)
        assert "serves chain 5" in health().alarm
        assert "serves chain 5" in server.settlement.pause_reason
        assert server.settlement.halt_reason
        await server.settlement.submit(fills)
        nodes[1].fault = no_fault
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))
        assert not server.settlement.halt_reason


async def test_the_odd_one_of_three_is_out(world: World, nodes: list[FaultProxy]) -> None:
    """Two against one: the one is not used, whatever it says, and nothing waits for it."""
    fills = await trade(world)
    nodes[0].fault = of_another_branch
    async with Server(world, on(world, nodes)) as server:
        assert standings(server.settlement)[0] is Standing.FORKED
        await server.settlement.submit(fills)
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))
        assert "forked" in server.settlement.health().alarm
        assert not server.settlement.halt_reason


async def test_one_word_against_another_makes_nothing_final(
    world: World, nodes: list[FaultProxy]
) -> None:
    """Two nodes, two branches: fills are not final, and no voucher is signed, until they agree."""
    fills = await trade(world)
    # The lie begins above what both had agreed on.
    async with Server(world, on(world, nodes[:2])) as server:
        settlement = server.settlement
        await world.until(lambda: not settlement.pause_reason)
        agreed = world.anvil.height()

        async def from_here_on(proxy: FaultProxy, request: Request) -> object:
            asked = request["params"][0] if request["params"] else ""
            if request["method"] != "eth_getBlockByNumber" or asked == "latest":
                return None
            return await of_another_branch(proxy, request) if int(asked, 16) > agreed else None

        nodes[1].fault = from_here_on
        await settlement.submit(fills)
        await world.until(lambda: Standing.DISPUTED in standings(settlement))
        height = world.anvil.height()
        await world.until(lambda: world.anvil.height() > height + 10)
        assert not server.reader.all_at(fills, SettlementStage.FINAL)
        assert "no side is larger" in settlement.halt_reason
        with pytest.raises(SettlementError, match="no voucher is signed now"):
            await settlement.sign_voucher(voucher(world))
        nodes[1].fault = no_fault
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))
        await world.until(lambda: not settlement.halt_reason)


@pytest.mark.parametrize("rule", [FinalizedTag(), SafeTag()])
async def test_a_tag_of_the_node_makes_blocks_final(
    world: World, nodes: list[FaultProxy], rule: FinalizedTag | SafeTag
) -> None:
    """Nothing is final without the tag, requests are heeded all the same, and it never steps back."""
    told: list[int | None] = [None]

    async def tagged(proxy: FaultProxy, request: Request) -> object:
        if request["method"] == "eth_getBlockByNumber" and request["params"][0] == rule.tag:
            (height,) = told
            if height is None:
                return {"jsonrpc": "2.0", "id": request["id"], "result": None}
            return await proxy.forward({**request, "params": [hex(height), False]})
        return None

    fills = await trade(world)
    nodes[0].fault = tagged
    async with Server(world, on(world, nodes[:1], finality=rule)) as server:
        health = server.settlement.health
        said = f"does not say which block is {rule.tag}"
        await world.until(lambda: said in health().error, mine=False)
        assert health().head_block == world.anvil.height()
        told[0] = world.anvil.height()
        await world.until(lambda: health().final_block == told[0], mine=False)
        await server.settlement.submit(fills)
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.CONFIRMED))
        final = health().final_block
        told[0] = final - 2  # the node was restored from a backup
        height = world.anvil.height()
        await world.until(lambda: health().head_block > height + 5)
        assert health().final_block == final
        assert health().state is SettlementState.RUNNING
        told[0] = health().head_block
        await world.until(lambda: server.reader.all_at(fills, SettlementStage.FINAL))


async def test_a_chain_without_new_blocks_pauses_matching(
    world: World, nodes: list[FaultProxy]
) -> None:
    """A rollup whose sequencer is out: after WATCH_LAG nothing is matched; blocks bring it back."""
    async with Server(world, on(world, nodes[:1], finality=FinalizedTag())) as server:
        await world.until(lambda: not server.settlement.pause_reason, mine=False)
        world.clock.ahead_s += DELAYS.watch_lag_s
        assert "stands still" in server.settlement.pause_reason
        assert server.settlement.halt_reason
        world.clock.ahead_s -= DELAYS.watch_lag_s
        world.anvil.mine()
        await world.until(lambda: not server.settlement.pause_reason, mine=False)


def voucher(world: World) -> Voucher:
    """Leave for somebody to take a little."""
    return Voucher(
        account=OPERATOR,
        asset=world.market.quote.id,
        amount=7,
        recipient=OPERATOR,
        salt=1 << 255,
        deadline_s=world.anvil.now_s() + 60,
    )


async def test_the_operator_signs_vouchers_and_receipts(world: World) -> None:
    """Over the digests that the contract checks, with the operator's key, always the same bytes."""
    leave = voucher(world)
    receipt = CancelReceipt(
        trader=OPERATOR, market=world.market.id, nonce=1 << 24, filled=3, sequence=512
    )
    domain = Domain(
        chain_id=world.deployment.chain_id, verifying_contract=world.deployment.contract
    )
    settlement = world.settlement()
    with pytest.raises(SettlementError, match="not open"):
        await settlement.sign_cancel_receipt(receipt)
    async with Server(world, settlement):
        await world.until(lambda: not settlement.halt_reason, mine=False)
        signed = await settlement.sign_voucher(leave)
        assert signed == await settlement.sign_voucher(leave)
        digest = voucher_digest(leave, world.market.quote, domain)
        assert recover_address(digest, signed) == OPERATOR
        signed = await settlement.sign_cancel_receipt(receipt)
        digest = cancel_receipt_digest(receipt, world.market, domain)
        assert recover_address(digest, signed) == OPERATOR
        other = attrs.evolve(receipt, market=MarketId("X"))
        with pytest.raises(ConfigurationError, match="no market"):
            await settlement.sign_cancel_receipt(other)
    with pytest.raises(SettlementError):
        await settlement.sign_voucher(leave)


async def test_a_head_that_changes_while_the_chain_is_read_ends_the_look(
    world: World, nodes: list[FaultProxy]
) -> None:
    """The named head is of another branch than the blocks that come: it is asked for again."""
    async with Server(world, on(world, nodes[:1], survey_s=1_000.0)) as server:
        settlement = server.settlement
        await world.until(lambda: not settlement.pause_reason, mine=False)
        world.anvil.mine()

        async def of_before(proxy: FaultProxy, request: Request) -> object:
            asked = request["method"], *request["params"][:1]
            if asked != ("eth_getBlockByNumber", "latest") or proxy.fired >= 5:
                return None
            answer = await proxy.forward(request)
            answer["result"]["hash"] = "0x" + "ab" * 32
            return answer

        nodes[0].fault = of_before
        await world.until(lambda: nodes[0].fired == 5, mine=False)
        height = world.anvil.height()
        await world.until(lambda: settlement.health().head_block > height)
        await world.until(lambda: not settlement.health().error, mine=False)
