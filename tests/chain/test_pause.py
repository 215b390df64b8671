"""Matching pauses whenever what is matched might not settle in time, and says why."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import Deposit, RequestWithdrawal
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import Amount
from hybrid_dex.model.vouchers import SignedVoucher
from hybrid_dex.settlement.evm import EvmSettlement
from hybrid_dex.settlement.health import SettlementState
from hybrid_dex.settlement.wallet import Wallet
from tests.chain.harness import DELAYS, OWNER_KEY, Reader, Server, World, as_owner
from tests.chain.test_exchange import exchange

ETH, USDC = 10**18, 10**6


async def test_nothing_is_matched_before_the_chain_was_read(world: World) -> None:
    """After a start, what was requested meanwhile is not known yet."""
    settlement = world.settlement()
    assert settlement.pause_reason == "settlement is closed"
    await settlement.open(world.deployment.markets)
    assert "not read the chain" in settlement.pause_reason
    assert settlement.health().lagging
    await world.until(lambda: not settlement.pause_reason, mine=False)
    assert not settlement.health().lagging
    await settlement.close()
    assert settlement.pause_reason == "settlement is closed"


@pytest.mark.parametrize("blocks_per_query", [10, 1_000])
async def test_what_was_requested_in_an_outage_is_heeded_before_anything_is_matched(
    world: World, blocks_per_query: int
) -> None:
    """It is in effect, and final, when it is first seen; no batch covers it before it was taken."""
    bob = await world.trader(2, base=10 * ETH)
    async with Server(world, world.settlement()) as server:
        await world.until(lambda: len(server.reader.of(Deposit)) == 1)
        await world.until(lambda: not server.settlement.health().undelivered)
    await bob.vault.request_withdrawal(world.market.base, ETH)
    asked_s = world.anvil.now_s()
    world.anvil.rpc("evm_increaseTime", DELAYS.window_max_s + 200)
    world.anvil.mine(12)
    settlement = world.settlement(blocks_per_query=blocks_per_query, heartbeat_s=1.0)
    await settlement.open(world.deployment.markets)
    await world.until(lambda: "waits for the exchange" in settlement.pause_reason, mine=False)
    for _ in range(20):
        world.anvil.mine()
        await asyncio.sleep(0.01)
        assert "waits for the exchange" in settlement.pause_reason
    async with Wallet(rpc_url=world.anvil.url, key=OWNER_KEY) as wallet:
        exchange = wallet.contract("Exchange", world.deployment.contract)
        _, through_s, *_ = await wallet.ask(exchange.functions.batchState())
    assert through_s <= asked_s + DELAYS.watch_lag_s
    reader = Reader(settlement)
    await world.until(lambda: not settlement.pause_reason)
    assert [command.amount for command in reader.of(RequestWithdrawal)] == [ETH]
    await reader.stop()
    await settlement.close()


async def test_a_chain_or_node_that_stands_still_pauses_matching(world: World) -> None:
    """An old head is no news, however often the node repeats it."""
    world.anvil.mine()
    async with Server(world, world.settlement()) as server:
        await world.until(lambda: not server.settlement.pause_reason, mine=False)
        world.clock.ahead_s = DELAYS.watch_lag_s + 1
        assert "newest block" in server.settlement.pause_reason
        world.clock.ahead_s = 0
        assert not server.settlement.pause_reason


async def test_a_fill_that_waits_too_long_pauses_matching(world: World) -> None:
    """From a quarter of the window on, until it is in a block."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    settlement = world.settlement(batch_age_s=DELAYS.window_max_s)
    async with Server(world, settlement):
        await world.until(lambda: not settlement.pause_reason, mine=False)
        await settlement.submit(world.trade(alice, bob))
        world.anvil.rpc("evm_increaseTime", DELAYS.window_max_s // 4 + 10)
        world.anvil.mine()
        await world.until(lambda: "oldest fill" in settlement.pause_reason, mine=False)
        world.anvil.rpc("evm_increaseTime", DELAYS.window_max_s)
        world.anvil.mine()
        await world.until(lambda: not settlement.pause_reason)


async def test_the_exchange_refuses_orders_and_replacements_and_serves_cancels(
    world: World,
) -> None:
    """Orders are told the reason; what only frees funds is done."""
    alice = await world.trader(1, quote=10_000 * USDC)
    quote = world.market.quote.id
    expiry_s = world.anvil.now_s() + 86_400
    async with exchange(world, MemoryJournal()) as running:
        await world.until(lambda: bool(running.view.balance(alice.account, quote).total))
        first = alice.order(world.market, Side.BUY, 250_000, 10, expiry_s=expiry_s)
        assert isinstance(await running.place(first), EventBatch)
        (resting,) = running.view.open_orders(alice.account)
        assert running.health().settlement_ok
        world.clock.ahead_s = DELAYS.watch_lag_s + 100
        assert not running.health().settlement_ok
        second = alice.order(world.market, Side.BUY, 250_000, 10, lane=1, expiry_s=expiry_s)
        again = alice.order(
            world.market, Side.BUY, 250_001, 10, counter=1, revision=1, expiry_s=expiry_s
        )
        for refused in (
            await running.place(second),
            *await running.place_many([second]),
            await running.replace(resting.order_id, again),
        ):
            assert isinstance(refused, Refusal)
            assert refused.reason is RejectReason.SETTLEMENT_BACKLOG
            assert refused.detail
        await running.cancel(alice.account, resting.order_id)
        assert not running.view.open_orders(alice.account)
        world.clock.ahead_s = 5
        assert isinstance(await running.place(second), EventBatch)


async def test_a_quiet_exchange_can_not_be_frozen(world: World) -> None:
    """Without a trade, a request or an option, empty batches come long before EXIT_DELAY ends."""
    async with Server(world, world.settlement()) as server:
        await world.until(lambda: not server.settlement.pause_reason)
        assert server.settlement.health().batch == 0
        for batch in (1, 2):
            world.anvil.rpc("evm_increaseTime", DELAYS.exit_delay_s // 4 + 10)
            world.anvil.mine()
            await world.until(partial(reached, server.settlement, batch))


def reached(settlement: EvmSettlement, batch: int) -> bool:
    """Whether a batch is in a block."""
    return settlement.health().batch >= batch


async def test_a_frozen_contract_pauses_matching_for_good(world: World) -> None:
    """Nothing matched after that can ever settle."""
    alice = await world.trader(1, quote=USDC)
    world.anvil.rpc("evm_increaseTime", DELAYS.exit_delay_s + 10)
    world.anvil.mine()
    await alice.vault._wallet.send(alice.vault._exchange.functions.freeze())
    async with Server(world, world.settlement()) as server:
        await world.until(lambda: "frozen" in server.settlement.pause_reason)
        assert server.settlement.health().lagging
    world.anvil.mine(20)  # until the block that froze it is far below what is read again
    async with Server(world, world.settlement(confirmations=2)) as server:
        await world.until(lambda: server.settlement.health().final_block > 0)
    async with Server(world, world.settlement(confirmations=2)) as server:
        await world.until(lambda: "frozen" in server.settlement.pause_reason)


async def test_a_paused_contract_pauses_matching_and_what_was_matched_settles_after(
    world: World,
) -> None:
    """Nothing is matched into a pause that might outlast the window; what waits is not lost."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    settlement = world.settlement()
    async with Server(world, settlement):
        await world.until(lambda: not settlement.pause_reason, mine=False)
        await as_owner(world, "pause")
        await world.until(lambda: "paused" in settlement.pause_reason)
        await settlement.submit(world.trade(alice, bob))
        await world.until(lambda: "paused" in settlement.health().error)
        await as_owner(world, "unpause")
        await world.until(lambda: not settlement.pause_reason)
        await world.until(partial(reached, settlement, 1))


async def test_a_reorganisation_below_finality_stops_orders_and_vouchers(world: World) -> None:
    """What was final may be gone: the exchange promises nothing more, and a person is told."""
    alice = await world.trader(1, quote=10_000 * USDC)
    quote = world.market.quote.id
    world.anvil.mine(8)
    expiry_s = world.anvil.now_s() + 86_400
    async with exchange(world, MemoryJournal()) as running:
        await world.until(lambda: bool(running.view.balance(alice.account, quote).total))
        assert isinstance(
            await running.issue_voucher(alice.account, quote, Amount(5 * USDC)), SignedVoucher
        )
        world.anvil.rpc("anvil_reorg", 10, [])
        world.anvil.mine()
        settlement = world.settlements[-1]
        await world.until(lambda: settlement.health().state is SettlementState.HALTED)
        assert "was final" in settlement.health().alarm
        health = running.health()
        assert not health.settlement_ok
        order = alice.order(world.market, Side.BUY, 250_000, 10, expiry_s=expiry_s)
        for refused in (
            await running.place(order),
            await running.issue_voucher(alice.account, quote, Amount(5 * USDC)),
        ):
            assert isinstance(refused, Refusal)
            assert "was final" in refused.detail
        assert running.health().sequence == health.sequence  # nothing was journaled
        assert len(running.view.vouchers(alice.account)) == 1
