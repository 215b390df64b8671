"""Deposits and withdrawals reach the engine: once, across restarts, and only when they may."""

from __future__ import annotations

from functools import partial

from web3 import Web3

from hybrid_dex.model.commands import (
    CompleteWithdrawal,
    Deposit,
    RaiseFloor,
    RequestWithdrawal,
    RevokeLane,
    SetMarketState,
)
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.units import Amount
from hybrid_dex.settlement.deployment import Deployer
from hybrid_dex.settlement.evm import EvmSettlement
from hybrid_dex.settlement.evm.artifact import load_artifact
from tests.chain.harness import OWNER_KEY, Server, World

ETH, USDC = 10**18, 10**6


async def own(world: World, name: str, *arguments: int | str | None) -> None:
    """Call the contract as its owner."""
    deployer = Deployer(rpc_url=world.anvil.url, key=OWNER_KEY)
    exchange = deployer._web3.eth.contract(
        address=Web3.to_checksum_address(world.deployment.contract),
        abi=load_artifact("Exchange").abi,
    )
    await deployer._send(exchange.functions[name](*arguments))
    await deployer.close()


def caught_up(settlement: EvmSettlement, height: int) -> bool:
    """Whether everything in blocks up to a height is final, and was taken."""
    health = settlement.health()
    return health.final_block >= height and not health.undelivered


async def test_deposits_are_told_once_across_restarts(world: World) -> None:
    """Each deposit has its own rising position; nothing is told again by the next run."""
    await world.trader(1, base=ETH, quote=5 * USDC)
    positions: list[int] = []
    for run in range(3):
        if run:
            await world.trader(1 + run, quote=run * USDC)
        height = world.anvil.height()
        async with Server(world, world.settlement()) as server:
            await world.until(partial(caught_up, server.settlement, height))
            found = server.reader.of(Deposit)
        assert len(found) == (1 if run else 2)
        positions += [c.position or 0 for c in found if isinstance(c, Deposit)]
    assert positions == sorted(set(positions))


async def test_a_deposit_waits_for_its_confirmations(world: World) -> None:
    """In the newest block it is not told; two blocks later it is."""
    async with Server(world, world.settlement(confirmations=3)) as server:
        await world.trader(1, base=ETH)
        height = world.anvil.height()
        await world.until(lambda: server.settlement.health().head_block >= height, mine=False)
        assert not server.reader.of(Deposit)
        world.anvil.mine(3)
        await world.until(lambda: bool(server.reader.of(Deposit)), mine=False)


async def test_a_withdrawal_is_heeded_at_once_covered_by_a_heartbeat_and_completed(
    world: World,
) -> None:
    """The request is told from the newest block; an empty batch covers it; the payment ends it."""
    alice = await world.trader(1, quote=100 * USDC)
    usdc = world.market.quote
    async with Server(world, world.settlement()) as server:
        await world.until(lambda: bool(server.reader.of(Deposit)))
        await alice.vault.request_withdrawal(usdc, 40 * USDC)
        await world.until(lambda: bool(server.reader.of(RequestWithdrawal)), mine=False)
        assert server.reader.of(RequestWithdrawal) == [
            RequestWithdrawal(account=alice.account, asset=usdc.id, amount=Amount(40 * USDC))
        ]
        pending = await alice.vault.pending_withdrawal(usdc)
        assert pending is not None
        assert not pending.effective
        world.anvil.rpc("evm_increaseTime", 40)
        world.anvil.mine()
        batch = server.settlement.health().batch
        await world.until(lambda: server.settlement.health().batch > batch)
        await alice.vault.withdraw(usdc)
        await world.until(lambda: bool(server.reader.of(CompleteWithdrawal)))
        assert await alice.vault.wallet_balance(usdc) == 40 * USDC
        assert (await alice.vault.balance(usdc)).balance == 60 * USDC
        height = world.anvil.height()
        await world.until(lambda: server.settlement.health().final_block >= height)
        assert len(server.reader.of(CompleteWithdrawal)) == 1
        assert len(server.reader.of(RequestWithdrawal)) == 1


async def test_a_request_taken_back_counts_only_when_final(world: World) -> None:
    """The amount is returned two blocks after the request was canceled, not before."""
    alice = await world.trader(1, quote=100 * USDC)
    usdc = world.market.quote
    async with Server(world, world.settlement()) as server:
        await alice.vault.request_withdrawal(usdc, 40 * USDC)
        await world.until(lambda: len(server.reader.of(RequestWithdrawal)) == 1, mine=False)
        await alice.vault.cancel_request(usdc)
        height = world.anvil.height()
        await world.until(lambda: server.settlement.health().head_block >= height, mine=False)
        assert len(server.reader.of(RequestWithdrawal)) == 1
        await world.until(lambda: len(server.reader.of(RequestWithdrawal)) == 2)
        last = server.reader.of(RequestWithdrawal)[-1]
        assert isinstance(last, RequestWithdrawal)
        assert last.amount == 0


async def test_revocations_are_told_from_the_newest_block(world: World) -> None:
    """A canceled lane and a raised floor reach the engine without any confirmation."""
    alice = await world.trader(1, base=ETH)
    async with Server(world, world.settlement()) as server:
        await alice.vault.cancel_lane(1, 7 << 24 | 3 << 16)
        await alice.vault.cancel_lane(1, 5 << 24 | 9)
        await alice.vault.cancel_up_to(world.market.quote, 12)
        await world.until(lambda: bool(server.reader.of(RaiseFloor)), mine=False)
        assert server.reader.of(RevokeLane) == [
            RevokeLane(account=alice.account, asset=world.market.base.id, lane=0, key=7 << 8 | 3),
            RevokeLane(account=alice.account, asset=None, lane=9, key=5 << 8),
        ]
        assert server.reader.of(RaiseFloor) == [
            RaiseFloor(account=alice.account, asset=world.market.quote.id, floor=12)
        ]


async def test_a_lane_canceled_through_a_market_that_is_not_configured_is_heeded(
    world: World,
) -> None:
    """Lane 0 belongs to the base token, whichever market on chain its owner names."""
    alice = await world.trader(1, base=ETH)
    base, quote = world.market.base, world.market.quote
    await own(world, "listMarket", 99, base.token, quote.token, 7, 7)
    await own(world, "listMarket", 98, quote.token, base.token, 7, 7)
    async with Server(world, world.settlement()) as server:
        await alice.vault.cancel_lane(99, 7 << 24)
        await alice.vault.cancel_lane(98, 8 << 24)
        await alice.vault.cancel_lane(99, 9 << 24 | 4)
        await world.until(lambda: len(server.reader.of(RevokeLane)) == 3, mine=False)
        assert server.reader.of(RevokeLane) == [
            RevokeLane(account=alice.account, asset=base.id, lane=0, key=7 << 8),
            RevokeLane(account=alice.account, asset=quote.id, lane=0, key=8 << 8),
            RevokeLane(account=alice.account, asset=None, lane=4, key=9 << 8),
        ]


async def test_a_market_that_closes_on_chain_is_halted(world: World) -> None:
    """The contract will skip its fills once the closing is covered, so none may be matched."""
    await own(world, "listMarket", 99, world.market.base.token, world.market.quote.token, 7, 7)
    async with Server(world, world.settlement()) as server:
        await world.until(lambda: not server.settlement.pause_reason, mine=False)
        await own(world, "closeMarket", 99)
        await own(world, "closeMarket", world.market.number)
        await world.until(lambda: bool(server.reader.of(SetMarketState)), mine=False)
        assert server.reader.of(SetMarketState) == [
            SetMarketState(market=world.market.id, state=MarketState.HALTED)
        ]
