"""Engine and vault are compared while the exchange runs, and a voucher ends by the chain's word."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.model.commands import Deposit
from hybrid_dex.model.events import EventBatch, OrderRejected
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import Amount
from hybrid_dex.model.vouchers import SignedVoucher
from hybrid_dex.settlement.evm import EvmSettlement
from hybrid_dex.settlement.wallet import Wallet
from hybrid_dex.signing import keccak256
from tests.chain.fault_proxy import FaultProxy, Request
from tests.chain.harness import OWNER_KEY, Server, Trader, World, key
from tests.chain.test_exchange import SigningAuth
from tests.chain.test_solvency import lose

ETH, USDC = 10**18, 10**6
LIABILITIES = "0x" + keccak256(b"liabilities(address)")[:4].hex()


def exchange(world: World, settlement: EvmSettlement, journal: MemoryJournal) -> Exchange:
    """An exchange on the test's chain that compares at every turn."""
    return Exchange(
        world.deployment.markets,
        journal=journal,
        settlement=settlement,
        auth=SigningAuth(world.domain),
        clock=world.clock,
        options=ExchangeOptions(audit_s=0.001, voucher_lifetime_s=600),
    )


def funded(running: Exchange, world: World, *traders: Trader) -> bool:
    """Whether the engine knows of all deposits, of either asset."""
    assets = (world.market.base.id, world.market.quote.id)
    return all(any(running.view.balance(t.account, a).total for a in assets) for t in traders)


def audited(settlement: EvmSettlement, height: int) -> bool:
    """Whether engine and vault were found equal at a block as high."""
    return settlement.health().audited_block >= height


async def test_engine_and_vault_agree_through_trades_and_withdrawals(world: World) -> None:
    """With fills in flight, a request that waits and a voucher that is open: no false alarm."""
    alice = await world.trader(1, base=5 * ETH)
    bob = await world.trader(2, quote=50_000 * USDC)
    settlement = world.settlement()
    async with exchange(world, settlement, MemoryJournal()) as running:
        await world.until(partial(funded, running, world, alice, bob))
        expiry_s = world.anvil.now_s() + 86_400
        for lane in range(3):
            sell = alice.order(world.market, Side.SELL, 250_000, 500, lane=lane, expiry_s=expiry_s)
            buy = bob.order(world.market, Side.BUY, 250_000, 500, lane=lane, expiry_s=expiry_s)
            await running.place(sell)
            assert isinstance(await running.place(buy), EventBatch)
        await alice.vault.request_withdrawal(world.market.base, ETH)
        await issue(running, bob, world, 100 * USDC)
        await world.until(lambda: not list(running.view.unsettled()))
        await world.until(partial(audited, settlement, world.anvil.height()))
        assert settlement.health().alarm == ""


async def issue(running: Exchange, trader: Trader, world: World, amount: int) -> SignedVoucher:
    """A voucher for a trader's own wallet."""
    signed = await running.issue_voucher(
        trader.account, world.market.quote.id, Amount(amount), trader.account
    )
    assert isinstance(signed, SignedVoucher)
    return signed


async def test_a_vault_that_lost_tokens_is_an_alarm_and_stops_matching(world: World) -> None:
    """One atom is enough; it says which token, and how much is missing."""
    alice = await world.trader(1, base=ETH)
    settlement = world.settlement()
    async with exchange(world, settlement, MemoryJournal()) as running:
        await world.until(partial(funded, running, world, alice))
        await world.until(partial(audited, settlement, world.anvil.height()))
        lose(world, str(world.market.base.token), 1)
        await world.until(lambda: bool(settlement.health().alarm))
        alarm = settlement.health().alarm
        assert f"the vault: {ETH - 1} atoms of ETH instead of {ETH}" in alarm
        expiry_s = world.anvil.now_s() + 86_400
        refused = await running.place(
            alice.order(world.market, Side.SELL, 250_000, 10, expiry_s=expiry_s)
        )
        assert not isinstance(refused, EventBatch) or any(
            isinstance(event, OrderRejected) for event in refused.events
        )
        assert settlement.halt_reason == alarm, "no voucher is signed any more"


@pytest.mark.parametrize("code", ["0x5f5ffd", "0x"])
async def test_a_token_that_says_nothing_hides_no_other_ones_loss(world: World, code: str) -> None:
    """It reverts, or its contract is gone: that is an alarm, and so is what another one lost."""
    alice = await world.trader(1, base=ETH, quote=7 * USDC)
    settlement = world.settlement()
    async with exchange(world, settlement, MemoryJournal()) as running:
        await world.until(partial(funded, running, world, alice))
        await world.until(partial(audited, settlement, world.anvil.height()))
        lose(world, str(world.market.quote.token), 1)
        world.anvil.rpc("anvil_setCode", str(world.market.base.token), code)
        world.anvil.mine()
        await world.until(lambda: "of ETH" in settlement.health().alarm)
        alarm = settlement.health().alarm
        assert f"the vault: no answer instead of {ETH} atoms of ETH" in alarm
        assert f"the vault: {7 * USDC - 1} atoms of USDC instead of {7 * USDC}" in alarm


async def test_a_voucher_is_paid_or_comes_back_when_its_deadline_is_final(world: World) -> None:
    """Redeemed: gone from the engine too. Not redeemed: available again, not a block too early."""
    bob = await world.trader(2, quote=1_000 * USDC)
    quote = world.market.quote
    settlement = world.settlement()
    async with exchange(world, settlement, MemoryJournal()) as running:
        await world.until(partial(funded, running, world, bob))
        await world.until(lambda: not settlement.halt_reason)
        first = await issue(running, bob, world, 100 * USDC)
        second = await issue(running, bob, world, 30 * USDC)
        assert running.view.balance(bob.account, quote.id).available == 870 * USDC
        await redeem(world, bob, first)
        await world.until(lambda: len(running.view.vouchers(bob.account)) == 1)
        assert await bob.vault.wallet_balance(quote) == 100 * USDC
        assert running.view.balance(bob.account, quote.id).available == 870 * USDC
        deadline_s = second.voucher.deadline_s
        world.anvil.rpc("evm_setNextBlockTimestamp", deadline_s)
        world.anvil.mine()
        height = world.anvil.height()
        world.anvil.mine(1)  # past the deadline, but not final
        await world.until(lambda: settlement.health().head_block > height, mine=False)
        assert len(running.view.vouchers(bob.account)) == 1
        await world.until(lambda: not running.view.vouchers(bob.account))
        assert running.view.balance(bob.account, quote.id).available == 900 * USDC
        await world.until(partial(audited, settlement, world.anvil.height()))


async def redeem(world: World, trader: Trader, signed: SignedVoucher) -> None:
    """Take a voucher to the contract."""
    voucher = signed.voucher
    values = (
        *(voucher.account, world.market.quote.token, voucher.amount, voucher.recipient),
        *(voucher.salt, voucher.deadline_s, voucher.min_batch),
    )
    async with Wallet(rpc_url=world.anvil.url, key=key(102)) as wallet:
        exchange = wallet.contract("Exchange", world.deployment.contract)
        await wallet.send(exchange.functions.withdrawWithVoucher(values, signed.signature))


async def test_a_token_that_gets_a_name_later_brings_its_deposits_along(
    world: World, tmp_path: Path
) -> None:
    """Listed and deposited before any market here named it: seen in health, credited after."""
    alice = await world.trader(1, quote=5 * USDC)
    btc = world.deployment.markets[1].base
    await fund_with(world, alice, btc, 700)
    await alice.vault.request_withdrawal(btc, 200)
    only_eth = (world.deployment.markets[0],)
    path = tmp_path / "two"
    first = world.settlement(store_path=path)
    assert await told(world, first, only_eth) == [5 * USDC]
    second = world.settlement(store_path=path)
    assert await told(world, second, world.deployment.markets) == [700]
    third = world.settlement(store_path=path)
    assert await told(world, third, world.deployment.markets) == []


async def fund_with(world: World, trader: Trader, asset: Any, amount: int) -> None:
    """Mint and deposit."""
    async with Wallet(rpc_url=world.anvil.url, key=OWNER_KEY) as wallet:
        token = wallet.contract("MockERC20", asset.token)
        await wallet.send(token.functions.mint(trader.account, amount))
    await trader.vault.deposit(asset, amount)


async def told(world: World, settlement: EvmSettlement, markets: tuple[Market, ...]) -> list[int]:
    """The deposits that one run tells once it has read everything."""
    found: list[int] = []
    await settlement.open(markets)
    height = world.anvil.height()
    updates = settlement.updates()

    async def take() -> None:
        async for command in updates:
            if isinstance(command, Deposit):
                found.append(command.amount)

    task = asyncio.create_task(take())
    await world.until(
        lambda: settlement.health().final_block >= height and not settlement.health().undelivered
    )
    named = {asset.token for market in markets for asset in (market.base, market.quote)}
    unnamed = {m.base.token for m in world.deployment.markets if m.base.token not in named}
    assert set(settlement.health().nameless) == (unnamed if found else set()) or not unnamed
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await settlement.close()
    return found


async def test_logs_that_a_node_leaves_out_do_not_become_final(world: World) -> None:
    """The contract owes more than the logs say: settlement waits, and goes on when they agree."""
    lies = True

    async with FaultProxy(world.anvil.url, lambda *_: None) as proxy:

        async def wrong(_proxy: FaultProxy, request: Request) -> Any:
            if not lies or request["method"] != "eth_call":
                return None
            (call, *_) = request["params"]
            if not str(call.get("data", call.get("input"))).startswith(LIABILITIES):
                return None
            answer = await proxy.forward(request)
            answer["result"] = "0x" + (int(answer["result"], 16) + 1).to_bytes(32, "big").hex()
            return answer

        settlement = world.settlement(rpc_urls=(proxy.url,))
        async with Server(world, settlement) as server:
            await world.until(lambda: settlement.health().final_block > 0)
            proxy.fault = wrong
            await world.trader(1, quote=5 * USDC)
            await world.until(lambda: "owes" in settlement.health().error)
            final = settlement.health().final_block
            world.anvil.mine(5)
            assert not server.reader.of(Deposit)
            assert settlement.health().final_block == final
            lies = False
            await world.until(lambda: bool(server.reader.of(Deposit)))
